"""Tables of what a segment has: one of ticks per day and symbol, one of events per day and source.

Times stay whole numbers, nanoseconds in UTC: some readers of Parquet cut a timestamp to
microseconds. Days are UTC's. A price is what a `Quote` or a `Trade` has, a float of 64 bits.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, NamedTuple

import msgspec
import pyarrow as pa

from tapewire.common.bus import wire
from tapewire.common.events import Event, Quote, Tick, Trade
from tapewire.common.events.base import name_of
from tapewire.recorder.folder import BARS, EVENTS, TICKS, family
from tapewire.recorder.segments import Contents, messages
from tapewire.recorder.streams import Stretches

DAY_NS: Final = 86_400_000_000_000
QUOTE: Final = "quote"
TRADE: Final = "trade"
TICK: Final = b"tick."
ROWS_AT_ONCE: Final = 65_536  # as objects; then they are columns

_STREAM: Final = [
    pa.field("source", pa.string(), nullable=False),
    pa.field("epoch", pa.string(), nullable=False),
    pa.field("seq", pa.int64(), nullable=False),
]
TICK_SCHEMA: Final = pa.schema(
    [
        pa.field("ts_ns", pa.int64(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        *(pa.field(name, pa.float64()) for name in ("bid", "bid_size", "ask", "ask_size")),
        *(pa.field(name, pa.float64()) for name in ("price", "size")),
        pa.field("delayed", pa.bool_(), nullable=False),
        *_STREAM,
    ]
)
EVENT_SCHEMA: Final = pa.schema(
    [
        pa.field("ts_ns", pa.int64(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("event", pa.string(), nullable=False),
        *_STREAM[1:],
    ]
)
BAR_SCHEMA: Final = pa.schema(
    [
        pa.field("ts_ns", pa.int64(), nullable=False),
        *(pa.field(n, pa.float64(), nullable=False) for n in ("open", "high", "low", "close")),
        *(pa.field(name, pa.float64()) for name in ("volume", "average")),
        pa.field("count", pa.int64()),
    ]
)
SCHEMAS: Final = {TICKS: TICK_SCHEMA, EVENTS: EVENT_SCHEMA, BARS: BAR_SCHEMA}


class Part(NamedTuple):
    """A part of a table: which one, of which day, of which symbol or source."""

    table: str
    day: str
    key: str


class Columns:
    """The rows of a part that came so far."""

    def __init__(self, part: Part) -> None:
        self.stretches = Stretches()
        self.covered: Sequence[tuple[int, int]] = ()
        """Of which time these are all rows that there are, where that is known."""
        self._schema = SCHEMAS[family(part.table)]
        self._rows: list[tuple[Any, ...]] = []
        self._batches: list[pa.RecordBatch] = []

    def add(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Rows, in the order in which they came."""
        self._rows += rows
        if len(self._rows) >= ROWS_AT_ONCE:
            self._pack()

    def table(self) -> pa.Table:
        """All of them."""
        self._pack()
        return pa.Table.from_batches(self._batches, self._schema).combine_chunks()

    def _pack(self) -> None:
        rows, self._rows = self._rows, []
        if rows:
            columns = zip(*rows, strict=True)
            arrays = [pa.array(c, f.type) for c, f in zip(columns, self._schema, strict=True)]
            self._batches.append(pa.RecordBatch.from_arrays(arrays, schema=self._schema))


class Decoded(NamedTuple):
    """What the messages of a segment amount to; `unreadable` are sentences about those that were
    passed over."""

    parts: dict[Part, Columns]
    unreadable: list[str]


def decoded(contents: Contents) -> Decoded:
    """The tables of a segment."""
    found = Decoded({}, [])
    for topic, body in messages(contents.blocks):
        try:
            take = _take_ticks if topic.startswith(TICK) else _take_events
            take(topic, body, found)
        except wire.WireError as error:
            found.unreadable.append(f"a message on {wire.topic_name(topic)}: {error}")
    return found


