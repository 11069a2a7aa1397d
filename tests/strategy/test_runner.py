"""The runner: a signal until it is answered, a strategy's faults its own, positions from fills."""

import sys
from decimal import Decimal

import pytest

from tapewire.common.bus import wire
from tapewire.common.events import (
    Fill,
    OrderChanged,
    OrderCreated,
    OrderDenied,
    OrderExpired,
    SubmitOrder,
    Trade,
)
from tapewire.strategy.loading.faults import Failure, shown
from tests.strategy import desk
from tests.strategy.desk import MS, SECOND, T0, Echo, quote, runner

HERE = shown(__file__)
RAISES = f"{shown(desk.__file__)}:{desk.Echo.on_quote.__code__.co_firstlineno + 2}"


def order_of(signal, strategy: str = "echo") -> SubmitOrder:
    return SubmitOrder(
        f"{signal.id}/1", T0, strategy, signal.symbol, signal.action, signal.quantity, "MKT",
        signal.expires_ns, signal_id=signal.id,
    )  # fmt: skip


def fill(exec_id: str, quantity: int, side: str = "BUY", **more: object) -> Fill:
    given = {"intent_id": "echo-e1-1/1", "strategy": "echo", "symbol": "AAPL", **more}
    return Fill(
        ts_ns=T0, exec_id=exec_id, perm_id=1, side=side, quantity=Decimal(quantity),
        price=Decimal(1), **given,
    )  # fmt: skip


def signalled(one):
    """The signal that a quote triggers, handed over once."""
    one.on_ticks("origin", [quote()], T0)
    (signal,) = one.due(T0)
    one.sent(signal, T0)
    return signal


def test_a_signal_carries_what_a_trader_would_ask_of_it():
    one = runner()
    one.on_ticks("gateway/g1/tick.AAPL/7", [Trade("AAPL", T0, 1.0, 1.0), quote()], T0)
    (signal,) = one.due(T0)
    assert (signal.id, signal.strategy, signal.ts_ns) == ("echo-e1-1", "echo", T0)
    assert (signal.action, signal.quantity, signal.order_type) == ("BUY", 1, "MKT")
    assert signal.expires_ns == T0 + 5 * SECOND
    assert (signal.cause_id, signal.cause_ns) == ("gateway/g1/tick.AAPL/7/1", T0 - 5)


def test_a_limit_price_makes_a_limit_order():
    one = runner()
    one.strategy.sell("AAPL", 3, Decimal("1.5"), 0.5)
    (signal,) = one.due(T0)
    assert (signal.order_type, signal.limit_price) == ("LMT", Decimal("1.5"))
    assert (signal.action, signal.confidence) == ("SELL", 0.5)


def test_a_signal_is_sent_again_under_its_id_until_it_is_answered():
    one = runner()
    signal = signalled(one)
    assert one.due(T0 + 249 * MS) == []
    assert one.due(T0 + 250 * MS) == [signal]
    one.on_executor(OrderCreated(T0, signal.id, order_of(signal)), T0)
    assert one.due(T0 + SECOND) == []


def test_a_signal_that_was_not_taken_is_due_at_once_again():
    one = runner()
    one.on_ticks("origin", [quote()], T0)
    assert len(one.due(T0)) == len(one.due(T0)) == 1


@pytest.mark.parametrize("answer", [OrderDenied, OrderExpired])
def test_a_denial_ends_a_signal_and_the_strategy_is_told(answer):
    one = runner()
    signal = signalled(one)
    extra = ("why",) if answer is OrderDenied else ()
    news = answer(T0, signal.id, "echo", *extra)
    one.on_executor(news, T0)
    assert one.strategy.told == [news]
    assert (one.due(T0 + SECOND), one.strategy.pending("AAPL")) == ([], 0)


def test_a_signal_that_expires_unanswered_is_not_sent_again_and_the_strategy_is_told():
    one = runner()
    signal = signalled(one)
    assert one.due(signal.expires_ns) == [signal]
    assert one.due(signal.expires_ns + 1) == []
    reason = "the executor did not answer it in time; it may have been traded"
    assert one.strategy.told == [OrderExpired(signal.expires_ns + 1, signal.id, "echo", reason)]


def test_nothing_is_sent_before_it_is_live():
    one = runner(live=False)
    one.on_ticks("origin", [quote()], T0)
    assert (one.due(T0), one.signals, len(one.strategy.ticks)) == ([], 0, 1)
    assert one.strategy.buy("AAPL", 1) == ""


def test_the_past_is_taken_in_without_telling_the_strategy():
    one = runner(live=False)
    one.on_gateway(fill("e1.01", 5), T0)
    one.on_executor(OrderChanged(T0, "echo-e0-1/1", "echo", "FILLED", Decimal(5)), T0)
    assert (one.strategy.told, one.strategy.position("AAPL")) == ([], 5)


# ---- pending and position -----------------------------------------------------------------------


@pytest.mark.parametrize("end", ["FILLED", "CANCELLED", "REJECTED", "REFUSED", "LOST"])
def test_an_order_is_pending_from_its_signal_to_its_end_and_again_if_it_comes_back(end: str):
    one = runner()
    signal = signalled(one)
    pending = [one.strategy.pending("AAPL")]
    one.on_executor(OrderCreated(T0, signal.id, order_of(signal)), T0)
    for state in ("ACCEPTED", end, "ACCEPTED"):
        pending.append(one.strategy.pending("AAPL"))
        one.on_executor(OrderChanged(T0, f"{signal.id}/1", "echo", state, Decimal(0)), T0)
    assert [*pending, one.strategy.pending("AAPL")] == [1, 1, 1, 0, 1]
    assert one.strategy.pending("MSFT") == 0


