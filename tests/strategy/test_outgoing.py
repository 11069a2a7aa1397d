"""Cancels and changes on their way: what is sent, what waits, and what is told in the end."""

from decimal import Decimal

import pytest

from tapewire.common.events import (
    CancelSignal,
    ModifyOrder,
    ModifySignal,
    OrderChanged,
    OrderCreated,
    OrderDenied,
    OrderExpired,
    OrderPendingCancel,
    OrderPendingUpdate,
    SubmitOrder,
    Trade,
)
from tests.strategy.desk import MS, SECOND, T0, quote, runner


def bought(one, state: str | None = "ACCEPTED") -> str:
    """An order, answered and in `state`; not answered if it is None."""
    order_id = one.strategy.buy("AAPL", 10, Decimal(5))
    for signal in one.due(T0):
        one.sent(signal, T0)
    if state is not None:
        order = SubmitOrder(
            f"{order_id}/1", T0, "echo", "AAPL", "BUY", Decimal(10), "LMT", T0,
            limit_price=Decimal(5), signal_id=order_id,
        )  # fmt: skip
        one.on_executor(OrderCreated(T0, order_id, order), T0)
        one.on_executor(OrderChanged(T0, f"{order_id}/1", "echo", state, Decimal(0)), T0)
        one.strategy.told.clear()
    return order_id


def test_a_cancel_carries_the_order_and_the_tick_that_triggered_it():
    one = runner()
    order_id = bought(one)
    one.strategy.on_trade = lambda _trade: one.strategy.cancel(order_id)
    one._on_trade = one.strategy.on_trade
    one.on_ticks("o", [Trade("AAPL", T0 - 9, 1.0, 1.0)], T0)
    assert one.due(T0) == [
        CancelSignal("echo-e1-2", T0, "echo", order_id, T0 + 5 * SECOND, "o/0", T0 - 9)
    ]


def test_a_change_names_only_the_terms_that_are_to_be_new():
    one = runner()
    order_id = bought(one)
    assert one.strategy.modify(order_id, 12) == "echo-e1-2"
    assert one.due(T0) == [
        ModifySignal("echo-e1-2", T0, "echo", order_id, T0 + 5 * SECOND, Decimal(12))
    ]


@pytest.mark.parametrize("kind", ["cancel", "modify"])
def test_it_is_sent_again_until_it_is_answered(kind: str):
    one = runner()
    order_id = bought(one)
    own_id = one.strategy.cancel(order_id) if kind == "cancel" else one.strategy.modify(order_id, 3)
    (signal,) = one.due(T0)
    one.sent(signal, T0)
    assert one.due(T0 + 249 * MS) == []
    assert one.due(T0 + 250 * MS) == [signal]
    change = ModifyOrder(own_id, T0, f"{order_id}/1", Decimal(3), T0)
    if kind == "cancel":
        one.on_executor(OrderPendingCancel(T0, own_id, "echo", f"{order_id}/1"), T0)
    else:
        one.on_executor(OrderPendingUpdate(T0, own_id, "echo", change), T0)
    assert one.due(T0 + SECOND) == []
    assert one.strategy.told == []


def test_a_denied_cancel_is_told():
    one = runner()
    own_id = one.strategy.cancel(bought(one))
    denied = OrderDenied(T0, own_id, "echo", "the order is FILLED already")
    one.on_executor(denied, T0)
    assert (one.strategy.told, one.due(T0)) == ([denied], [])


def test_a_signal_whose_cancel_waits_is_not_sent_any_more():
    one = runner()
    order_id = one.strategy.buy("AAPL", 1)
    own_id = one.strategy.cancel(order_id)
    assert [signal.id for signal in one.due(T0)] == [own_id]
    one.on_executor(OrderDenied(T0, own_id, "echo", "no"), T0)
    assert [signal.id for signal in one.due(T0)] == [order_id]


@pytest.mark.parametrize("state", [None, "CREATED", "INTENDED"])
def test_a_change_waits_for_its_order_to_be_accepted(state: str | None):
    one = runner()
    order_id = bought(one, state)
    own_id = one.strategy.modify(order_id, 12)
    assert own_id not in [s.id for s in one.due(T0 + SECOND)]
    if state is None:
        one.outgoing.answered(order_id)
    else:
        one.on_executor(OrderChanged(T0, f"{order_id}/1", "echo", "ACCEPTED", Decimal(0)), T0)
    assert [s.id for s in one.due(T0 + SECOND)] == [own_id]


def test_cancels_and_changes_are_not_pending_orders():
    one = runner()
    order_id = bought(one)
    one.strategy.cancel(order_id)
    one.strategy.modify(order_id, 12)
    assert one.strategy.pending("AAPL") == 1


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("nobody there", "it could not be delivered: the executor was not there"),
        ("no answer", "the executor did not answer it in time; it may have been traded"),
        ("too early", "its order was not accepted in time to be changed"),
    ],
)
def test_what_expires_says_why(how: str, reason: str):
    one = runner()
    if how == "too early":
        own_id = one.strategy.modify(bought(one, "INTENDED"), 12)
    else:
        own_id = one.strategy.buy("AAPL", 1)
    if how == "no answer":
        one.sent(one.due(T0)[0], T0)
    late_ns = T0 + 5 * SECOND + 1
    one.due(late_ns)
    assert one.strategy.told == [OrderExpired(late_ns, own_id, "echo", reason)]


def test_nothing_is_cancelled_or_changed_while_it_is_not_live():
    one = runner()
    order_id = bought(one)
    one.live = False
    assert (one.strategy.cancel(order_id), one.strategy.modify(order_id, 3)) == ("", "")
    one.live = True
    assert (one.strategy.cancel(""), one.strategy.modify("", 3)) == ("", "")
    assert one.due(T0) == []


# ---- what triggered it --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tick", "price"),
    [(Trade("AAPL", T0, 7.5, None), 7.5), (quote(1.0, 2.0), 1.5), (quote(None, 2.0), None)],
)
def test_a_signal_carries_the_price_that_triggered_it(tick, price: float | None):
    one = runner()
    one._on_trade = lambda _trade: one.strategy.buy("AAPL", 1)
    one.on_ticks("o", [tick], T0)
    (signal,) = one.due(T0)
    assert signal.trigger_price == price


def test_a_signal_outside_a_tick_has_no_cause():
    one = runner()
    one.on_ticks("o", [quote()], T0)
    one.outgoing.waiting.clear()
    one.strategy.buy("AAPL", 1)
    (signal,) = one.due(T0)
    assert (signal.cause_id, signal.cause_ns, signal.trigger_price) == ("", 0, None)