def tick_rows(ticks: Iterable[Tick], *stream: str | int) -> Iterator[tuple[Any, ...]]:
    """Ticks as rows of `TICK_SCHEMA`; `stream` is their source, epoch and seq."""
    for one in ticks:
        if type(one) is Quote:
            yield (
                one.ts_ns, QUOTE, one.bid, one.bid_size, one.ask, one.ask_size, None, None,
                one.delayed, *stream,
            )  # fmt: skip
        else:
            assert isinstance(one, Trade)
            yield (
                one.ts_ns, TRADE, None, None, None, None, one.price, one.size, one.delayed, *stream
            )  # fmt: skip


def ticks_of(table: pa.Table, symbol: str) -> Iterator[Tick]:
    """The ticks that rows of `TICK_SCHEMA` stand for."""
    of_ticks = table.select([field.name for field in TICK_SCHEMA if field not in _STREAM])
    for batch in of_ticks.to_batches(max_chunksize=ROWS_AT_ONCE):
        columns = [column.to_pylist() for column in batch.columns]
        for ts_ns, kind, bid, bid_size, ask, ask_size, price, size, delayed in zip(
            *columns, strict=True
        ):
            if kind == QUOTE:
                yield Quote(symbol, ts_ns, bid, bid_size, ask, ask_size, delayed)
            else:
                yield Trade(symbol, ts_ns, price, size, delayed)


@cache
def _day(number: int) -> str:
    return f"{datetime.fromtimestamp(number * 86_400, UTC):%Y-%m-%d}"


def day_of(ts_ns: int) -> str:
    """The day of a moment, in UTC: 2024-01-08."""
    return _day(ts_ns // DAY_NS)


def _take_ticks(topic: bytes, body: bytes, found: Decoded) -> None:
    batch = _ticks_alone(topic, body, found)
    for day, ticks in by_day(batch.events):
        symbol = ticks[0].symbol
        columns = _columns(found, Part(TICKS, day, symbol))
        columns.stretches.take(batch.source, batch.epoch, batch.seq, ticks[-1].ts_ns)
        columns.add(tick_rows(ticks, batch.source, batch.epoch, batch.seq))


def _ticks_alone(topic: bytes, body: bytes, found: Decoded) -> wire.Batch:
    """The ticks of a message, without what is broken or is not a tick."""
    try:
        return wire.decode_ticks(body)
    except wire.WireError:
        batch = _events(topic, body, found)
    ticks = [one for one in batch.events if isinstance(one, Tick)]
    others = [one for one in batch.events if one is not None and not isinstance(one, Tick)]
    found.unreadable.extend(
        f"{name_of(one)} on {wire.topic_name(topic)} is not a tick" for one in others
    )
    return wire.Batch(batch.version, batch.source, batch.epoch, batch.seq, ticks)


def by_day(ticks: list[Tick]) -> Iterator[tuple[str, list[Tick]]]:
    """Ticks by their day; nearly always it is one."""
    if not ticks:
        return
    first, last = day_of(ticks[0].ts_ns), day_of(ticks[-1].ts_ns)
    if first == last:
        yield first, ticks
        return
    days: dict[str, list[Tick]] = {}
    for tick in ticks:
        days.setdefault(day_of(tick.ts_ns), []).append(tick)
    yield from days.items()


def _take_events(topic: bytes, body: bytes, found: Decoded) -> None:
    batch = _events(topic, body, found)
    for place, event in enumerate(batch.events):
        if event is None:
            continue
        ts_ns, seq = getattr(event, "ts_ns", 0), batch.seq + place
        columns = _columns(found, Part(EVENTS, day_of(ts_ns), batch.source))
        columns.stretches.take(batch.source, batch.epoch, seq, ts_ns)
        columns.add([(ts_ns, name_of(event), _json(event), batch.epoch, seq)])


def _events(topic: bytes, body: bytes, found: Decoded) -> wire.Batch:
    """A message's events, with None in the place of each that is broken."""
    batch, dead = wire.decode_batch(body)
    found.unreadable.extend(f"an event on {wire.topic_name(topic)}: {one.reason}" for one in dead)
    return batch


def _columns(found: Decoded, part: Part) -> Columns:
    columns = found.parts.get(part)
    if columns is None:
        columns = found.parts[part] = Columns(part)
    return columns


def _json(event: Event) -> str:
    """An event as an object with the names of its fields, for readers that have no schema."""
    return msgspec.json.encode(_plain(event)).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