def test_a_message_is_named_only_when_a_signal_comes_of_it():
    one = runner()
    batch = wire.Batch(1, "gateway", "g1", 7, [])
    one.on_ticks((batch, "tick.AAPL"), [Trade("AAPL", T0, 1.0, 1.0), quote()], T0)
    assert one.due(T0)[0].cause_id == "gateway/g1/tick.AAPL/7/1"


def test_other_strategies_orders_and_fills_are_not_its_own():
    one = runner()
    signal = signalled(one)
    one.on_executor(OrderCreated(T0, "other-1", order_of(signal, "other")), T0)
    one.on_executor(OrderDenied(T0, signal.id, "other", "no"), T0)
    one.on_gateway(fill("e1.01", 5, strategy="other"), T0)
    one.on_gateway(fill("e2.01", 5, strategy=None), T0)
    assert (one.strategy.told, one.strategy.position("AAPL")) == ([], 0)
    assert one.strategy.pending("AAPL") == 1


def test_the_position_is_of_its_own_fills_with_corrections_in_place():
    one = runner()
    for each in (
        fill("e1.01", 5),
        fill("e2.01", 3, "SELL"),
        fill("e1.02", 4),
        fill("e1.02", 4),
    ):
        one.on_gateway(each, T0)
    assert one.strategy.held == [5, 2, 1, 1]
    assert one.strategy.position("MSFT") == 0


# ---- a strategy that raises ---------------------------------------------------------------------


def test_a_raising_strategy_costs_its_tick():
    said: list[Failure] = []
    one = runner(said, parameters={"raises": True})
    one.on_ticks("origin", [quote()], T0)
    (failure,) = said
    assert str(failure).startswith(
        f"strategy echo raised RuntimeError: cannot at {RAISES}, failure 1 of 10, on Quote("
    )
    assert str(failure).endswith("it goes on")
    assert not one.stopped


def test_what_it_raised_is_told_with_the_last_line_of_its_own_and_the_whole_traceback():
    said: list[Failure] = []
    one = runner(said)
    one.strategy.on_fill = lambda fill: one.strategy.buy(fill.symbol, "no number")
    one.on_gateway(fill("e1.01", 5), T0)
    line = one.strategy.on_fill.__code__.co_firstlineno
    assert f"InvalidOperation: [<class 'decimal.ConversionSyntax'>] at {HERE}:{line}," in str(*said)
    (failure,) = said
    assert "Traceback (most recent call last)" in failure.traceback
    assert 'strategy/base.py", line' in failure.traceback, "also what it called there"


def test_how_often_it_raised_and_what_last_is_known():
    one = runner(parameters={"raises": True}, failures_max=2)
    assert one.fault == ""
    one.on_ticks("origin", [quote()], T0)
    last = f"the last: RuntimeError: cannot at {RAISES}"
    assert one.fault == f"strategy echo goes on after 1 failure, is stopped after 2, {last}"
    one.on_ticks("origin", [quote()], T0)
    assert one.fault == f"strategy echo was stopped after 2 failures, {last}"


def test_a_strategy_that_raised_ten_times_gets_no_more_ticks_even_of_the_same_message():
    said: list[Failure] = []
    one = runner(said, parameters={"raises": True})
    one.on_ticks("origin", [quote()] * 25, T0)
    one.on_ticks("origin", [quote()], T0)
    assert (one.stopped, one.failures, len(said)) == (True, 10, 10)
    assert str(said[-1]).endswith("it gets nothing more")


def test_a_strategy_that_was_stopped_gets_nothing_more():
    one = runner(parameters={"raises": True}, failures_max=2)
    one.on_ticks("origin", [quote()] * 2, T0)
    one.on_gateway(fill("e1.01", 5), T0)
    one.on_external("feed", "topic", {}, T0)
    assert (one.stopped, one.failures, one.strategy.told) == (True, 2, [])
    assert one.strategy.position("AAPL") == 5


class Unset(Echo):
    """Raises before it is set up, and so in every later callback too."""

    def on_start(self) -> None:
        raise KeyError("AAPL")

    def on_stop(self) -> None:
        self.told.clear()


def test_a_strategy_whose_on_start_raises_is_stopped_and_that_error_stays_the_one_told():
    said: list[Failure] = []
    one = runner(said, strategy="tests.strategy.test_runner:Unset")
    one.on_ticks("origin", [quote()], T0)
    one.on_gateway(fill("e1.01", 5), T0)
    one.stop()
    place = f"{HERE}:{Unset.on_start.__code__.co_firstlineno + 1}"
    assert (
        one.fault == f"strategy echo was stopped: its on_start raised KeyError: 'AAPL' at {place}"
    )
    (failure,) = said
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
    one.on_gateway(fill("e1.01", 5), T0)
    assert (one.failures, one.strategy.position("AAPL")) == (1, 5)


# ---- configuration ------------------------------------------------------------------------------


def test_a_struct_of_parameters_is_handed_over():
    assert runner(parameters={"quantity": 7}).strategy.parameters.quantity == 7
