"""Freezes a process whole, as bytes, and thaws a copy of it.

A service is held together by closures and bound methods: a router's handlers, what a metric reads.
`copy.deepcopy` keeps a closure as it is, so the copy would go on changing its original. Here a
function that closes over something is taken apart, and put together again around the copies.

What all processes share and nobody changes (the configuration), and what is the search's own (the
network, the clock), is not frozen: it has a name, and what is thawed gets what now has that name.
"""

import io
import pickle
from collections.abc import Mapping
from functools import _lru_cache_wrapper, lru_cache
from threading import Lock
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any, Final

_CODES: Final[dict[CodeType, int]] = {}
LockType: Final = type(Lock())
_FUNCTIONS: Final[list[tuple[CodeType, dict[str, Any]]]] = []


def freeze(what: Any, names: Mapping[int, str]) -> bytes:
    """All that `what` refers to, but for the objects that have a name, by their `id`."""
    file = io.BytesIO()
    _Freezer(file, names).dump(what)
    return file.getvalue()


def thaw(frozen: bytes, named: Mapping[str, Any]) -> Any:
    """A copy of what was frozen, with `named` in their places."""
    return _Thawer(io.BytesIO(frozen), named).load()


class _Freezer(pickle.Pickler):
    def __init__(self, file: io.BytesIO, names: Mapping[int, str]) -> None:
        super().__init__(file, protocol=5)
        self._names = names

    def persistent_id(self, obj: Any) -> str | None:
        return self._names.get(id(obj))

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, FunctionType):
            return _taken_apart(obj)
        if isinstance(obj, CellType):
            return _cell, (), _contents(obj), None, None, _set_contents
        if isinstance(obj, _lru_cache_wrapper):  # what it has in store it can work out again
            return lru_cache(**obj.cache_parameters()), (obj.__wrapped__,)
        if isinstance(obj, LockType):
            return Lock, ()
        if isinstance(obj, ModuleType):
            return __import__, (obj.__name__, None, None, ("",))
        return NotImplemented


def _taken_apart(function: FunctionType) -> Any:
    if function.__closure__ is None and "<" not in function.__qualname__:
        return NotImplemented  # it has a name of its own
    defaults = function.__defaults__, function.__kwdefaults__
    made = _number_of(function), function.__closure__
    return _function, made, defaults, None, None, _set_defaults


class _Thawer(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, named: Mapping[str, Any]) -> None:
        super().__init__(file)
        self._named = named

    def persistent_load(self, pid: Any) -> Any:
        return self._named[pid]


def _number_of(function: FunctionType) -> int:
    """Code cannot be frozen, and need not be: it is this program's own."""
    code = function.__code__
    if code not in _CODES:
        _CODES[code] = len(_FUNCTIONS)
        _FUNCTIONS.append((code, function.__globals__))
    return _CODES[code]


def _function(number: int, closure: tuple[CellType, ...] | None) -> FunctionType:
    code, names = _FUNCTIONS[number]
    return FunctionType(code, names, code.co_name, None, closure)


def _set_defaults(function: FunctionType, defaults: Any) -> None:
    function.__defaults__, function.__kwdefaults__ = defaults


def _cell() -> CellType:
    return CellType()


def _contents(cell: CellType) -> tuple[Any, ...]:
    try:
        return (cell.cell_contents,)
    except ValueError:
        return ()


def _set_contents(cell: CellType, contents: tuple[Any, ...]) -> None:
    if contents:
        (cell.cell_contents,) = contents
