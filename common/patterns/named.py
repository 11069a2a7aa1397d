"""A pattern by its name: `module:name`, `module`, `file.py:name` or `file.py`."""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from tapewire.common.config.calling_folder import look_in_calling_folder
from tapewire.common.config.near import expected
from tapewire.common.errors import ConfigError
from tapewire.common.own_code import located
from tapewire.common.patterns.declare import Pattern
from tapewire.common.patterns.expressions import PatternError

FILE = ".py"


def patterns_named(where: str, given: str) -> dict[str, Pattern[Any]]:
    """The patterns that are meant, by their names: one, or without a name all that the module has
    and that can be matched. Raises `ConfigError`, which begins with `where`."""
    place, name = _divided(given)
    module = _module(where, given, place)
    found = {key: one for key, one in vars(module).items() if isinstance(one, Pattern)}
    if name:
        if name not in found:
            raise ConfigError(
                f"{where} is {given}, but {place} has no pattern {name}; {expected(name, found)}"
            )
        found = {name: found[name]}
    whole = {key: checked for key, one in found.items() if (checked := _checked(one)) is not None}
    if name and not whole:
        raise ConfigError(f"{where} is {given}, but {_fault(found[name])}")
    if not whole:
        raise ConfigError(f"{where} is {given}, but {place} has no pattern; name a module with one")
    return whole


def _checked(one: Pattern[Any]) -> Pattern[Any] | None:
    """A pattern that can be matched; None for one that others are made of."""
    try:
        return one.checked()
    except PatternError:
        return None


def _fault(one: Pattern[Any]) -> str:
    """What is wrong with a pattern that cannot be matched."""
    try:
        one.checked()
    except PatternError as error:
        return str(error)
    raise AssertionError("it can be matched")


def _divided(given: str) -> tuple[str, str]:
    if given.endswith(FILE):
        return given, ""
    place, _, name = given.rpartition(":")
    return (place, name) if place else (given, "")


def _module(where: str, given: str, place: str) -> ModuleType:
    try:
        if place.endswith(FILE):
            return _of_file(Path(place))
        look_in_calling_folder()
        return importlib.import_module(place)
    except (Exception, SystemExit) as error:
        raise ConfigError(
            f"{where} is {given}, but it cannot be loaded: {located(error)}; expected module:name"
            " or file.py:name"
        ) from error


def _of_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    name = f"tapewire_patterns_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
