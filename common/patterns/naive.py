"""The naive matcher: the specification, as directly as it can be said. No state, no code written.

For each beginning everything that comes after it is looked through again, and each figure is
worked out again from all events before. It takes a time that grows with the square of the events,
or worse.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from tapewire.common.events import Event
from tapewire.common.patterns.declare import Pattern
from tapewire.common.patterns.expressions import (
    Always,
    Arithmetic,
    At,
    Compare,
    Condition,
    Constant,
    Expression,
    Field,
    Function,
    Joined,
)
from tapewire.common.patterns.figures import Figure


class Item(NamedTuple):
    """An event of one key and the time that it counts as of; or only that the time has passed."""

    event: Event | None
    ts: int


class Found(NamedTuple):
    """A match: the places of its events, when it is complete, and what shows that it is."""

    places: tuple[int, ...]
    ts: int
    shown_by: int


def items_of(pattern: Pattern[Any], given: Sequence[Event | int]) -> list[Item]:
    """What one key sees of events and moments (ints): an older event counts as of the newest
    one's time, and a moment passes time only for what must not come."""
    newest, items = 0, []
    for one in given:
        if isinstance(one, int):
            items.append(Item(None, one))
        elif type(one) in pattern.reads:
            newest = max(newest, one.ts_ns)  # type: ignore[attr-defined]
            items.append(Item(one, newest))
    return items


def matches(
    pattern: Pattern[Any], given: Sequence[Event | int]
) -> list[tuple[tuple[Any, ...], int]]:
    """The events and the time of each match, in order, of the events of one key."""
    items = items_of(pattern, given)
    every = [one for at in range(len(items)) if (one := _from(pattern, items, at)) is not None]
    accepted, blocked = [], -1
    for one in sorted(every, key=lambda found: (found.shown_by, found.ts, found.places)):
        if pattern.is_overlapping or one.places[0] > blocked:
            blocked = max(blocked, one.places[-1])
            accepted.append((tuple(items[at].event for at in one.places), one.ts))
    return accepted


def _from(pattern: Pattern[Any], items: list[Item], start: int) -> Found | None:
    """What becomes of the partial match that begins with the item at a place."""
    taken: list[int] = []
    if not _is(pattern.steps[0].condition, pattern, items, start, taken):
        return None
    taken.append(start)
    kinds = pattern.kinds
    for step in pattern.steps[1:]:
        for at in range(taken[-1] + 1, len(items)):
            if items[at].event is None or type(items[at].event) not in kinds:
                continue
            late = pattern.within_ns is not None and (
                items[at].ts - items[start].ts > pattern.within_ns
            )
            if late or any(_is(one, pattern, items, at, taken) for one in step.without):
                return None
            if _is(step.condition, pattern, items, at, taken):
                taken.append(at)
                break
            if step.strict:
                return None
        else:
            return None
    return _ended(pattern, items, taken)


def _ended(pattern: Pattern[Any], items: list[Item], taken: list[int]) -> Found | None:
    """All steps were taken: it is a match, now or once nothing has come for long enough."""
    last = taken[-1]
    if pattern.absence is None:
        return Found(tuple(taken), items[last].ts, last)
    until = items[last].ts + pattern.absence.for_ns
    for at in range(last + 1, len(items)):
        if items[at].ts > until:
            return Found(tuple(taken), until, at)
        if _is(pattern.absence.condition, pattern, items, at, taken):
            return None
    return None


def _is(
    condition: Condition[Any], pattern: Pattern[Any], items: list[Item], at: int, taken: list[int]
) -> bool:
    """Whether a condition holds for the item at a place, after the steps that were taken."""
    event = items[at].event
    if event is None or type(event) not in condition.kinds:
        return False
    match condition:
        case Always():
            return True
        case Function():
            return bool(condition.function(event))
        case Joined():
            both = [_is(one, pattern, items, at, taken) for one in condition.parts]  # type: ignore[arg-type]
            return all(both) if condition.operator == "and" else any(both)
        case Compare():
            first, second = (_value(one, pattern, items, at, taken) for one in condition.parts)
            if first is None or second is None:
                return False
            return bool(_COMPARED[condition.operator](first, second))
    raise AssertionError(condition)


_COMPARED = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b, "==": lambda a, b: a == b, "!=": lambda a, b: a != b,
}  # fmt: skip


def _value(
    one: Expression, pattern: Pattern[Any], items: list[Item], at: int, taken: list[int]
) -> Any:
    """A value at a place; None where it is unknown."""
    match one:
        case Constant():
            return one.value
        case Field():
            found: Any = items[at].event
            for name in one.path:
                found = getattr(found, name)
            return found if found is None or one.type != "number" else float(found)
        case At():
            places = {id(step): place for place, step in enumerate(pattern.steps)}
            place = len(taken) - 1 if one.step is None else places[id(one.step)]
            return _value(one.value, pattern, items, taken[place], taken[:place])
        case Figure():
            return _figure(one, items, at)
        case Arithmetic():
            first, second = (_value(part, pattern, items, at, taken) for part in one.parts)
            if first is None or second is None or (one.operator == "/" and not second):
                return None
            signs = {"+": first + second, "-": first - second, "*": first * second}
            return first / second if one.operator == "/" else signs[one.operator]
    raise AssertionError(one)


def _figure(figure: Figure, items: list[Item], at: int) -> Any:
    """A figure of what was before the item at a place."""
    now = items[at].ts
    before = [place for place in range(at) if type(items[place].event) is figure.source]
    if figure.figure == "last":
        return _alone(figure.of, items, before[-1]) if before else None
    if figure.over_ns:
        before = [place for place in before if items[place].ts >= now - figure.over_ns]
    else:
        before = [place for place in before if _day(figure, items[place].ts) == _day(figure, now)]
    if figure.figure == "count":
        return float(sum(_alone(figure.of, items, place) for place in before))
    values = [v for place in before if (v := _alone(figure.of, items, place)) is not None]
    if figure.figure == "total":
        return math.fsum(values)
    if not values:
        return None
    if figure.figure == "mean":
        return math.fsum(values) / len(values)
    return max(values) if figure.figure == "highest" else min(values)


def _alone(of: Expression, items: list[Item], place: int) -> Any:
    nothing: Pattern[Any] = Pattern(())
    if isinstance(of, Condition):
        return _is(of, nothing, items, place, [])
    return _value(of, nothing, items, place, [])


def _day(figure: Figure, ts: int) -> Any:
    return datetime.fromtimestamp(ts / 1e9, UTC).astimezone(figure.zone).date()
