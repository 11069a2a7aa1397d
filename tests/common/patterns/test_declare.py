"""A declaration that cannot be is refused where it stands, with what to write."""

import re
from collections.abc import Callable

import pytest

from tapewire.common.events import Fill, OrderDenied, OrderIntended
from tapewire.common.patterns.declare import Pattern, run, step, times
from tapewire.common.patterns.expressions import PatternError, previous
from tapewire.common.patterns.figures import count, highest, last
from tapewire.common.patterns.sources import event, quote, trade

FIRST = step(trade.price > 1)
DENIED = event(OrderDenied)

REFUSED: list[tuple[Callable[[], object], str]] = [
    (lambda: step(trade.price), "compare it with something"),
    (lambda: step(trade.price > 1 and trade.size > 1), "join conditions with & and"),
    (lambda: step(1 < trade.price < 5), "join conditions with & and"),
    (lambda: step(trade.price > 1 & trade.size), "unsupported operand"),
    (lambda: step(trade.price > quote.bid), "is about quote and trade at once"),
    (lambda: step(last(trade.price) > 1), "is about no event"),
    (lambda: step(trade.symbol > "A"), "trade.symbol is a text; compare it with == or !="),
    (lambda: step(trade.price == "A"), "trade.price is a number and 'A' a text"),
    (lambda: trade.symbol + 1, "+ needs numbers"),
    (lambda: trade.price == None, "of type NoneType"),  # noqa: E711 - as an author may write it
    (lambda: DENIED.strategi, "order.denied has no field 'strategi'; did you mean strategy"),
    (lambda: event(OrderIntended).order.legs, "use where(function)"),
    (lambda: event(int), "not a class of events"),  # type: ignore[type-var]
    (lambda: trade.where(3), "cannot be called"),  # type: ignore[arg-type]
    (lambda: FIRST.then(quote).checked(), 'add within("10m")'),
    (lambda: FIRST.within("5 minutes"), "within is '5 minutes'; it must be a duration such as"),
    (lambda: FIRST.within("0s"), "within is '0s'"),
    (lambda: FIRST.within(5), "within is 5; it must be a duration such as"),  # type: ignore[arg-type]
    (lambda: FIRST.within("200h"), "at most 168h"),
    (lambda: FIRST.without(quote).within("1s").checked(), "without has no step after it"),
    (lambda: FIRST.without(quote).then_not(quote, "1s"), "without has no step after it"),
    (lambda: FIRST.then_not(quote, "1s").then(quote), "then_not is the end"),
    (lambda: step(DENIED).checked(), "order.denied has no field 'symbol' to match by"),
    (lambda: step(trade.price > previous[trade.price]).checked(), "not a step before it"),
    (lambda: FIRST.next(trade.price > previous[quote.bid]).checked(), "which is a trade"),
    (lambda: FIRST.next(quote.bid > step(trade)[trade.price]).checked(), "not a step before it"),
    (lambda: highest(highest(trade.price, "day"), "day"), "cannot be part of another figure"),
    (lambda: highest(trade.symbol, "day"), "which is not a number"),
    (lambda: highest(trade.price, "month"), "highest over is 'month'"),
    (lambda: highest(trade.price, "day", zone="Mars"), "zone is 'Mars'"),
    (lambda: count(trade.price, "day"), "it needs a condition or a source"),  # type: ignore[arg-type]
    (lambda: run(1, trade.price > 1), "run is of 1 events; it must be 2 to 100"),
    (lambda: times(101, trade), "times is of 101 events"),
    (lambda: FIRST.keep(0), "keep is 0"),
    (lambda: previous[previous[trade.price]], "look back once"),
]


@pytest.mark.parametrize(("declare", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_a_declaration_is_refused(declare: Callable[[], object], words: str) -> None:
    with pytest.raises(
        (PatternError, AttributeError, TypeError, ValueError), match=re.escape(words)
    ):
        declare()


def test_a_pattern_is_not_changed_by_what_is_made_of_it() -> None:
    within = FIRST.within("1s")
    assert (FIRST.within_ns, within.within_ns) == (None, 1_000_000_000)
    assert len(FIRST.then(quote).steps) == 2
    assert len(FIRST.steps) == 1


def test_a_field_may_lie_in_the_order_that_an_event_carries() -> None:
    large: Pattern[OrderIntended] = step(event(OrderIntended).order.terms.quantity > 100)
    assert large.by("account", "symbol").checked().kinds == {OrderIntended}
    assert step(event(Fill).price > 1).checked().by_names == ("symbol",)
