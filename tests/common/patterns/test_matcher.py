"""What a pattern means, at its bounds; each of these is an example of `declare`'s docstring."""

import pytest

from tapewire.common.events import OrderDenied
from tapewire.common.patterns import matcher as matching
from tapewire.common.patterns import windows
from tapewire.common.patterns.declare import run, step, times
from tapewire.common.patterns.expressions import previous
from tapewire.common.patterns.figures import highest, total
from tapewire.common.patterns.matcher import Matcher
from tapewire.common.patterns.sources import event, quote, trade
from tests.common.patterns.kit import at, denied, paid, quoted, spans

TWO = step(trade.price > 1).then(trade.price < 1)


def test_five_rising_trades_within_two_seconds() -> None:
    rising = run(5, trade.price > previous[trade.price]).within("2s")
    on_time = [paid(half / 2, 10 + half) for half in range(5)]
    assert spans(rising, on_time) == [(0, 2)]
    late = [*on_time[:-1], paid(2.000000001, 20)]
    assert spans(rising, late) == []


def test_a_run_that_goes_on_is_another_match_only_where_matches_may_overlap() -> None:
    rising = run(3, trade.price > previous[trade.price])
    seven = [paid(second, 10 + second) for second in range(7)]
    assert spans(rising, seven) == [(0, 2), (3, 5)]
    assert spans(rising.overlapping(), seven) == [(0, 2), (1, 3), (2, 4), (3, 5), (4, 6)]


def test_a_break_of_the_days_high_and_its_retest_within_ten_minutes() -> None:
    high = highest(trade.price, "day")
    broke = step(trade.price > high)
    retest = broke.then(trade.price <= broke[high]).within("10m")
    events = [paid(0, 10), paid(1, 11), paid(2, 10.5), paid(601, 10)]
    matcher = Matcher([retest])
    [match] = [one for each in events for one in matcher.take(each)]
    assert (match[broke], match[retest], match.symbol) == (events[1], events[3], "A")
    assert spans(retest, [*events[:-1], paid(601.000000001, 10)]) == []


def test_three_denied_orders_of_one_strategy_in_a_minute() -> None:
    thrice = times(3, event(OrderDenied)).by("strategy").within("1m")
    assert spans(thrice, [denied(0), denied(20), denied(60)]) == [(0, 60)]
    assert spans(thrice, [denied(0), denied(20), denied(60.1), denied(61)]) == [(20, 61)]
    assert spans(thrice, [denied(0), denied(1, "other"), denied(2)]) == []


def test_a_then_not_b_within_a_time() -> None:
    alone = step(trade.price > 1).then_not(quote, "30s")
    assert spans(alone, [paid(0, 2), at(30)]) == []  # b may still come
    assert spans(alone, [paid(0, 2), at(30.000000001)]) == [(0, 30)]
    assert spans(alone, [paid(0, 2), quoted(30, 1, 1), at(99)]) == []
    assert spans(alone, [paid(0, 2), paid(31, 0)]) == [(0, 30)]  # an event passes time as well


def test_next_is_the_next_event_of_the_kinds_in_the_pattern() -> None:
    at_once = step(trade.price > 1).next(trade.price < 1)
    assert spans(at_once, [paid(0, 2), quoted(1, 1, 1), paid(2, 0)]) == [(0, 2)]
    assert spans(at_once, [paid(0, 2), paid(1, 1), paid(2, 0)]) == []


def test_what_must_not_come_in_between_wins() -> None:
    clean = step(trade.price > 1).without(trade.price < 0.5).then(trade.price < 1).within("9s")
    assert spans(clean, [paid(0, 2), paid(1, 0.7)]) == [(0, 1)]
    assert spans(clean, [paid(0, 2), paid(1, 0.4), paid(2, 0.7)]) == []


def test_each_symbol_is_matched_by_itself() -> None:
    events = [paid(0, 2, symbol="A"), paid(1, 0, symbol="B"), paid(2, 0, symbol="A")]
    assert spans(TWO.within("9s"), events) == [(0, 2)]
    assert spans(TWO.within("9s").by(), events) == [(0, 1)]


def test_of_a_quote_without_a_bid_nothing_holds() -> None:
    for condition in (quote.bid > 0, quote.bid <= 0, quote.bid != 1, quote.mid < 9):
        assert spans(step(condition), [quoted(0, None, 1)]) == []


@pytest.mark.filterwarnings("error")
def test_texts_are_compared_and_compiled_without_a_warning() -> None:
    ours = step(event(OrderDenied).strategy == "dip").by()
    others = step(event(OrderDenied).strategy != "dip").by()
    assert spans(ours, [denied(0, "dip"), denied(1, "other")]) == [(0, 0)]
    assert spans(others, [denied(0, "dip"), denied(1, "other")]) == [(1, 1)]


def test_a_window_has_what_is_exactly_as_old_as_it_is_wide() -> None:
    busy = step(total(trade.size, "5s") + trade.size >= 3)
    assert spans(busy, [paid(0, 1), paid(1, 1), paid(5, 1)]) == [(5, 5)]
    assert spans(busy, [paid(0, 1), paid(1, 1), paid(5.000000001, 1)]) == []


