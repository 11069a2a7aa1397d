"""Partial matches of one pattern and one key: what is waiting for which step.

The compiled code (see `compiling`) decides for each event whether anything changes here, which it
mostly does not. `take` alone would be right as well, only slower: it asks all conditions itself.
"""

import heapq
from collections.abc import Callable
from typing import Any, Final

from tapewire.common.events import Event
from tapewire.common.patterns.declare import Pattern, kind_of

NEVER_NS: Final = 2**63 - 1
NAN: Final = float("nan")
Asked = Callable[[Any, "Partial"], bool]
Emit = Callable[[tuple[Any, ...], int], None]


class Partial:
    """One partial match. `c` has what its steps have kept for later ones; `ends` is until when it
    may be complete, or is complete if nothing comes."""

    __slots__ = ("c", "ends", "events", "last", "number")

    def __init__(self, number: int, ends: int, event: Event, slots: int) -> None:
        self.number = self.last = number  # of its first event, and of its last one
        self.ends = ends
        self.events: tuple[Event, ...] = (event,)
        self.c: list[Any] = [NAN] * slots


class Conditions:
    """The compiled conditions of one pattern and key: by step, those of `without` too, and what
    each step keeps, as (slot, function) pairs. They see the figures as they are."""

    def __init__(
        self,
        steps: list[Asked],
        without: list[list[Asked]],
        kept: list[list[tuple[int, Callable[[Any], Any]]]],
        absent: Asked | None,
        slots: int,
    ) -> None:
        self.steps, self.without, self.kept = steps, without, kept
        self.absent, self.slots = absent, slots


class Tally:
    """What a pattern had to leave out: partial matches beyond the bound, events that came too
    late, keys beyond their bound, events of windows beyond theirs."""

    def __init__(self) -> None:
        self.dropped = self.late = self.keys = self.window = 0


class Partials:
    """See the module. `waiting[k]` are the partial matches that wait for step `k`, or behind the
    last step for the end of the time in which something must not come."""

    def __init__(
        self,
        pattern: Pattern[Any],
        emit: Emit,
        tally: Tally,
        note_due: Callable[[int], None],
    ) -> None:
        self.waiting: list[list[Partial]] = [[] for _ in range(len(pattern.steps) + 1)]
        self.due_ns = NEVER_NS
        self._pattern = pattern
        self._emit, self._tally, self._note_due = emit, tally, note_due
        self._number = 0
        self._within_ns = pattern.within_ns
        self._absent_ns = pattern.absence.for_ns if pattern.absence is not None else 0
        self._absent_kind = pattern.absence.kind if pattern.absence is not None else None
        self._kinds = [step.kind for step in pattern.steps]
        self._strict = [step.strict for step in pattern.steps]
        self._without_kinds = [[kind_of(one) for one in step.without] for step in pattern.steps]
        self._conditions: Conditions | None = None

    def bind(self, conditions: Conditions) -> None:
        """Use these; they are made after it, since the code that they are of calls it."""
        self._conditions = conditions

    def take(self, event: Event, ts: int) -> None:
        """Take an event of one of the pattern's kinds, at its time."""
        self._number += 1
        number, kind = self._number, type(event)
        complete: list[Partial] = []
        if kind is self._absent_kind and self.waiting[-1]:
            self._break_absence(event)
        for k in range(len(self._kinds) - 1, 0, -1):
            if self.waiting[k]:
                complete += self._advance(k, kind, event, ts)
        conditions = self._conditions
        assert conditions is not None
        if kind is self._kinds[0]:
            begun = Partial(number, self._ends(ts), event, conditions.slots)
            if conditions.steps[0](event, begun):
                complete += self._moved(0, begun, event, ts)
        self._complete(complete, number, ts)

    def pass_time(self, now_ns: int) -> None:
        """The time of the stream is `now_ns`: emit what was waiting for something not to come."""
        waiting = self.waiting[-1]
        while waiting and self.due_ns < now_ns:
            due = min(waiting, key=lambda one: (one.ends, one.number))
            waiting.remove(due)
            self._emit(due.events, due.ends)
            if not self._pattern.is_overlapping:
                self._give_up(due.last)
            self._find_due()

    # ---- inside --------------------------------------------------------------------------------

    def _advance(self, k: int, kind: type[Event], event: Event, ts: int) -> list[Partial]:
        """Those that wait for step `k` and are complete with it; others go on, wait or end."""
        conditions = self._conditions
        assert conditions is not None
        asks_step, strict = kind is self._kinds[k], self._strict[k]
        without = [
            asked
            for its_kind, asked in zip(self._without_kinds[k], conditions.without[k], strict=True)
            if its_kind is kind
        ]
        waiting, complete = self.waiting[k], []
        kept: list[Partial] = []
        for one in waiting:
            if one.ends < ts or any(asked(event, one) for asked in without):
                continue
            if asks_step and conditions.steps[k](event, one):
                one.events = (*one.events, event)
                complete += self._moved(k, one, event, ts)
            elif not strict:
                kept.append(one)
        waiting[:] = kept
        return complete

    def _moved(self, k: int, one: Partial, event: Event, ts: int) -> list[Partial]:
        """It has taken step `k`: it is complete, or waits for what is next."""
        assert self._conditions is not None
        for slot, value in self._conditions.kept[k]:
            one.c[slot] = value(event)
        if k + 1 < len(self._kinds):
            self._wait(k + 1, one, ts)
            return []
        return [one]

    def _complete(self, complete: list[Partial], number: int, ts: int) -> None:
        """All steps of these were taken with the event of this number."""
        if not complete:
            return
        complete.sort(key=lambda one: one.number)
        if self._absent_kind is not None:
            for one in complete:
                one.ends = ts + self._absent_ns
                one.last = number
                self._wait(len(self._kinds), one, ts)
            self._find_due()
            return
        for one in complete if self._pattern.is_overlapping else complete[:1]:
            self._emit(one.events, ts)
        if not self._pattern.is_overlapping:
            self._give_up(number)

    def _break_absence(self, event: Event) -> None:
        conditions = self._conditions
        assert conditions is not None
        assert conditions.absent is not None
        absent, waiting = conditions.absent, self.waiting[-1]
        waiting[:] = [one for one in waiting if not absent(event, one)]
        self._find_due()

    def _wait(self, k: int, one: Partial, ts: int) -> None:
        self.waiting[k].append(one)
        count = sum(map(len, self.waiting))
        if count > self._pattern.keep_max:
            self._make_room(ts)

    def _make_room(self, ts: int) -> None:
        """Those whose time is over go first; else the oldest, which is counted."""
        for waiting in self.waiting[:-1]:
            waiting[:] = [one for one in waiting if one.ends >= ts]
        count = sum(map(len, self.waiting))
        if count <= self._pattern.keep_max:
            return
        everything = [(one.number, k) for k, each in enumerate(self.waiting) for one in each]
        for number, k in heapq.nsmallest(count - self._pattern.keep_max, everything):
            self.waiting[k][:] = [one for one in self.waiting[k] if one.number != number]
            self._tally.dropped += 1
        self._find_due()

    def _give_up(self, number: int) -> None:
        """A match is over whose last event had this number."""
        for waiting in self.waiting:
            waiting[:] = [one for one in waiting if one.number > number]
        self._find_due()

    def _find_due(self) -> None:
        if self._absent_kind is None:
            return
        self.due_ns = min((one.ends for one in self.waiting[-1]), default=NEVER_NS)
        if self.due_ns != NEVER_NS:
            self._note_due(self.due_ns)

    def _ends(self, ts: int) -> int:
        return NEVER_NS if self._within_ns is None else ts + self._within_ns
