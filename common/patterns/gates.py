"""Gates: the lines that find out whether an event changes anything for a pattern.

What could go wrong: a gate that stays shut although something would change loses a match. So it
asks for everything that `Partials.take` acts on: a beginning; the next step, or what must not come
before it, of any partial match; the end of one that had to go on at once. One whose time is over
may stay where it is until then: it takes no step any more.
"""

from collections.abc import Callable
from typing import Any

from tapewire.common.patterns.declare import Pattern, kind_of
from tapewire.common.patterns.expressions import At, Condition, Kind
from tapewire.common.patterns.writing import Writer

STEP = "    "
WriterOf = Callable[[int], Writer]
"""Gives the writer for the conditions of the step at a place."""


def gate(at: int, pattern: Pattern[Any], kind: Kind, writer_of: WriterOf) -> list[str]:
    """The lines for the pattern at place `at` of its group and an event of `kind`."""
    plain: list[str] = []
    loops: list[tuple[str, str]] = []
    if pattern.steps[0].kind is kind:
        plain.append(writer_of(0).text(pattern.steps[0].condition))
    for place in range(1, len(pattern.steps) + 1):
        waiting = f"w{at}_{place}"
        if place < len(pattern.steps) and pattern.steps[place].strict:
            plain.append(waiting)
            continue
        for condition in _asked(pattern, place):
            if kind_of(condition) is not kind:
                continue
            text = writer_of(place).text(condition)
            if any(isinstance(one, At) for one in condition.walk()):
                loops.append((waiting, text))
            elif text not in plain:
                plain.append(f"({waiting} and {text})")
    return _lines(f"s{at}.take(event, ts)", list(dict.fromkeys(plain)), loops)


def _asked(pattern: Pattern[Any], place: int) -> list[Condition[Any]]:
    """What is asked of an event for those that wait for the step at a place."""
    if place < len(pattern.steps):
        return [pattern.steps[place].condition, *pattern.steps[place].without]
    return [] if pattern.absence is None else [pattern.absence.condition]


def _lines(take: str, plain: list[str], loops: list[tuple[str, str]]) -> list[str]:
    if "True" in plain:
        return [take]
    if not loops:
        return [f"if {' or '.join(plain)}: {take}"] if plain else []
    rest = _looping(take, loops)
    if not plain:
        return rest
    return [f"if {' or '.join(plain)}: {take}", "else:", *(f"{STEP}{line}" for line in rest)]


def _looping(take: str, loops: list[tuple[str, str]]) -> list[str]:
    """Look at the partial matches one by one, up to the first that the event changes."""
    (waiting, text), *others = loops
    lines = [
        f"for p in {waiting}:",
        f"{STEP}if p.ends < ts or {text}:",
        f"{STEP * 2}{take}",
        f"{STEP * 2}break",
    ]
    if others:
        lines += ["else:", *(f"{STEP}{line}" for line in _looping(take, others))]
    return lines
