"""Declaring a pattern: steps one after the other, in a time, by symbol or another key.

    rising = run(5, trade.price > previous[trade.price]).within("2s")

    high = highest(trade.price, "day")
    broke = step(trade.price > high)
    retest = broke.then(trade.price <= broke[high]).within("10m")

What a pattern means
--------------------
*   **Its events.** A pattern sees the events of the kinds that its steps name, of one key, in the
    order in which they came (or, with `reorder`, of their time). Others do not exist for it.
*   **A partial match** begins with each event for which the first step holds, and takes each
    further step with the first event after the one before for which that step holds. So it never
    divides: of one beginning there is at most one match.
*   **`then`** lets other events pass in between (Flink's `followedBy`, Esper's `->`). **`next`**
    does not: the very next event of the pattern must be it, or the partial match is over.
*   **`without`** ends a partial match if such an event comes before the next step. An event that is
    both the next step and what must not come ends it.
*   **`then_not(B, "30s")`** is the last: the match is complete once the time of the stream is more
    than 30 s after the last step, and no B has come. Its time is that moment.
*   **`within`** is from the first step's event to the last one's, both included in the bound.
*   **After a match** all partial matches that began no later than its last event are given up
    (Flink's SKIP_PAST_LAST_EVENT); `overlapping` keeps them. Of several that are complete with one
    event, the one that began first is the match.
*   **Time** is each event's `ts_ns`. An event that is older than the newest of its key counts as of
    that one's time. With `reorder("200ms")` events wait that long for older ones instead, and what
    is later still is left out and counted.
*   **State** is bounded: `keep` partial matches per key. Beyond that the oldest is dropped, and
    counted.
"""

import copy
from typing import Any, Final, Generic, Self

from tapewire.common.patterns.durations import duration_ns
from tapewire.common.patterns.expressions import (
    At,
    Condition,
    E,
    Expression,
    Kind,
    PatternError,
    Value,
    kind_name,
)
from tapewire.common.patterns.figures import Figure
from tapewire.common.patterns.sources import Source, path_to

STEPS_MAX: Final = 100
KEEP: Final = 1_000
KEEP_MAX: Final = 100_000
BY_SYMBOL: Final = ("symbol",)


class Step:
    """One step: what it waits for, whether at once, and what must not come before it."""

    def __init__(
        self, condition: Condition[Any], *, strict: bool, without: tuple[Condition[Any], ...]
    ) -> None:
        self.condition, self.strict, self.without = condition, strict, without
        self.kind = kind_of(condition)


class Absence:
    """What must not come after the last step, and for how long."""

    def __init__(self, condition: Condition[Any], for_ns: int) -> None:
        self.condition, self.for_ns = condition, for_ns
        self.kind = kind_of(condition)


