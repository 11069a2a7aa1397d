"""What tells two states of a process apart: everything that it could ever act on, as one digest.

Two states with one digest do the same for ever, so one of them is enough. That has to be right, or
the search would leave out what it claims to have seen. So nothing is left out here but what the
code only counts and shows: metrics and the dead letters that wait for a person. All else is walked,
whatever it is, and an object of a kind that the walk does not know ends it with an error.

An object that is there twice is the same object twice: the walk numbers what can be changed as it
comes to it, and writes the number when it comes again. Numbers, texts and other things that never
change are written as what they are. Attributes are taken in the order of their names; the order of
a dictionary counts, since code may go through it; that of a set does not.
"""

import enum
import re
from collections import deque
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import _lru_cache_wrapper, partial
from hashlib import blake2b
from itertools import count
from random import Random
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, Final

import msgspec

from tapewire.common.delivery.letters import DeadLetters
from tapewire.common.runtime.metrics import Histogram, Metrics

PLAIN: Final = (str, bytes, int, float, bool, type(None), Decimal)
SHOWN: Final = (Metrics, Histogram, DeadLetters)


class Walk:
    """One walk; `names` has what is not entered, by its `id`."""

    def __init__(self, names: Mapping[int, str], unseen: frozenset[str] = frozenset()) -> None:
        self._names = names
        self._unseen = unseen  # attributes
        self._numbers: dict[int, int] = {}
        self._kept: list[Any] = []  # alive, so that no `id` is given again
        self._out: list[str] = []

    def digest(self, what: Any) -> bytes:
        """Of all that `what` refers to."""
        self._visit(what)
        return blake2b("\0".join(self._out).encode(errors="replace"), digest_size=16).digest()

    def _visit(self, one: Any) -> None:
        kind = type(one)
        if kind in _PLAIN:
            self._out.append(f"{kind.__name__[0]}{one!r}" if kind is not Decimal else f"D{one}")
            return
        name = self._names.get(id(one))
        if name is not None:
            self._out.append(name)
            return
        enter = _ENTER.get(kind)
        if enter is not None:
            enter(self, one)
        elif kind is tuple or isinstance(one, tuple):
            self._all("(", one)
        elif isinstance(one, msgspec.Struct) and kind.__struct_config__.frozen:
            self._struct(one)
        else:
            self._other(one)

    def _all(self, mark: str, ones: Any) -> None:
        self._out.append(f"{mark}{len(ones)}")
        for one in ones:
            self._visit(one)

    def _struct(self, one: msgspec.Struct) -> None:
        self._out.append(type(one).__name__)
        for name in one.__struct_fields__:
            self._visit(getattr(one, name))

    def _is_new(self, one: Any) -> bool:
        number = self._numbers.setdefault(id(one), len(self._numbers))
        if number < len(self._kept):
            self._out.append(f"#{number}")
            return False
        self._kept.append(one)
        return True

    def _other(self, one: Any) -> None:
        """What can change, and is entered once."""
        if isinstance(one, SHOWN):
            return
        if isinstance(one, enum.Enum | type | ModuleType | re.Pattern):
            self._out.append(repr(one))
        elif self._is_new(one):
            if isinstance(one, dict):
                self._mapping(one)
            elif isinstance(one, list | deque):
                self._all("[", one)
            elif isinstance(one, Random):
                self._out.append(str(one.getstate()))
            self._attributes(one)

    def _mapping(self, one: Mapping[Any, Any]) -> None:
        self._out.append(f"{{{len(one)}")
        items = one.items()
        if all(isinstance(key, type) for key in one):  # a table of handlers: it is only looked up
            items = sorted(items, key=lambda item: repr(item[0]))
        for key, value in items:
            self._visit(key)
            self._visit(value)

    def _attributes(self, one: Any) -> None:
        kind = type(one)
        self._out.append(kind.__qualname__)
        for name in _slots(kind):
            if name not in self._unseen and hasattr(one, name):
                self._out.append(name)
                self._visit(getattr(one, name))
        for name, value in sorted(getattr(one, "__dict__", {}).items()):
            if name not in self._unseen and not name.startswith("__"):
                self._out.append(name)
                self._visit(value)

    def _set(self, one: Any) -> None:
        inner = [Walk(self._names, self._unseen).digest(each) for each in one]
        self._out += ["<", *(each.hex() for each in sorted(inner))]

    def _function(self, one: FunctionType) -> None:
        if self._is_new(one):
            self._out.append(f"{one.__module__}.{one.__qualname__}")
            for cell in one.__closure__ or ():
                try:
                    self._visit(cell.cell_contents)
                except ValueError:
                    self._out.append("empty")

    def _method(self, one: MethodType | BuiltinFunctionType) -> None:
        self._out.append(one.__name__)
        self._visit(one.__self__)

    def _partial(self, one: Any) -> None:
        self._all("p", (one.func, one.args, tuple(sorted(one.keywords.items()))))

    def _mutable(self, one: Any) -> None:
        if self._is_new(one):
            self._all("[", one)

    def _dict(self, one: Any) -> None:
        if self._is_new(one):
            self._mapping(one)

    def _cached(self, one: Any) -> None:
        self._visit(one.__wrapped__)

    def _text(self, one: Any) -> None:
        self._out.append(repr(one))


_PLAIN: Final = frozenset(PLAIN)
_ENTER: Final[Mapping[type, Callable[[Walk, Any], None]]] = {
    dict: Walk._dict, list: Walk._mutable, deque: Walk._mutable, set: Walk._set,
    frozenset: Walk._set, FunctionType: Walk._function, MethodType: Walk._method,
    BuiltinFunctionType: Walk._method, partial: Walk._partial, count: Walk._text,
    range: Walk._text, _lru_cache_wrapper: Walk._cached, bytearray: Walk._text,
}  # fmt: skip


def _slots(kind: type) -> tuple[str, ...]:
    found = _SLOTS.get(kind)
    if found is None:
        names = {
            name
            for base in kind.__mro__
            for name in _listed(getattr(base, "__slots__", ()))
            if name not in ("__dict__", "__weakref__")
        }
        if issubclass(kind, msgspec.Struct):
            names |= {*kind.__struct_fields__}
        found = _SLOTS[kind] = tuple(sorted(names))
    return found


def _listed(slots: Any) -> tuple[str, ...]:
    return (slots,) if isinstance(slots, str) else tuple(slots)


_SLOTS: Final[dict[type, tuple[str, ...]]] = {}
