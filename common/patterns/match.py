"""A match: which pattern, of which key, by which events."""

from typing import Any

from tapewire.common.events import Event, subject_of
from tapewire.common.patterns.declare import Pattern
from tapewire.common.patterns.expressions import E, PatternError


class Match:
    """Events that match `pattern`. `key` is the symbol, or what the pattern is matched by, each
    part a text. `ts_ns` is when it was complete: the time of the last event, or the end of the time
    in which something did not come (UTC)."""

    __slots__ = ("events", "key", "pattern", "ts_ns")

    def __init__(
        self, pattern: Pattern[Any], key: tuple[str, ...], events: tuple[Any, ...], ts_ns: int
    ) -> None:
        self.pattern, self.key, self.events, self.ts_ns = pattern, key, events, ts_ns

    def __repr__(self) -> str:
        return f"<Match {'/'.join(self.key)}: {len(self.events)} events>"

    def __getitem__(self, step: Pattern[E]) -> E:
        """The event of a step, by what the step was declared with; of `times` and `run` the last.
        PatternError where the pattern has no such step."""
        place = self.pattern.place_of(step)
        if place < 0:
            raise PatternError("that is not a step of this match's pattern")
        found: E = self.events[place]
        return found

    @property
    def symbol(self) -> str:
        """The symbol of its last event; empty where that has none."""
        return symbol_of(self.last)

    @property
    def first(self) -> Any:
        """Its first event."""
        return self.events[0]

    @property
    def last(self) -> Any:
        """Its last event."""
        return self.events[-1]


def symbol_of(event: Event) -> str:
    """The symbol that an event is about; empty where it is about none."""
    found = getattr(subject_of(event), "symbol", "")
    return found if isinstance(found, str) else ""
