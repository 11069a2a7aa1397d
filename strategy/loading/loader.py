"""Loading a strategy: from `module:Class` to an instance, every fault a sentence.

A sentence is what is wrong, a semicolon, and what to do about it.
"""

import importlib
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from tapewire.common.config.near import expected
from tapewire.common.config.parameters import parameters_of
from tapewire.common.config.settings import ConfigError, StrategyConfig
from tapewire.common.config.text import named, text_fault
from tapewire.common.own_code import place_of, shown
from tapewire.strategy.abilities import StrategyContext
from tapewire.strategy.base import Strategy
from tapewire.strategy.loading import searching
from tapewire.strategy.loading.callbacks import refusal
from tapewire.strategy.parameters import parameters_type


def load(
    config: StrategyConfig, symbols: tuple[str, ...], context: StrategyContext
) -> Strategy[Any]:
    """The configured strategy; raises `ConfigError` saying what is wrong, and in which line."""
    given = _given(config)
    cls = class_of(config)
    if never := refusal(cls):
        raise ConfigError(f"{given}, but {never}")
    where = f"strategies.{config.name}.parameters"
    parameters = parameters_of(where, config.parameters, accepted_by(cls), config.strategy)
    try:
        strategy = cls(config.name, symbols, parameters, context)
    except (Exception, SystemExit) as error:
        raise ConfigError(_fault(given, error)) from error
    if not hasattr(strategy, "clock"):
        raise ConfigError(
            f"{given}, but {cls.__name__}.__init__ does not call super().__init__;"
            " leave it out and set up in on_start(self)"
        )
    return strategy


def described(config: StrategyConfig) -> str:
    """`strategies.dip:Dip, from strategies/dip.py`, once it is loaded."""
    module = sys.modules[config.strategy.partition(":")[0]]
    return f"{config.strategy}, from {shown(module.__file__ or module.__name__)}"


def accepted_by(cls: type[Strategy[Any]]) -> Any:
    """The class of the parameters that a strategy takes."""
    return parameters_type(cls, Strategy)


def class_of(config: StrategyConfig) -> type[Strategy[Any]]:
    """The configured strategy's class; raises `ConfigError` as `load` does."""
    given = _given(config)
    module_name, _, class_name = config.strategy.partition(":")
    if not all(part.isidentifier() for part in (*module_name.split("."), class_name)):
        raise ConfigError(f"{given}, must be module:Class; write it such as strategies.dip:Dip")
    if config.path is not None and not config.path.is_dir():
        raise ConfigError(
            f"strategies.{config.name}.path is {config.path}, expected a folder;"
            " correct it, or leave it out for a module in the working folder"
        )
    searching.look_in(config.path)
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        _require_text(module_name, given)
        missing = _missing(error, module_name)
        said = _absent(config, given, missing) if missing else _fault(given, error)
        raise ConfigError(said) from error
    _require_own(module, given)
    found: Any = vars(module).get(class_name)
    if not _is_strategy(found):
        raise ConfigError(f"{given}, but {_no_strategy(module, class_name)}")
    return found  # type: ignore[no-any-return]  # `_is_strategy` has looked


def _given(config: StrategyConfig) -> str:
    return f"strategies.{config.name}.strategy is {config.strategy}"


def _require_text(module_name: str, given: str) -> None:
    """Python's own message about a file that is not text names bytes, which do not help."""
    file = searching.file_of(module_name)
    if file is not None and (fault := text_fault(file.read_bytes())):
        raise ConfigError(f"{given}, but {shown(file)} is {fault}; expected Python")


def _require_own(module: ModuleType, given: str) -> None:
    """A back-test loads all strategies into one process, where a name is one module: it must not
    give one of them the other's, which in a process of its own it would not get."""
    wanted, got = searching.file_of(module.__name__), module.__file__
    if wanted is not None and got is not None and wanted != Path(got).resolve():
        raise ConfigError(
            f"{given}, which is {shown(wanted)}, but a strategy before it has loaded"
            f" {module.__name__} from {shown(got)}; rename one, or run one with --strategy NAME"
        )


def _missing(error: BaseException, module_name: str) -> str:
    """The module that is not there, if it is the strategy's own or a package that it is in."""
    name = error.name if isinstance(error, ModuleNotFoundError) else None
    is_own = name and f"{module_name}.".startswith(f"{name}.") and not place_of(error)
    return name if name and is_own else ""


def _absent(config: StrategyConfig, given: str, missing: str) -> str:
    """Where a module was looked for, and how to name it."""
    package, _, last = missing.rpartition(".")
    if package:
        folders = [Path(folder) for folder in getattr(sys.modules[package], "__path__", ())]
        looked, advice = ", ".join(map(shown, folders)), expected(last, _modules_in(folders))
        if not folders:
            looked, advice = f"{package}, which is one file", f"its classes are {package}:CLASS"
    else:
        looked = f"the working folder {Path.cwd()}"
        looked += f", in path {config.path}" if config.path else ""
        looked += " and on PYTHONPATH"
        advice = (
            "strategies.dip:Dip is class Dip of strategies/dip.py in the working folder,"
            " and `path` is the folder of a module elsewhere"
        )
    return f"{given}, but there is no module {missing}, looked for in {looked}; {advice}"


def _modules_in(folders: Iterable[Path]) -> set[str]:
    """What can be imported from these folders, by its name."""
    entries = [entry for folder in folders for entry in folder.iterdir()]
    names = {entry.stem for entry in entries if entry.suffix == ".py" or entry.is_dir()}
    return {name for name in names if name.isidentifier() and name[0] != "_"}


def _no_strategy(module: ModuleType, name: str) -> str:
    """What a module has in the place of the class that was asked for."""
    file = shown(module.__file__ or module.__name__)
    found, own = vars(module).get(name), vars(module).items()
    classes = [key for key, one in own if _is_strategy(one) and one is not Strategy]
    advice = expected(name, classes) if classes else f"write it as class {name}(Strategy)"
    if found is None:
        return f"{file} has no class {name}; {advice}"
    kind = "" if isinstance(found, type) else f"{found!r:.60} and "
    return f"{name} in {file} is {kind}not a class of Strategy; {advice}"


def _is_strategy(found: Any) -> bool:
    return isinstance(found, type) and issubclass(found, Strategy)


def _fault(given: str, error: BaseException) -> str:
    """What the strategy's own code raised while it was loaded, and where."""
    place = place_of(error)
    at = f" at {place}" if place else ""
    if not isinstance(error, ImportError):
        return f"{given}, but it cannot be loaded: {named(error)}{at}; correct that line"
    advice = "correct that line"
    if isinstance(error, ModuleNotFoundError) and error.name:
        advice += f", or install {error.name.partition('.')[0]} for {sys.executable}"
    return f"{given}, but the import{at} failed: {named(error)}; {advice}"
