"""The journals of all processes as one stream in time order, read while they are written.

A journal is in the order of its sequence numbers, which is that of time unless the clock was set
back; its entries keep their order in the stream even then.
"""

import bisect
import heapq
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from tapewire.common import roles
from tapewire.common.bus import wire
from tapewire.common.events import (
    Commission,
    Event,
    Fill,
    ForeignOrderReported,
    OrderStateChanged,
    OrderTerms,
    OrderTermsChanged,
    PositionReported,
    Scope,
    SubmitGroup,
    SubmitOrder,
    name_of,
    types_by_name,
)
from tapewire.common.runtime.journal import Journal, JournalError, SqliteJournal

CHUNK: Final = 500
SETTLE_NS: Final = 200_000_000
POLL_S: Final = 0.1
FOREVER_NS: Final = 2**63 - 1

FAMILIES: Final = (
    "broker.", "commission.", "connection.", "execution.", "feed.", "instrument.", "order.",
    "position.", "reconciliation.", "risk.",
)  # fmt: skip
NAMES: Final = sorted(name for name in types_by_name() if name.startswith(FAMILIES))
"""The events that are journaled, by their names."""
UNSHOWN: Final = ("cause_id",)  # in a line for a person; a trace shows it

Wanted = Callable[["Entry"], bool]


class Entry(NamedTuple):
    """One event of a journal, and its place there."""

    ts_ns: int
    source: str
    seq: int
    event: Event

    @property
    def name(self) -> str:
        """The event's dotted name."""
        return name_of(self.event)


def plain(event: Event) -> dict[str, Any]:
    """An event's fields, JSON-able; decimals as text, exactly; bytes as hexadecimal digits."""
    return _fields(event)


