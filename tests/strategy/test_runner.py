"""The runner: a signal until it is answered, a strategy's faults stay its own, its position."""

import sys
from decimal import Decimal

import pytest

from tapewire import Trade
from tapewire.common.bus import wire
from tapewire.common.events import Depth, OrderExpired, OrderTerms
from tapewire.common.own_code import shown
from tapewire.strategy.loading.faults import Failure
from tests.strategy import kit
from tests.strategy.kit import (
    NOW,
    SECOND,
    T0,
    Echo,
    at,
    created,
    denied,
    executor,
    fill,
    gateway,
    moved,
    quote,
    runner,
)

HERE = shown(__file__)
RAISES = f"{shown(kit.__file__)}:{Echo.on_quote.__code__.co_firstlineno + 2}"


def signalled(one):
    """The signal that a quote triggers, handed over once."""
    one.on_ticks("origin", [quote()], NOW)
    (signal,) = one.due(NOW)
    one.sent(signal, NOW)
    return signal


def test_a_signal_carries_what_a_trader_would_ask_of_it():
    one = runner()
    one.on_ticks("gateway/g1/tick.AAPL/7", [Trade("AAPL", T0, 1.0, 1.0), quote()], NOW)
    (signal,) = one.due(NOW)
    assert (signal.id, signal.strategy, signal.ts_ns) == ("echo-e1-1", "echo", T0)
    assert signal.terms == OrderTerms("BUY", Decimal(1))
    assert signal.expires_ns == T0 + 5 * SECOND
    assert (signal.cause_id, signal.cause_ns) == ("gateway/g1/tick.AAPL/7/1", T0 - 5)


def test_a_signal_is_sent_again_under_its_id_until_it_is_answered():
    one = runner()
    signal = signalled(one)
    assert one.due(at(249)) == []
    assert one.due(at(250)) == [signal]
    executor(one, created(signal.id))
    assert one.due(at(1000)) == []


def test_a_signal_that_was_not_taken_is_due_at_once_again():
    one = runner()
    one.on_ticks("origin", [quote()], NOW)
    assert len(one.due(NOW)) == len(one.due(NOW)) == 1


@pytest.mark.parametrize("answer", [denied, lambda id: OrderExpired(T0, "DU1", id, "echo")])
def test_a_denial_ends_a_signal_and_is_news(answer):
    one = runner()
    news = answer(signalled(one).id)
    executor(one, news)
    assert one.strategy.received == [news]
    assert (one.due(at(1000)), one.strategy.pending("AAPL")) == ([], 0)


def test_a_signal_that_expires_unanswered_is_not_sent_again_and_that_is_news():
    one = runner()
    signal, late = signalled(one), at(5000) + 1
    assert one.due(at(5000)) == [signal]
    assert one.due(late) == []
    reason = "the executor did not answer it in time; it may have been traded"
    assert one.strategy.received == [OrderExpired(late.wall_ns, "", signal.id, "echo", reason)]


def test_nothing_is_sent_before_it_is_live():
    one = runner(live=False)
    one.on_ticks("origin", [quote()], NOW)
    assert (one.due(NOW), one.signals, len(one.strategy.ticks)) == ([], 0, 1)
    assert one.strategy.buy("AAPL", 1) == ""


def test_the_past_is_taken_in_without_calling_the_strategy():
    one = runner(live=False)
    gateway(one, fill("e1.01", 5))
    executor(one, moved("FILLED", 5, "echo-e0-1"))
    assert (one.strategy.received, one.strategy.position("AAPL")) == ([], 5)


# ---- pending and position -----------------------------------------------------------------------


@pytest.mark.parametrize("end", ["FILLED", "CANCELLED", "REJECTED", "DENIED", "LOST"])
def test_an_order_is_pending_from_its_signal_to_its_end_and_again_if_it_comes_back(end: str):
    one = runner()
    signal = signalled(one)
    pending = [one.strategy.pending("AAPL")]
    executor(one, created(signal.id))
    for state in ("ACCEPTED", end, "ACCEPTED"):
        pending.append(one.strategy.pending("AAPL"))
        executor(one, moved(state, signal_id=signal.id))
    assert [*pending, one.strategy.pending("AAPL")] == [1, 1, 1, 0, 1]
    assert one.strategy.pending("MSFT") == 0


def test_a_message_is_named_only_when_a_signal_comes_of_it():
    one = runner()
    batch = wire.Batch(1, "gateway", "g1", 7, [])
    one.on_ticks((batch, "tick.AAPL"), [Trade("AAPL", T0, 1.0, 1.0), quote()], NOW)
    assert one.due(NOW)[0].cause_id == "gateway/g1/tick.AAPL/7/1"


def test_other_strategies_orders_and_fills_are_not_its_own():
    one = runner()
    signal = signalled(one)
    executor(one, created("other-1", strategy="other"), denied(signal.id, "other"))
    gateway(one, fill("e1.01", 5, strategy="other"), fill("e2.01", 5, strategy=None))
    assert (one.strategy.received, one.strategy.position("AAPL")) == ([], 0)
    assert one.strategy.pending("AAPL") == 1


def test_the_position_is_of_its_own_fills_with_corrections_in_place():
    one = runner()
    again = fill("e1.02", 4)
    gateway(one, fill("e1.01", 5), fill("e2.01", 3, "SELL"), again, again)
    assert one.strategy.held == [5, 2, 1]
    assert one.strategy.position("MSFT") == 0


# ---- a strategy that raises ---------------------------------------------------------------------


