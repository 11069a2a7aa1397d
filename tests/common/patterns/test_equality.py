"""The compiled matcher finds what the naive one does, for whatever pattern and whatever events."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tapewire.common.events import Event, Quote, Trade
from tapewire.common.patterns import naive
from tapewire.common.patterns.declare import Pattern, run, step, times
from tapewire.common.patterns.expressions import Condition, Value, previous
from tapewire.common.patterns.figures import count, highest, last, lowest, mean, total
from tapewire.common.patterns.matcher import Matcher
from tapewire.common.patterns.sources import quote, trade

SECOND = 1_000_000_000
DAY_END = 1_700_006_400 * SECOND  # a midnight in UTC
SPANS = ["1s", "2s", "3s", "20s"]
NUMBERS = st.integers(0, 3)

STEPS = [0, 1, 1, 2, 2, 3, 5, -1]  # how much later an event is than the one before, in half seconds


@st.composite
def streams(draw: st.DrawFn) -> list[Event | int]:
    """Events whose time mostly goes on, over a midnight; between them moments that pass."""
    now, given = DAY_END - 3 * SECOND, []
    with_quotes = draw(st.booleans())
    for code in draw(st.lists(st.integers(0, 2047), min_size=8, max_size=20)):
        now += STEPS[code % 8] * SECOND // 2
        given.append(_decoded(code // 8, now, with_quotes=with_quotes))
    return given


def _decoded(code: int, now: int, *, with_quotes: bool) -> Event | int:
    """An event from a number below 256: small numbers draw faster than events."""
    kind, first, second = code // 25, code // 5 % 5, code % 5
    if kind == 0:
        return now + first * SECOND
    if kind % 2 and with_quotes:
        bid, ask = (float(one) if one < 4 else None for one in (first, second))
        return Quote("A", now, bid, 1.0, ask, 1.0)
    return Trade("A", now, float(first % 4), float(second) if second < 4 else None)


FIGURES: list[Value[Any]] = [
    *(make(trade.price, over) for make in (highest, lowest, total, mean) for over in ("day", "2s")),
    highest(trade.size, "day"), total(trade.size, "day"), mean(trade.size, "3s"), last(quote.bid),
    count(trade.price > 2, "2s"), count(quote, "day"), last(trade.price), lowest(quote.mid, "2s"),
    highest(trade.price, "day", zone="Asia/Tokyo"),
]  # fmt: skip
FIELDS: dict[str, list[Value[Any]]] = {
    "trade": [trade.price, trade.size, trade.price + trade.size, trade.price / trade.size],
    "quote": [quote.bid, quote.ask, quote.mid, quote.spread],
}
SOURCES: list[tuple[str, Any]] = [("trade", trade), ("quote", quote)]


@st.composite
def conditions(draw: st.DrawFn, before: Sequence[tuple[Pattern[Any], str]]) -> Condition[Any]:
    """A condition of a step that comes after these."""
    name, source = draw(st.sampled_from([SOURCES[0], *SOURCES]))
    if draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from([source.any, source.where(lambda one: one.ts_ns % 3)]))
    left = draw(st.sampled_from(FIELDS[name]))
    right: Any = draw(st.integers(0, 1) | NUMBERS | st.sampled_from(FIGURES))
    if before and draw(st.booleans()):
        handle, kind = draw(st.sampled_from(before))
        of = draw(st.sampled_from([*FIELDS[kind], *FIGURES[:2]]))
        right = previous[of] if handle is before[-1][0] and draw(st.booleans()) else handle[of]
    compare = draw(st.sampled_from(["__gt__", "__le__", "__eq__", "__ne__", "__lt__", "__ge__"]))
    made: Condition[Any] = getattr(left, compare)(right)
    if draw(st.integers(0, 3)) == 0:
        other = draw(st.sampled_from(FIELDS[name])) > draw(NUMBERS)
        return made & other if draw(st.booleans()) else made | other
    return made


def kind_in(condition: Condition[Any]) -> str:
    return "trade" if Trade in condition.kinds else "quote"


@st.composite
def patterns(draw: st.DrawFn) -> Pattern[Any]:
    """Any pattern that can be declared, with up to four steps."""
    shape = draw(st.integers(0, 5))
    if shape == 0:
        name, _ = draw(st.sampled_from(SOURCES))
        field = draw(st.sampled_from(FIELDS[name]))
        made: Pattern[Any] = run(draw(st.integers(2, 4)), field > previous[field])
        made = made if draw(st.booleans()) else made.within(draw(st.sampled_from(SPANS)))
    elif shape == 1:
        made = times(draw(st.integers(2, 4)), draw(conditions([]))).within(
            draw(st.sampled_from(SPANS))
        )
    else:
        made = _sequence(draw)
    return made.overlapping() if draw(st.booleans()) else made


def _sequence(draw: st.DrawFn) -> Pattern[Any]:
    first = draw(conditions([]))
    made = step(first)
    before = [(made, kind_in(first))]
    for _ in range(draw(st.integers(0, 3))):
        if draw(st.integers(0, 3)) == 0:
            made = made.without(draw(conditions(before)))
        after = draw(conditions(before))
        made = made.next(after) if draw(st.integers(0, 2)) == 0 else made.then(after)
        before.append((made, kind_in(after)))
    if draw(st.booleans()):
        made = made.then_not(draw(conditions(before)), draw(st.sampled_from(SPANS)))
    return made.within(draw(st.sampled_from(SPANS)))


def compiled(several: Sequence[Pattern[Any]], given: Sequence[Event | int]) -> list[Any]:
    """For each pattern what the matcher finds, all of them matched at once."""
    matcher = Matcher(several)
    found: list[Any] = []
    for one in given:
        found += matcher.advance(one) if isinstance(one, int) else matcher.take(one)
    assert matcher.failures == []
    return [[(m.events, m.ts_ns) for m in found if m.pattern is p] for p in matcher.patterns]


@settings(max_examples=150, deadline=None)
@given(st.lists(patterns(), min_size=1, max_size=3), streams())
def test_compiled_is_naive(several: list[Pattern[Any]], given: list[Event | int]) -> None:
    expected = [naive.matches(one, given) for one in several]
    assert compiled(several, given) == expected
