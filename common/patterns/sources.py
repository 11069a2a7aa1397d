"""Sources: the kinds of events that a pattern can be about, and their fields.

`trade`, `quote` and `bar` know their fields by name, so an editor completes them and a type checker
knows them. `event(OrderDenied)` is any other event of `docs/wire.md`.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, Generic

import msgspec

from tapewire.common.config.near import expected
from tapewire.common.events import Bar, Event, Quote, Trade
from tapewire.common.patterns.expressions import (
    Always,
    Condition,
    E,
    Field,
    Function,
    Kind,
    PatternError,
    Value,
    ValueType,
    kind_name,
)

_TYPES: Final[dict[type[msgspec.inspect.Type], ValueType]] = {
    msgspec.inspect.IntType: "number",
    msgspec.inspect.FloatType: "number",
    msgspec.inspect.DecimalType: "number",
    msgspec.inspect.StrType: "text",
    msgspec.inspect.LiteralType: "text",
    msgspec.inspect.BoolType: "flag",
}


class Source(Generic[E]):
    """A kind of event. Its attributes are the fields of the event, as values to compare."""

    def __init__(self, kind: type[E]) -> None:
        self.kind = kind

    def __repr__(self) -> str:
        return kind_name(self.kind)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _field(self.kind, (name,))

    @property
    def any(self) -> Condition[E]:
        """Holds for each event of the kind."""
        return Always(self.kind)

    def where(self, function: Callable[[E], object]) -> Condition[E]:
        """Holds where a function of the event returns something true. Slower than a comparison."""
        if not callable(function):
            raise PatternError(f"{function!r:.60} cannot be called; where needs a function")
        return Function(self.kind, function)


class Nested:
    """A struct inside an event: its attributes are values too."""

    def __init__(self, kind: Kind, path: tuple[str, ...]) -> None:
        self._kind, self._path = kind, path

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _field(self._kind, (*self._path, name))


class TradeSource(Source[Trade]):
    """Trades: see `tapewire.Trade`."""

    symbol: Value[Trade]
    ts_ns: Value[Trade]
    price: Value[Trade]
    size: Value[Trade]
    delayed: Value[Trade]


class QuoteSource(Source[Quote]):
    """Quotes: see `tapewire.Quote`."""

    symbol: Value[Quote]
    ts_ns: Value[Quote]
    bid: Value[Quote]
    bid_size: Value[Quote]
    ask: Value[Quote]
    ask_size: Value[Quote]
    delayed: Value[Quote]

    @property
    def mid(self) -> Value[Quote]:
        """Halfway between bid and ask; unknown unless both are there."""
        return (self.bid + self.ask) / 2

    @property
    def spread(self) -> Value[Quote]:
        """Ask minus bid; unknown unless both are there."""
        return self.ask - self.bid


class BarSource(Source[Bar]):
    """Bars: see `tapewire.Bar`."""

    symbol: Value[Bar]
    ts_ns: Value[Bar]
    start_ns: Value[Bar]
    open: Value[Bar]
    high: Value[Bar]
    low: Value[Bar]
    close: Value[Bar]
    volume: Value[Bar]
    count: Value[Bar]
    vwap: Value[Bar]

    @property
    def seconds(self) -> Value[Bar]:
        """How long a bar of time is: 60 for one of a minute."""
        return (self.ts_ns - self.start_ns) / 1e9


trade: Final = TradeSource(Trade)
quote: Final = QuoteSource(Quote)
bar: Final = BarSource(Bar)


def event(kind: type[E]) -> Source[E]:
    """Events of a class of `tapewire.common.events`, such as `OrderDenied` or `Fill`."""
    if not (isinstance(kind, type) and issubclass(kind, Event)):
        raise PatternError(f"{kind!r:.60} is not a class of events; see docs/wire.md for those")
    return Source(kind)


def path_to(kind: Kind, name: str) -> tuple[str, ...] | None:
    """Where an event has a field: in itself, or in the order that it carries."""
    fields = _fields(kind)
    if name in fields:
        return (name,)
    order = fields.get("order")
    if isinstance(order, msgspec.inspect.StructType) and name in _names(order):
        return ("order", name)
    return None


def _field(kind: Kind, path: tuple[str, ...]) -> Any:
    """The value at a path; another struct is gone into by the next name."""
    fields = _fields(kind)
    for place, name in enumerate(path):
        if name not in fields:
            of = ".".join((kind_name(kind), *path[:place]))
            raise AttributeError(f"{of} has no field {name!r}; {expected(name, fields)}")
        found, may_lack = _without_none(fields[name])
        if isinstance(found, msgspec.inspect.StructType) and not may_lack:
            fields = {one.name: one.type for one in found.fields}
    if isinstance(found, msgspec.inspect.StructType) and not may_lack:
        return Nested(kind, path)
    known = _TYPES.get(type(found))
    if known is None:
        raise PatternError(
            f"{kind_name(kind)}.{'.'.join(path)} is not a number, text or flag; use where(function)"
        )
    is_decimal = isinstance(found, msgspec.inspect.DecimalType)
    return Field(kind, path, known, may_lack, is_decimal)


def _without_none(found: msgspec.inspect.Type) -> tuple[msgspec.inspect.Type, bool]:
    """A type, and whether None was one of it."""
    if isinstance(found, msgspec.inspect.Metadata):
        return _without_none(found.type)
    if not isinstance(found, msgspec.inspect.UnionType):
        return found, False
    rest = [one for one in found.types if not isinstance(one, msgspec.inspect.NoneType)]
    has_none = len(rest) < len(found.types)
    return (_without_none(rest[0])[0] if len(rest) == 1 else found), has_none


def _fields(kind: Kind) -> dict[str, msgspec.inspect.Type]:
    found = msgspec.inspect.type_info(kind)
    assert isinstance(found, msgspec.inspect.StructType)
    return {one.name: one.type for one in found.fields}


def _names(struct: msgspec.inspect.StructType) -> Iterator[str]:
    return (one.name for one in struct.fields)