def test_an_on_quote_that_raises_once_costs_that_tick_only():
    one = runner()
    wanted = one._on_quote

    def raises_at_the_second(given) -> None:
        if given.bid == 2.0:
            raise RuntimeError("cannot")
        wanted(given)

    one._on_quote = raises_at_the_second
    one.on_ticks("o", [quote(1.0), quote(2.0), quote(3.0), quote(4.0)], NOW)
    one.on_ticks("p", [quote(5.0)], NOW)
    assert [tick.bid for tick in one.strategy.ticks] == [1.0, 3.0, 4.0, 5.0]
    assert [s.cause_id for s in one.due(NOW)] == ["o/0", "o/2", "o/3", "p/0"]
    assert (one.failures, one.stopped) == (1, False)
    assert "RuntimeError: cannot" in one.fault


def test_what_a_raising_strategy_raised_is_reported():
    reported: list[Failure] = []
    one = runner(reported, parameters={"raises": True})
    one.on_ticks("origin", [quote()], NOW)
    (failure,) = reported
    assert str(failure).startswith(
        f"strategy echo raised RuntimeError: cannot at {RAISES}, failure 1 of 10, on Quote("
    )
    assert str(failure).endswith("it continues")
    assert not one.stopped


def test_what_it_raised_is_reported_with_the_last_line_of_its_own_and_the_whole_traceback():
    reported: list[Failure] = []
    one = runner(reported)
    one.strategy.on_fill = lambda fill: one.strategy.buy(fill.symbol, "no number")
    gateway(one, fill("e1.01", 5))
    line = one.strategy.on_fill.__code__.co_firstlineno
    assert f"ValueError: quantity is 'no number'; it must be a number at {HERE}:{line}," in str(
        *reported
    )
    (failure,) = reported
    assert "Traceback (most recent call last)" in failure.traceback
    assert 'strategy/terms.py", line' in failure.traceback, "also what it called there"


def test_how_often_it_raised_and_what_last_is_known():
    one = runner(parameters={"raises": True}, failures_max=2)
    assert one.fault == ""
    one.on_ticks("origin", [quote()], NOW)
    last = f"the last: RuntimeError: cannot at {RAISES}"
    assert (
        one.fault
        == f"strategy echo continues after 1 failure, is stopped after 2 within 60 s, {last}"
    )
    one.on_ticks("origin", [quote()], NOW)
    assert one.fault == f"strategy echo was stopped after 2 failures, {last}"


def test_a_strategy_that_raised_ten_times_gets_no_more_ticks_even_of_the_same_message():
    reported: list[Failure] = []
    one = runner(reported, parameters={"raises": True})
    one.on_ticks("origin", [quote()] * 25, NOW)
    one.on_ticks("origin", [quote()], NOW)
    assert (one.stopped, one.failures, len(reported)) == (True, 10, 10)
    assert str(reported[-1]).endswith("it gets nothing more")


def test_a_strategy_that_was_stopped_gets_nothing_more():
    one = runner(parameters={"raises": True}, failures_max=2)
    one.on_ticks("origin", [quote()] * 2, NOW)
    gateway(one, fill("e1.01", 5))
    one.on_external("feed", "topic", {}, NOW)
    assert (one.stopped, one.failures, one.strategy.received) == (True, 2, [])
    assert one.strategy.position("AAPL") == 5


class Unset(Echo):
    """Raises before it is set up, and so in every later callback too."""

    def on_start(self) -> None:
        raise KeyError("AAPL")

    def on_stop(self) -> None:
        self.received.clear()


def test_a_strategy_whose_on_start_raises_is_stopped_and_that_error_stays_the_last():
    reported: list[Failure] = []
    one = runner(reported, strategy="tests.strategy.test_runner:Unset")
    one.on_ticks("origin", [quote()], NOW)
    gateway(one, fill("e1.01", 5))
    one.stop()
    place = f"{HERE}:{Unset.on_start.__code__.co_firstlineno + 1}"
    assert (
        one.fault == f"strategy echo was stopped: its on_start raised KeyError: 'AAPL' at {place}"
    )
    (failure,) = reported
    assert str(failure).endswith("failure 1 of 1, on 'on_start'; it gets nothing more")
    assert (one.stopped, one.failures) == (True, 1)


def test_a_strategy_that_leaves_in_on_start_is_stopped_like_one_that_raises():
    one = runner(strategy="tests.strategy.test_runner:Leaves")
    assert "its on_start raised SystemExit: 3 at" in one.fault


class Leaves(Echo):
    """Ends its process, as it thinks."""

    def on_start(self) -> None:
        sys.exit(3)


def test_a_callback_that_raises_costs_itself():
    one = runner(parameters={"quantity": 1})
    one.strategy.on_fill = lambda _fill: 1 / 0
    gateway(one, fill("e1.01", 5))
    assert (one.failures, one.strategy.position("AAPL")) == (1, 5)


# ---- configuration ------------------------------------------------------------------------------


def test_a_struct_of_parameters_is_handed_over():
    assert runner(parameters={"quantity": 7}).strategy.parameters.quantity == 7


def test_a_book_is_delivered_at_its_time():
    one, came = runner(), list[tuple[Depth, int]]()
    one.strategy.on_depth = lambda depth: came.append((depth, one.strategy.clock.now_ns()))
    book = Depth("AAPL", T0, (), (), "the feed is not known yet")
    one.on_depth(book, at(3))
    assert came == [(book, at(3).wall_ns)]
