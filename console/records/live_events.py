"""Events as they are published, as events: what `records.tail` reads, put into their classes."""

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tapewire.common.bus.endpoints import STREAMS
from tapewire.common.events import Event, types_by_name
from tapewire.console.records.journals import Entry, Repeats
from tapewire.console.records.tail import Tail

if TYPE_CHECKING:
    from tapewire.common.config.settings import Config

POLL_S: Final = 0.1


class LiveEvents:
    """Ticks of `symbols` if wanted, and the journaled events of all processes; use in a `with`.
    What only repeats another event is left out."""

    def __init__(self, config: "Config", symbols: Sequence[str], *, ticks: bool) -> None:
        logins = config.logins()
        topics = [*(f"tick.{symbol}" for symbol in symbols if ticks), *STREAMS, *logins.roles]
        self._tail = Tail(config.bus, config.run_dir, topics, logins)
        self._types = types_by_name()
        self._repeats = Repeats()
        self.unreadable = 0

    def __enter__(self) -> "LiveEvents":
        return self

    def __exit__(self, *given: object) -> None:
        self._tail.__exit__(*given)

    @property
    def lost(self) -> int:
        """How many messages are missing so far, or could not be read."""
        return self._tail.lost + self._tail.unreadable + self.unreadable

    def read(self, seconds: float | None = None) -> Iterator[Event | int]:
        """Events as they arrive; after each pause the wall time up to which they are here."""
        ends = None if seconds is None else time.monotonic() + seconds
        while ends is None or time.monotonic() < ends:
            now_ns = time.time_ns()
            for message in self._tail.read(POLL_S):
                for fields in message.events:
                    event = self._event(fields)
                    if event is not None and self._is_news(event, message.source, message.seq):
                        yield event
            yield now_ns

    def _event(self, fields: list[Any]) -> Event | None:
        kind = self._types.get(str(fields[0]))
        try:
            return msgspec.convert(fields, kind) if kind is not None else None
        except (msgspec.ValidationError, ValueError):
            self.unreadable += 1
            return None

    def _is_news(self, event: Event, source: str, seq: int) -> bool:
        return self._repeats.is_news(Entry(getattr(event, "ts_ns", 0), source, seq, event))
