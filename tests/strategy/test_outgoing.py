"""Signals on their way: what is sent, what waits, and what the strategy receives in the end."""

from decimal import Decimal
from functools import partial

import pytest
from msgspec.structs import replace

from tapewire import Trade
from tapewire.common.clock import Now
from tapewire.common.events import (
    CancelSignal,
    ModifyOrder,
    ModifySignal,
    OrderCancelPending,
    OrderExpired,
    OrderModifyPending,
    TermChanges,
)
from tests import counted
from tests.strategy.kit import (
    LIMIT,
    NOW,
    SECOND,
    T0,
    at,
    created,
    denied,
    executor,
    moved,
    quote,
    runner,
)


def bought(one, state: str | None = "ACCEPTED") -> str:
    """An order, answered and in `state`; not answered if it is None."""
    order_id = one.strategy.buy("AAPL", 10, limit=5)
    for signal in one.due(NOW):
        one.sent(signal, NOW)
    if state is not None:
        executor(one, created(order_id), moved(state, signal_id=order_id))
        one.strategy.received.clear()
    return order_id


def test_a_cancel_carries_the_order_and_the_tick_that_triggered_it():
    one = runner()
    order_id = bought(one)
    one.strategy.on_trade = lambda _trade: one.strategy.cancel(order_id)
    one._on_trade = one.strategy.on_trade
    one.on_ticks("o", [Trade("AAPL", T0 - 9, 1.0, 1.0)], NOW)
    ends = {"expires_ns": T0 + 5 * SECOND, "expires_mono_ns": NOW.mono_ns + 5 * SECOND}
    caused = {"cause_id": "o/0", "cause_ns": T0 - 9}
    assert one.due(NOW) == [CancelSignal("echo-e1-2", T0, "", "echo", order_id, **ends, **caused)]


def test_a_modify_carries_its_changes():
    one = runner()
    order_id = bought(one)
    assert one.strategy.modify(order_id, 12) == "echo-e1-2"
    assert one.due(NOW) == [
        ModifySignal(
            "echo-e1-2", T0, "", "echo", order_id, T0 + 5 * SECOND, TermChanges(Decimal(12)),
            expires_mono_ns=NOW.mono_ns + 5 * SECOND,
        )
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["cancel", "modify"])
def test_it_is_sent_again_until_it_is_answered(kind: str):
    one = runner()
    order_id = bought(one)
    own_id = one.strategy.cancel(order_id) if kind == "cancel" else one.strategy.modify(order_id, 3)
    (signal,) = one.due(NOW)
    one.sent(signal, NOW)
    assert one.due(at(249)) == []
    assert one.due(at(250)) == [signal]
    intent_id = f"{order_id}/1"
    modify = ModifyOrder(own_id, T0, intent_id, replace(LIMIT, quantity=Decimal(3)), T0)
    if kind == "cancel":
        executor(one, OrderCancelPending(T0, "DU1", own_id, "echo", intent_id))
    else:
        executor(one, OrderModifyPending(T0, "DU1", own_id, "echo", modify))
    assert one.due(at(1000)) == []
    assert one.strategy.received == []


def test_a_denied_cancel_is_news():
    one = runner()
    news = denied(one.strategy.cancel(bought(one)))
    executor(one, news)
    assert (one.strategy.received, one.due(NOW)) == ([news], [])


def test_a_signal_whose_cancel_waits_is_not_sent_any_more():
    one = runner()
    order_id = one.strategy.buy("AAPL", 1)
    own_id = one.strategy.cancel(order_id)
    assert [signal.id for signal in one.due(NOW)] == [own_id]
    executor(one, denied(own_id))
    assert [signal.id for signal in one.due(NOW)] == [order_id]


@pytest.mark.parametrize("state", [None, "CREATED", "INTENDED"])
def test_a_modify_waits_for_its_order_to_be_accepted(state: str | None):
    one = runner()
    order_id = bought(one, state)
    own_id = one.strategy.modify(order_id, 12)
    assert own_id not in [s.id for s in one.due(at(1000))]
    if state is None:
        executor(one, created(order_id))
    executor(one, moved("ACCEPTED", signal_id=order_id))
    assert [s.id for s in one.due(at(1000))] == [own_id]


def test_cancels_and_modifies_are_not_pending_orders():
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
        ("too early", "its order was not accepted in time to be modified"),
    ],
)
def test_what_expires_says_why(how: str, reason: str):
    one = runner(account="DU1")
    if how == "too early":
        own_id = one.strategy.modify(bought(one, "INTENDED"), 12)
    else:
        own_id = one.strategy.buy("AAPL", 1)
    if how == "no answer":
        one.sent(one.due(NOW)[0], NOW)
    late = at(5000) + 1
    one.due(late)
    assert one.strategy.received == [OrderExpired(late.wall_ns, "DU1", own_id, "echo", reason)]


@pytest.mark.parametrize("hours", [-1, 1])
def test_setting_the_wall_clock_moves_no_interval(hours: int):
    one = runner()
    one.strategy.buy("AAPL", 1)
    (signal,) = one.due(NOW)
    one.sent(signal, NOW)
    set_ns = hours * 3600 * SECOND

    def after(ms: int) -> Now:
        return Now(at(ms).wall_ns + set_ns, at(ms).mono_ns)

    assert [one.due(after(ms)) for ms in (249, 250, 5000, 5001)] == [[], [signal], [signal], []]
    assert len(one.strategy.received) == 1


def test_nothing_is_cancelled_or_modified_while_it_is_not_live():
    one = runner()
    order_id = bought(one)
    one.live = False
    assert (one.strategy.cancel(order_id), one.strategy.modify(order_id, 3)) == ("", "")
    one.live = True
    assert (one.strategy.cancel(""), one.strategy.modify("", 3)) == ("", "")
    assert one.due(NOW) == []


# ---- at what cost -------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["nobody there", "no answer", "cancelled"])
def test_ten_times_the_signals_cost_ten_times_as_much(how: str):
    few, many = (counted.steps(partial(_to_the_end, how, count)) for count in (30, 300))
    assert many < 12 * few


def _to_the_end(how: str, count: int) -> None:
    """Signals that nobody answers, one in each turn, until all have expired."""
    one = runner()
    for number in range(count):
        order_id = one.strategy.buy("AAPL", 1)
        if how == "cancelled":
            one.strategy.cancel(order_id)
        for signal in one.due(at(number)) if how != "nobody there" else ():
            one.sent(signal, at(number))
    one.due(at(10_000))
    assert len(one.waiting) == 0


# ---- what triggered it --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tick", "price"),
    [(Trade("AAPL", T0, 7.5, None), 7.5), (quote(1.0, 2.0), 1.5), (quote(None, 2.0), None)],
)
def test_a_signal_carries_the_price_that_triggered_it(tick, price: float | None):
    one = runner()
    one._on_trade = lambda _trade: one.strategy.buy("AAPL", 1)
    one.on_ticks("o", [tick], NOW)
    (signal,) = one.due(NOW)
    assert signal.trigger_price == price


def test_a_signal_outside_a_tick_has_no_cause():
    one = runner()
    one.on_ticks("o", [quote()], NOW)
    executor(one, denied(*one.waiting))
    one.strategy.buy("AAPL", 1)
    (signal,) = one.due(NOW)
    assert (signal.cause_id, signal.cause_ns, signal.trigger_price) == ("", 0, None)
