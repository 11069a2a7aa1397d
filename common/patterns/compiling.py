"""A group of patterns, compiled: one function takes the events of a key.

All patterns of a group see the same kinds of events of the same key. For each event the function
loads the fields that anybody needs, once, and asks each pattern's gate (see `gates`) whether this
event changes anything there. Mostly it does not, and that is all that is done. If it does,
`Partials.take` looks at the whole pattern. A `run` needs no partial matches: how many events in a
row there are by now says all.

The figures are brought up to date after the patterns were asked, so they never include the event
in hand.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from tapewire.common.daily_time import DailyTime
from tapewire.common.events import Event
from tapewire.common.patterns.code import Code
from tapewire.common.patterns.declare import Pattern
from tapewire.common.patterns.expressions import kind_name
from tapewire.common.patterns.partials import Conditions, Emit, Partials, Tally
from tapewire.common.patterns.windows import window
from tapewire.common.patterns.writing import divided

Feed = Callable[[Sequence[Event]], None]
Failed = Callable[[Exception], None]


class Program:
    """The compiled code of a group; `state` makes what one key needs. `source` is there to be
    read."""

    def __init__(self, patterns: Sequence[Pattern[Any]]) -> None:
        self.patterns = tuple(patterns)
        self.kinds = sorted(frozenset().union(*(p.reads for p in patterns)), key=kind_name)
        code = Code(self.patterns, self.kinds)
        self.source = code.source()
        self._names = code.names
        self._recent = max((run.events for run in code.runs if run is not None), default=1)
        space: dict[str, Any] = {"nan": float("nan"), "inf": float("inf"), "divided": divided}
        space |= {f"K{place}": kind for place, kind in enumerate(self.kinds)}
        exec(compile(self.source, "<pattern>", "exec"), space)  # what `code` has written
        self._make = space["make"]

    def state(
        self,
        emits: Sequence[Emit],
        tallies: Sequence[Tally],
        note_due: Callable[[int], None],
        failed: Failed,
    ) -> tuple[Feed, list[Partials]]:
        """What takes the events of one key, and its partial matches, pattern by pattern."""
        partials = [
            Partials(pattern, emit, tally, note_due)
            for pattern, emit, tally in zip(self.patterns, emits, tallies, strict=True)
        ]
        figures = self._names.figures.values()
        feed, asked = self._make(
            partials,
            {n: window(one.figure, one.over_ns, tallies[0]) for n, one in figures if one.over_ns},
            {n: _midnight(one.zone.key) for n, one in figures if one.is_of_day},
            {n: _guarded(one.function, failed) for n, one in self._names.functions.values()},
            emits,
            [deque(maxlen=self._recent) for _ in self.kinds],
        )
        for one, its in zip(partials, asked, strict=True):
            one.bind(Conditions(*its))
        return feed, partials


def _midnight(zone: str) -> Callable[[int], int]:
    """When the day ends that a moment lies in."""
    return DailyTime.of(f"00:00 {zone}").next_ns


def _guarded(function: Callable[[Any], object], failed: Failed) -> Callable[[Any], bool]:
    """A function whose exceptions are reported: one condition's fault is not that of the others."""

    def asked(event: Any) -> bool:
        try:
            return bool(function(event))
        except Exception as error:  # noqa: BLE001 - as above
            failed(error)
            return False

    return asked
