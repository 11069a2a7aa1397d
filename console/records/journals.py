"""The journals of all processes as one stream in time order, read while they are written.

A journal is in the order of its sequence numbers, which is that of time unless the clock was set
back; its entries keep their order in the stream even then.
"""

import bisect
import heapq
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

from tapewire.common.bus import wire
from tapewire.common.events import (
    AccountPosition,
    Commission,
    Event,
    Fill,
    OrderChanged,
    OrderUpdated,
    name_of,
    types_by_name,
)
from tapewire.common.runtime.journal import JournalError, SqliteJournal

CHUNK: Final = 500
SETTLE_NS: Final = 200_000_000
POLL_S: Final = 0.1
FOREVER_NS: Final = 2**63 - 1

FAMILIES: Final = ("commission", "connection.", "fill", "order.", "position", "risk.")
NAMES: Final = sorted(name for name in types_by_name() if name.startswith(FAMILIES))
"""The events that are journaled, by their names."""
UNSHOWN: Final = ("cause_id",)  # of a line for a person: a trace tells of it

Wanted = Callable[["Entry"], bool]


class Entry(NamedTuple):
    """One event of a journal, with where it stands."""

    ts_ns: int
    source: str
    seq: int
    event: Event

    @property
    def name(self) -> str:
        """The event's dotted name."""
        return name_of(self.event)


def plain(event: Event) -> dict[str, Any]:
    """An event's fields, JSON-able; decimals as text, exactly."""
    return {field: _plain(getattr(event, field)) for field in event.__struct_fields__}


def _plain(value: Any) -> Any:
    if isinstance(value, Event):
        return plain(value)
    return format(value, "f") if isinstance(value, Decimal) else value


class Reader:
    """One journal, from a place on; what is appended later is found by asking again."""

    def __init__(self, path: Path, from_ns: int = 0) -> None:
        self.source = path.stem
        self._journal = SqliteJournal(path, read_only=True)
        self._from_ns = from_ns
        self._next_seq = 1 + bisect.bisect_left(
            range(1, self._journal.head.seq + 1), from_ns, key=self._ts_ns
        )
        self._latest_ns = 0

    def until(self, bound_ns: int) -> Iterator[tuple[int, Entry]]:
        """What is new and not after `bound_ns`, each with the time to sort it by."""
        while records := self._journal.read(self._next_seq, CHUNK):
            for record in records:
                entry = self._entry(self._next_seq, record)
                if entry.ts_ns > bound_ns:
                    return
                self._next_seq += 1
                self._latest_ns = max(self._latest_ns, entry.ts_ns)
                if entry.ts_ns >= self._from_ns:
                    yield self._latest_ns, entry

    def close(self) -> None:
        """Let go of the file."""
        self._journal.close()

    def _ts_ns(self, seq: int) -> int:
        return self._entry(seq, self._journal.read(seq, 1)[0]).ts_ns

    def _entry(self, seq: int, record: bytes) -> Entry:
        try:
            event = wire.decode_event(record)
        except wire.WireError as error:
            raise JournalError(
                f"{self._journal.path}: event {seq} cannot be read: {error};"
                " expected one that this version of Tapewire knows"
            ) from error
        ts_ns: int = getattr(event, "ts_ns", 0)
        return Entry(ts_ns, self.source, seq, event)


class Journals:
    """All journals of a run directory, or those of `sources`; use it in a `with`."""

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
        """What is new and not after `bound_ns`, in time order, read as it is taken."""
        self._open()
        streams = [reader.until(bound_ns) for reader in self._readers.values()]
        merged = heapq.merge(*streams, key=lambda found: (found[0], found[1].source))
        return (entry for _, entry in merged)

    def follow(
        self, to_ns: int, now_ns: Callable[[], int], pause: Callable[[float], None]
    ) -> Iterator[Entry]:
        """As `until`, and on as the journals grow, until `to_ns` has passed.

        The newest `SETTLE_NS` are held back: another process may be writing down what is older.
        """
        while True:
            bound_ns = min(now_ns() - SETTLE_NS, to_ns)
            yield from self.until(bound_ns)
            if bound_ns == to_ns:
                return
            pause(POLL_S)

    def _open(self) -> None:
        """Journals that have come since; a process makes its own at its first start."""
        for path in sorted(self._folder.glob("*.sqlite")):
            if path.stem in self._readers or (self._sources and path.stem not in self._sources):
                continue
            if path.stat().st_size:  # one that is being made is not a journal yet
                self._readers[path.stem] = Reader(path, self._from_ns)


def wanted(types: tuple[str, ...], source: str | None) -> Wanted:
    """A filter: names that begin with one of `types` (none: all), of `source` (None: any)."""

    def is_wanted(entry: Entry) -> bool:
        return (not types or entry.name.startswith(types)) and source in (None, entry.source)

    return is_wanted


class Repeats:
    """Tells what is news from what only repeats another's word: the executor's account of what the
    gateway told, and what both gateways tell. `count` is how many of those there were."""

    def __init__(self) -> None:
        self.count = 0
        self._last: dict[tuple[str, str], tuple[Any, ...]] = {}

    def is_news(self, entry: Entry) -> bool:
        """Whether this says what none before has said; asked of each entry in turn, once."""
        is_news = self._is_news(entry)
        self.count += not is_news
        return is_news

    def _is_news(self, entry: Entry) -> bool:
        event = entry.event
        if isinstance(event, OrderChanged | OrderUpdated):
            return False
        said: tuple[Any, ...] = ()
        if isinstance(event, AccountPosition):
            key, said = event.symbol, (event.quantity, event.average_cost)
        elif isinstance(event, Fill | Commission):
            key = event.exec_id
        else:
            return True
        place = (entry.name, key)
        is_news = self._last.get(place) != said
        self._last[place] = said
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
    fields = plain(entry.event).items()
    named = {k: v for k, v in fields if not k.endswith("_ns") and k not in UNSHOWN}
    shown = {k: v for k, v in named.items() if v not in (None, "", 0)}
    return "  ".join(f"{k}={_brief(v)}" for k, v in shown.items())


def _brief(value: Any) -> str:
    if isinstance(value, dict):  # an order inside an event
        parts = ("intent_id", "action", "quantity", "symbol", "order_type", "limit_price")
        return " ".join(str(value[part]) for part in parts if value.get(part) is not None)
    return str(value)