def test_an_older_event_counts_as_of_the_newest_ones_time() -> None:
    assert spans(TWO.within("1s"), [paid(5, 2), paid(2, 0)]) == [(5, 5)]


def test_with_reorder_events_are_in_the_order_of_their_time() -> None:
    ordered = TWO.within("9s").reorder("2s")
    given = [paid(1, 0), paid(0, 2), at(5)]
    assert spans(ordered, given) == [(0, 1)]
    matcher = Matcher([ordered])
    for one in [paid(5, 2), paid(2.9, 0)]:
        assert matcher.take(one) == []
    assert matcher.tallies[0].late == 1


def test_with_reorder_absence_waits_for_late_events_too() -> None:
    alone = step(trade.price > 1).then_not(trade.price < 1, "2s").reorder("1s")
    assert spans(alone, [paid(0, 2), at(3)]) == []
    assert spans(alone, [paid(0, 2), at(2.9), paid(2, 0), at(9)]) == []
    assert spans(alone, [paid(0, 2), at(3.1)]) == [(0, 2)]


def test_the_oldest_partial_match_is_dropped_and_counted() -> None:
    kept = TWO.within("9s").keep(2).overlapping()
    matcher = Matcher([kept])
    for one in [paid(0, 2), paid(1, 2), paid(2, 2)]:
        matcher.take(one)
    assert [match.first.ts_ns for match in matcher.take(paid(3, 0))] == [at(1), at(2)]
    assert matcher.tallies[0].dropped == 1


def test_a_partial_match_whose_time_is_over_makes_room_uncounted() -> None:
    matcher = Matcher([TWO.within("1s").keep(2)])
    for second in range(0, 20, 2):
        matcher.take(paid(second, 2))
    assert matcher.tallies[0].dropped == 0


def test_keys_and_windows_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "KEYS_MAX", 2)
    monkeypatch.setattr(windows, "WINDOW_MAX", 2)
    matcher = Matcher([step((trade.size > 0) & (total(trade.size, "1h") >= 3))])
    for second in range(4):
        assert matcher.take(paid(second, 1)) == []  # never more than two of them
    assert matcher.tallies[0].window == 2
    for symbol in "BC":
        matcher.take(paid(9, 1, symbol=symbol))
    assert matcher.tallies[0].keys == 1


def test_events_that_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "HELD_MAX", 2)
    matcher = Matcher([step(trade.price > 1).reorder("1h")])
    for second in range(2):
        assert matcher.take(paid(second, 2)) == []
    assert [one.ts_ns for one in matcher.take(paid(2, 2))] == [at(0)]


def test_what_a_function_raises_is_reported_and_does_not_hold() -> None:
    wrong = step(trade.where(lambda one: 1 / 0))  # type: ignore[arg-type, return-value]
    matcher = Matcher([wrong, step(trade.price > 1)])
    assert len(matcher.take(paid(0, 2))) == 1
    assert isinstance(matcher.failures[0], ZeroDivisionError)


def test_of_many_failures_the_first_are_kept_and_all_counted() -> None:
    matcher = Matcher([step(trade.where(lambda one: one.price[0]))])  # type: ignore[arg-type, return-value, index]
    for second in range(matching.FAILURES_MAX + 5):
        matcher.take(paid(second, 2))
    assert (len(matcher.failures), matcher.failed) == (
        matching.FAILURES_MAX, matching.FAILURES_MAX + 5,
    )  # fmt: skip


def test_at_the_end_nothing_older_is_waited_for() -> None:
    alone = step(trade.price > 1).then_not(trade.price < 1, "2s")
    matcher = Matcher([alone.reorder("1h"), alone, step(trade.price > 1).reorder("9s")])
    assert matcher.take(paid(0, 2)) == []
    assert [match.pattern.reorder_ns for match in matcher.finish(at(2))] == [9 * 10**9]
    assert [match.ts_ns for match in matcher.finish(at(2) + 1)] == [at(2), at(2)]


def test_many_ticks_at_once_are_the_ticks_one_by_one() -> None:
    both = [TWO.within("9s"), step(quote.bid > 1).then(trade.price < 1).by().within("9s")]
    ticks = [paid(0, 2), quoted(1, 2, 3), paid(2, 0), quoted(3, 2, 3), paid(4, 0)]
    one_by_one, at_once = Matcher(both), Matcher(both)
    expected = [(m.events, m.ts_ns) for one in ticks for m in one_by_one.take(one)]
    assert [(m.events, m.ts_ns) for m in at_once.take_ticks("A", ticks)] == expected
    assert len(expected) == 3


def test_what_is_due_is_known() -> None:
    matcher = Matcher([step(trade.price > 1).then_not(quote, "30s")])
    assert matcher.due_ns is None
    matcher.take(paid(0, 2))
    assert matcher.due_ns == at(30)
    assert len(matcher.advance(at(31))) == 1
    assert matcher.due_ns is None
