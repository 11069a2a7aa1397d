"""What a strategy writes for a spread in one order, and what it sees of it."""

from decimal import Decimal

import pytest

from tapewire.common import combos
from tapewire.common.events import (
    CancelSignal,
    ComboLeg,
    GroupCreated,
    GroupSignal,
    OrderCreated,
    OrderStateChanged,
)
from tapewire.executor.groups.plans import group_fault, plan_of
from tapewire.strategy.runner import Runner
from tests.strategy.kit import T0, executor, fill, gateway, runner

GROUP = "echo-e1-1"
LEGS = (ComboLeg("AAPL", 1, "BUY"), ComboLeg("MSFT", 1, "SELL"))


def sent(**more: object) -> Runner:
    one = runner()
    given = {"limit": "2.5", **more}
    assert one.strategy.vertical("AAPL", "MSFT", 2, combo=True, **given) == GROUP
    return one


def signal_of(one: Runner) -> GroupSignal:
    (waiting,) = one.waiting.values()
    assert isinstance(waiting.signal, GroupSignal)
    return waiting.signal


def taken(one: Runner) -> Runner:
    """The executor has made an order of it, and the broker has that."""
    plan = plan_of(signal_of(one), "DU1", T0)
    executor(one, GroupCreated(T0, plan.id, plan))
    executor(one, *(OrderCreated(T0, plan.id, order) for order in plan.orders))
    state(one, "ACCEPTED")
    return one


def state(one: Runner, name: str, filled: int = 0) -> None:
    changed = OrderStateChanged(T0, "DU1", f"{GROUP}/1", "echo", name, Decimal(filled))
    executor(one, changed)


def test_a_spread_in_one_order_is_a_combo_of_both_contracts():
    signal = signal_of(sent(tif="GTC"))
    (leg,) = signal.legs
    assert (leg.role, leg.symbol, leg.legs) == ("order", "AAPL - MSFT", LEGS)
    assert str(leg.terms) == "BUY 2 LMT limit 2.5 GTC"
    assert group_fault(signal) == ""
    assert str(signal_of(sent(limit=None)).legs[0].terms) == "BUY 2 MKT"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"combo": True, "buy_limit": 5}, "a combo has one price for both contracts"),
        ({"limit": 2}, "limit and tif are a combo's"),
        ({"tif": "GTC"}, "limit and tif are a combo's"),
        ({"combo": True, "sell": "AAPL"}, "a spread of AAPL and AAPL is none"),
        ({"combo": True, "confidence": 2}, "confidence is 2; it must be from 0 to 1"),
    ],
)
def test_what_is_no_spread_raises(more: dict, reason: str):
    one = runner()
    with pytest.raises(ValueError, match=reason):
        one.strategy.vertical("AAPL", **{"sell": "MSFT", "quantity": 2, **more})
    assert one.waiting == {}


def test_it_is_pending_on_both_symbols_until_it_is_over():
    one = sent()
    for _ in range(2):
        assert [one.strategy.pending(s) for s in ("AAPL", "MSFT", "GOOG")] == [1, 1, 0]
        if one.waiting:
            taken(one)
    state(one, "CANCELLED")
    assert one.strategy.pending("MSFT") == 0


def test_it_is_one_order_with_its_legs_and_its_fills_are_those_of_the_legs():
    one = taken(sent())
    (order,) = one.strategy.orders
    assert (order.id, order.symbol, order.legs) == (f"{GROUP}/1", "AAPL - MSFT", LEGS)
    assert order.trades("MSFT")
    assert not order.trades("AAPL - MSFT")
    gateway(one, fill("e1.01", 2, "BUY", GROUP))
    assert one.strategy.orders[0].filled == 0
    gateway(one, fill("e2.01", 2, "SELL", GROUP, symbol="MSFT"))
    assert one.strategy.orders[0].filled == 2
    assert (one.strategy.position("AAPL"), one.strategy.position("MSFT")) == (2, -2)
    (group,) = one.strategy.groups
    assert (group.kind, group.legs) == ("vertical", LEGS)


@pytest.mark.parametrize("symbol", ["AAPL", "MSFT"])
def test_close_of_either_symbol_ends_it_first(symbol: str):
    one = taken(sent())
    assert one.strategy.close(symbol)
    (cancel,) = [w.signal for w in one.waiting.values()]
    assert isinstance(cancel, CancelSignal)
    assert cancel.signal_id == GROUP


@pytest.mark.parametrize("symbol", ["AAPL", "MSFT"])
def test_close_waits_for_the_fills_of_both_legs(symbol: str):
    one = taken(sent())
    portfolio = one.context.portfolio
    state(one, "FILLED", 2)
    assert not portfolio.is_settled(symbol)
    gateway(one, fill("e1.01", 2, "BUY", GROUP))
    assert not portfolio.is_settled(symbol)
    gateway(one, fill("e2.01", 2, "SELL", GROUP, symbol="MSFT"))
    assert portfolio.is_settled(symbol)


@pytest.mark.parametrize(
    ("side", "text"),
    [("BUY", "AAPL - MSFT"), ("SELL", "1 AAPL  -  1 MSFT"), ("BUY", "AAPL + 2 MSFT")],
)
def test_buy_and_sell_take_a_combo_where_they_take_a_symbol(side: str, text: str):
    one = runner()
    act = one.strategy.buy if side == "BUY" else one.strategy.sell
    assert act(text, 2, limit="-2.5", tif="GTC") == GROUP
    signal = signal_of(one)
    (leg,) = signal.legs
    assert (signal.kind, leg.role, leg.legs) == ("combo", "order", combos.read(text))
    assert str(leg.terms) == f"{side} 2 LMT limit -2.5 GTC"
    assert group_fault(signal) == ""
    assert [order.legs for order in plan_of(signal, "DU1", T0).orders] == [leg.legs]


@pytest.mark.parametrize(
    ("text", "more", "says"),
    [
        ("AAPL - MSFT", {"stop_loss": 1}, "it has neither stop_loss nor take_profit"),
        ("AAPL - AAPL", {}, "each in one leg"),
        ("AAPL 20261218 C 230/230", {}, "both strikes"),
    ],
)
def test_a_combo_that_makes_no_sense_raises(text: str, more: dict, says: str):
    one = runner()
    with pytest.raises(ValueError, match=says):
        one.strategy.buy(text, 2, **more)
    assert one.waiting == {}