class Pattern(Generic[E]):
    """A pattern; each method returns a new one. `E` is the event of its last step."""

    def __init__(self, steps: tuple[Step, ...]) -> None:
        self.steps = steps
        self.absence: Absence | None = None
        self.within_ns: int | None = None
        self.by_names: tuple[str, ...] = BY_SYMBOL
        self.reorder_ns: int | None = None
        self.is_overlapping = False
        self.keep_max = KEEP
        self._without: tuple[Condition[Any], ...] = ()

    def __getitem__(self, value: Value[Any]) -> Value[Any]:
        """The value as it was when the last step so far was taken, for the steps that follow."""
        return At(self.steps[-1], value)

    def then(self, what: Condition[Any] | Source[Any]) -> "Pattern[Any]":
        """And later this; other events may come in between."""
        return self._with_step(what, strict=False)

    def next(self, what: Condition[Any] | Source[Any]) -> "Pattern[Any]":
        """And with the very next event of the pattern this."""
        return self._with_step(what, strict=True)

    def without(self, what: Condition[Any] | Source[Any]) -> "Pattern[Any]":
        """And none of this before the step that follows."""
        self._require_no_absence("without")
        changed = copy.copy(self)
        changed._without = (*self._without, condition_of(what))
        return changed

    def then_not(self, what: Condition[Any] | Source[Any], time: str) -> "Pattern[Any]":
        """And for this time none of that; "30s", for example. It is always the end."""
        self._require_no_absence("then_not")
        if self._without:
            raise PatternError("without has no step after it; then_not alone says what must not be")
        changed = copy.copy(self)
        changed.absence = Absence(condition_of(what), duration_ns("then_not time", time))
        return changed

    def within(self, time: str) -> Self:
        """All steps in this time: "500ms", "2s", "10m", "1h"."""
        changed = copy.copy(self)
        changed.within_ns = duration_ns("within", time)
        return changed

    def by(self, *names: str) -> Self:
        """Match by these fields in place of the symbol, such as `by("strategy")`; each combination
        by itself. Without a name everything is one stream."""
        changed = copy.copy(self)
        changed.by_names = names
        return changed

    def reorder(self, time: str) -> Self:
        """Wait this long for events that are older than those that are here; drop later ones."""
        changed = copy.copy(self)
        changed.reorder_ns = duration_ns("reorder", time)
        return changed

    def overlapping(self) -> Self:
        """Keep partial matches that have begun before a match is over: they may be matches too."""
        changed = copy.copy(self)
        changed.is_overlapping = True
        return changed

    def keep(self, partial_matches: int) -> Self:
        """At most so many partial matches per key, 1 to 100,000; the oldest is dropped first."""
        if not 1 <= partial_matches <= KEEP_MAX:
            raise PatternError(f"keep is {partial_matches!r}; it must be from 1 to {KEEP_MAX:,}")
        changed = copy.copy(self)
        changed.keep_max = partial_matches
        return changed

    @property
    def conditions(self) -> tuple[Condition[Any], ...]:
        """All that it asks of events."""
        steps = [one for each in self.steps for one in (each.condition, *each.without)]
        return (*steps, *(() if self.absence is None else (self.absence.condition,)))

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of events that it waits for, or that must not come."""
        return frozenset(kind_of(one) for one in self.conditions)

    @property
    def figures(self) -> list[Figure]:
        """The figures that its conditions look at."""
        return [one for condition in self.conditions for one in figures_in(condition)]

    @property
    def reads(self) -> frozenset[Kind]:
        """All kinds of events that it needs, for its figures too."""
        return self.kinds | {figure.source for figure in self.figures}

    def checked(self) -> Self:
        """Itself, where it can be matched; `PatternError` says what is missing."""
        self._require_bound()
        if self._without:
            raise PatternError("without has no step after it; add then(...), or use then_not")
        for kind in sorted(self.reads, key=kind_name):
            for name in self.by_names:
                if path_to(kind, name) is None:
                    raise PatternError(
                        f"{kind_name(kind)} has no field {name!r} to match by; say by which fields,"
                        ' such as by("account"), or by() for all events together'
                    )
        for place, one in enumerate(self.steps):
            for condition in (one.condition, *one.without):
                self._require_before(condition, place)
        if self.absence is not None:
            self._require_before(self.absence.condition, len(self.steps))
        return self

    def _with_step(self, what: Condition[Any] | Source[Any], *, strict: bool) -> "Pattern[Any]":
        self._require_no_absence("a step")
        if len(self.steps) == STEPS_MAX:
            raise PatternError(f"a pattern has at most {STEPS_MAX} steps")
        changed = copy.copy(self)
        one = Step(condition_of(what), strict=strict, without=self._without)
        changed.steps, changed._without = (*self.steps, one), ()
        return changed

    def _require_no_absence(self, what: str) -> None:
        if self.absence is not None:
            raise PatternError(f"then_not is the end of a pattern; {what} cannot follow it")

    def _require_bound(self) -> None:
        if self.within_ns is None and not all(one.strict for one in self.steps[1:]):
            raise PatternError(
                'a pattern of several steps needs a bound in time; add within("10m"), for example'
            )

    def _require_before(self, condition: Expression, place: int) -> None:
        """Each value of a step that a condition looks back at must be of a step before it."""
        for one in condition.walk():
            if not isinstance(one, At):
                continue
            found = place - 1 if one.step is None else self._place_of(one.step)
            if not 0 <= found < place:
                raise PatternError(f"{condition} looks at {one}, which is not a step before it")
            kinds = one.value.kinds
            if kinds and kinds != {self.steps[found].kind}:
                taken = kind_name(self.steps[found].kind)
                raise PatternError(f"{one} is not a value of that step, which is a {taken}")

    def _place_of(self, step: object) -> int:
        return next((at for at, one in enumerate(self.steps) if one is step), -1)

    def place_of(self, handle: "Pattern[Any]") -> int:
        """Which of its steps is the last one of `handle`, a pattern that it was made of; -1: none
        of them."""
        return self._place_of(handle.steps[-1])


def step(what: Condition[E] | Source[E]) -> Pattern[E]:
    """A pattern that begins with this."""
    return Pattern((Step(condition_of(what), strict=False, without=()),))


def run(events: int, what: Condition[E]) -> Pattern[E]:
    """So many events in a row of the kind that `what` is about. It must hold for each but the
    first, and may look back at the one before: `trade.price > previous[trade.price]`."""
    condition = condition_of(what)
    _require_count("run", events)
    first = Source(kind_of(condition)).any
    steps = [Step(condition, strict=True, without=()) for _ in range(events - 1)]
    return Pattern((Step(first, strict=False, without=()), *steps))


def times(events: int, what: Condition[E] | Source[E]) -> Pattern[E]:
    """So many such events, whatever comes in between."""
    condition = condition_of(what)
    _require_count("times", events)
    return Pattern(tuple(Step(condition, strict=False, without=()) for _ in range(events)))


def condition_of(what: object) -> Condition[Any]:
    """What a step waits for, as a condition."""
    if isinstance(what, Source):
        return what.any
    if isinstance(what, Condition):
        kind_of(what)
        return what
    hint = "; compare it with something" if isinstance(what, Value) else ""
    raise PatternError(
        f"{what!s:.60} is not a condition{hint}: a step needs one, such as trade.price > 100, or a"
        " source, such as event(Fill)"
    )


def kind_of(condition: Condition[Any]) -> Kind:
    """The kind of events that a condition is about."""
    kinds = sorted(condition.kinds, key=kind_name)
    if len(kinds) == 1:
        return kinds[0]
    if not kinds:
        raise PatternError(
            f"{condition} is about no event; say which one is in hand, such as"
            " (trade.price > 0) & (...)"
        )
    raise PatternError(
        f"{condition} is about {' and '.join(map(kind_name, kinds))} at once; a step has one"
        " event: look at the others with last(...) or as steps of their own"
    )


def figures_in(expression: Expression) -> list[Figure]:
    """The figures in an expression, also those that it looks back at."""
    found: list[Figure] = []
    for one in expression.walk():
        if isinstance(one, Figure):
            found.append(one)
        elif isinstance(one, At):
            found += figures_in(one.value)
    return found


def _require_count(what: str, events: object) -> None:
    if not isinstance(events, int) or not 2 <= events <= STEPS_MAX:
        raise PatternError(f"{what} is of {events!r:.20} events; it must be 2 to {STEPS_MAX}")
