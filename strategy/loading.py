"""Loading a strategy: from `module:Class` to an instance, every fault a sentence."""

import importlib
import sys
import sysconfig
import traceback
from pathlib import Path
from typing import Any

import msgspec

from common.config import ConfigError, StrategyConfig
from strategy.base import Desk, Strategy


def load(config: StrategyConfig, symbols: tuple[str, ...], desk: Desk) -> Strategy:
    """The configured strategy; raises `ConfigError` saying what is wrong, and in which line."""
    where = f"strategies.{config.name}"
    cls = _class(config, where)
    try:
        return cls(config.name, symbols, _parameters(config, cls, where), desk)
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(f"{where}.strategy {config.strategy} {_fault(error)}") from error


def _class(config: StrategyConfig, where: str) -> type[Strategy]:
    module_name, _, class_name = config.strategy.partition(":")
    given = f"{where}.strategy is {config.strategy}"
    if config.path is not None:
        _add_path(config.path, where)
    try:
        cls = getattr(importlib.import_module(module_name), class_name)
    except (Exception, SystemExit) as error:
        if _is_absent(error, module_name):
            raise ConfigError(f"{given}, must be module:Class: {error}") from error
        raise ConfigError(f"{where}.strategy {config.strategy} {_fault(error)}") from error
    if not (isinstance(cls, type) and issubclass(cls, Strategy)):
        raise ConfigError(f"{given}, must be a strategy.Strategy")
    return cls


def _parameters(config: StrategyConfig, cls: type[Strategy], where: str) -> Any:
    known = {f.name for f in msgspec.structs.fields(cls.Parameters)}
    unknown = sorted(set(config.parameters) - known)
    if unknown:
        expected = ", ".join(sorted(known)) or "none"
        raise ConfigError(f"{where}.parameters.{unknown[0]} is not known; expected: {expected}")
    try:
        return msgspec.convert(config.parameters, cls.Parameters)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}.parameters: {error}") from error


def _add_path(path: Path, where: str) -> None:
    """Behind all others, so that nothing there can stand in for a module of the project."""
    if not path.is_dir():
        raise ConfigError(f"{where}.path is {path}, must be a folder")
    folder = str(path.resolve())
    if folder not in sys.path:
        sys.path.append(folder)
        importlib.invalidate_caches()


def _is_absent(error: BaseException, module_name: str) -> bool:
    """Whether there is no such module or class: nothing of the strategy's own went wrong."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"{module_name}.".startswith(f"{error.name}.")
    frames = traceback.extract_tb(error.__traceback__)
    return isinstance(error, AttributeError | TypeError | ValueError) and len(frames) <= 2


def _fault(error: BaseException) -> str:
    """File, line and text of an error that a strategy's own code raised."""
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, SyntaxError):
        return f"cannot be loaded: {error.filename}, line {error.lineno}: {text}"
    library = tuple(sysconfig.get_paths()[kind] for kind in ("stdlib", "purelib", "platlib"))
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if not f.filename.startswith((*library, "<", __file__))]
    last = (own or frames)[-1]
    return f"cannot be loaded: {last.filename}, line {last.lineno}: {text}"