def _fields(of: msgspec.Struct) -> dict[str, Any]:
    return {field: _plain(getattr(of, field)) for field in of.__struct_fields__}


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return _fields(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return format(value, "f") if isinstance(value, Decimal) else value


class Reader:
    """One journal, from a time on. Ask again for what has been appended since."""

    def __init__(self, source: str, place: object, journal: Journal, from_ns: int = 0) -> None:
        self.source = source
        self._place = place  # where it is, for errors
        self._journal = journal
        self._from_ns = from_ns
        self._next_seq = 1 + bisect.bisect_left(
            range(1, self._journal.head.seq + 1), from_ns, key=self._ts_ns
        )
        self._latest_ns = 0

    def until(self, bound_ns: int) -> Iterator[tuple[int, Entry]]:
        """New entries up to `bound_ns`, each with the time to sort it by."""
        while records := self._journal.read(self._next_seq, CHUNK):
            for record in records:
                entry = self._entry(self._next_seq, record)
                if entry.ts_ns > bound_ns:
                    return
                self._next_seq += 1
                self._latest_ns = max(self._latest_ns, entry.ts_ns)
                if entry.ts_ns >= self._from_ns:
                    yield self._latest_ns, entry

    def back(self, count: int, bound_ns: int) -> int:
        """From when on there are `count` entries up to `bound_ns`; 0 if there are not so many."""
        places = range(1, self._journal.head.seq + 1)
        last = bisect.bisect_right(places, bound_ns, key=self._ts_ns)
        return self._ts_ns(last - count + 1) if last > count else 0

    def close(self) -> None:
        """Close the file."""
        self._journal.close()

    def _ts_ns(self, seq: int) -> int:
        return self._entry(seq, self._journal.read(seq, 1)[0]).ts_ns

    def _entry(self, seq: int, record: bytes) -> Entry:
        try:
            event = wire.decode_event(record)
        except wire.WireError as error:
            raise JournalError(
                f"{self._place}: event {seq} cannot be read: {error};"
                " expected one that this version of Tapewire knows"
            ) from error
        ts_ns: int = getattr(event, "ts_ns", 0)
        return Entry(ts_ns, self.source, seq, event)


def in_time_order(readers: Iterable[Reader], bound_ns: int = FOREVER_NS) -> Iterator[Entry]:
    """What several journals have that is new, up to `bound_ns`, read as it is taken."""
    streams = [reader.until(bound_ns) for reader in readers]
    merged = heapq.merge(*streams, key=lambda found: (found[0], found[1].source))
    return (entry for _, entry in merged)


class Journals:
    """All journals of a run directory, or those of `sources`, roles or kinds of them; use it in a
    `with`."""

    def __init__(
        self, run_dir: Path, from_ns: int = 0, sources: tuple[str, ...] | None = None
    ) -> None:
        if not run_dir.is_dir():
            raise JournalError(
                f"run_dir {run_dir}: no such folder, expected one that a group has run in;"
                " `tapewire up` starts one"
            )
        self._folder = run_dir / "journals"
        self._from_ns = from_ns
        self._sources = sources
        self._readers: dict[str, Reader] = {}

    def __enter__(self) -> "Journals":
        return self

    def __exit__(self, *_: object) -> None:
        for reader in self._readers.values():
            reader.close()

    def until(self, bound_ns: int = FOREVER_NS) -> Iterator[Entry]:
        """New entries up to `bound_ns` in time order, read as they are taken."""
        self._open()
        return in_time_order(self._readers.values(), bound_ns)

    def back(self, count: int, bound_ns: int = FOREVER_NS) -> int:
        """From when on no journal has more than `count` entries up to `bound_ns`; 0 if none has
        more at all. It looks at a few entries of each."""
        self._open()
        return max((one.back(count, bound_ns) for one in self._readers.values()), default=0)

    def follow(
        self, to_ns: int, now_ns: Callable[[], int], pause: Callable[[float], None]
    ) -> Iterator[Entry]:
        """As `until`, and on as the journals grow, until `to_ns` has passed.

        The newest `SETTLE_NS` are held back, as another process may still write what is older.
        """
        while True:
            bound_ns = min(now_ns() - SETTLE_NS, to_ns)
            yield from self.until(bound_ns)
            if bound_ns == to_ns:
                return
            pause(POLL_S)

    def _open(self) -> None:
        """Open the journals that are new: a process creates its own at its first start."""
        for path in sorted(self._folder.glob("*.sqlite")):
            if path.stem in self._readers or not self._wants(path.stem):
                continue
            if path.stat().st_size:  # one that is being created is not a journal yet
                journal = SqliteJournal(path, read_only=True)
                self._readers[path.stem] = Reader(path.stem, path, journal, self._from_ns)

    def _wants(self, role: str) -> bool:
        """Whether a journal is one of those that are asked for, by its role or by its kind."""
        return not self._sources or bool({role, roles.kind_of(role)} & {*self._sources})


def wanted(types: tuple[str, ...], source: str | None) -> Wanted:
    """A filter: names that begin with one of `types` (none: all), of `source` (None: any)."""

    def is_wanted(entry: Entry) -> bool:
        return (not types or entry.name.startswith(types)) and source in (None, entry.source)

    return is_wanted


class Repeats:
    """Tells news from repetition: the executor's account of what the gateways report, and what
    both gateways report. `count` is how many repeated another so far.

    To the liquidation gateway every order of the gateway is foreign, and what is foreign to both
    the gateway reports as well. So only the gateway's word on foreign orders is news.
    """

    def __init__(self) -> None:
        self.count = 0
        self._last: dict[tuple[str, ...], tuple[Any, ...]] = {}

    def is_news(self, entry: Entry) -> bool:
        """Whether no entry before has said the same. Ask this once for each entry, in turn."""
        is_news = self._is_news(entry.event, entry.source)
        self.count += not is_news
        return is_news

    def _is_news(self, event: Event, source: str) -> bool:
        if isinstance(event, OrderStateChanged | OrderTermsChanged):
            return False
        if isinstance(event, ForeignOrderReported):
            return roles.kind_of(source) != roles.LIQUIDATION
        content: tuple[Any, ...] = ()
        if isinstance(event, PositionReported):
            key: tuple[str, ...] = (name_of(event), event.account, event.symbol)
            content = (event.quantity, event.average_cost)
        elif isinstance(event, Fill | Commission):
            key = (name_of(event), event.exec_id)
        else:
            return True
        is_news = self._last.get(key) != content
        self._last[key] = content
        return is_news


def as_json(entry: Entry) -> dict[str, Any]:
    """An entry as one JSON object."""
    return {
        "ts_ns": entry.ts_ns,
        "source": entry.source,
        "seq": entry.seq,
        "event": entry.name,
        "fields": plain(entry.event),
    }


def as_text(entry: Entry) -> str:
    """An event's fields in a line, without its times and what is not set."""
    event = entry.event
    shown = []
    for field in event.__struct_fields__:
        value = getattr(event, field)
        if field.endswith("_ns") or field in UNSHOWN or value in (None, "", 0, b"", ()):
            continue
        shown.append(f"{field}={_brief(value)}")
    return "  ".join(shown)


def _brief(value: Any) -> str:
    """A value in a line: an order or a modify inside an event by its id, account and terms; a group
    by its kind, id and what it trades, as its orders have lines of their own."""
    if isinstance(value, OrderTerms | Scope):
        return str(value)
    if isinstance(value, SubmitGroup):
        return f"{value.kind} {value.id} {value.account} {value.orders[0].symbol}"
    if isinstance(value, Event):
        parts = [getattr(value, "intent_id", "")]
        if isinstance(value, SubmitOrder):
            parts += [value.account, value.symbol]
        return " ".join(filter(None, [*parts, str(getattr(value, "terms", ""))]))
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, tuple | list):
        return ", ".join(map(_brief, value))
    return format(value, "f") if isinstance(value, Decimal) else str(value)
