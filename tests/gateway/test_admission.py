"""Admission: who may add risk, and what only reduces it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewire.common.events import Heartbeat, SubmitOrder, signed
from tapewire.gateway.orders.admission import Gate, reduces
from tapewire.gateway.orders.intent import Intent
from tests.gateway.desk import SECOND, T0, submit


def beat(ts_ns: int = T0, trading: str | None = "ACTIVE") -> Heartbeat:
    return Heartbeat(ts_ns, "READY", "", 0, "", trading)


def gate(**given: object) -> Gate:
    one = Gate(3000, reduce_only=False)
    one.beat = beat()
    for name, value in given.items():
        setattr(one, name, value)
    return one


def asked(one: Gate, order: SubmitOrder, held: int = 0, now_ns: int = T0, live=()) -> str:
    return one.refusal(order, now_ns, {"AAPL": Decimal(held)}, live)


def intent(order: SubmitOrder, state: str = "ACCEPTED", filled: int = 0) -> Intent:
    one = Intent(order, 1)
    one.state, one.filled = state, Decimal(filled)
    return one


def test_with_a_fresh_lease_and_active_trading_an_order_may_go():
    assert asked(gate(), submit()) == ""


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"beat": None}, "risk was not heard yet"),
        ({"beat": beat(T0 - 3 * SECOND - 1)}, "risk was last heard 3000 ms ago"),
        ({"beat": beat(T0 + 3600 * SECOND)}, "risk was last heard"),
        ({"beat": beat(trading="HALTED")}, "trading is HALTED"),
        ({"beat": beat(trading="REDUCING")}, "trading is REDUCING"),
        ({"beat": beat(trading=None)}, "trading is HALTED"),
        ({"halted": True}, "trading is"),
        ({"reduce_only": True}, "this door takes only orders that reduce"),
    ],
    ids=str,
)
def test_what_adds_risk_is_refused_and_what_reduces_it_is_not(given: dict, says: str):
    assert says in asked(gate(**given), submit(action="BUY"), held=10)
    assert asked(gate(**given), submit(action="SELL", quantity=10), held=10) == ""
    assert asked(gate(**given), submit(action="BUY", quantity=10), held=-10) == ""


def test_a_lease_lasts_its_whole_time():
    assert asked(gate(beat=beat(T0 - 3 * SECOND)), submit()) == ""


def test_while_a_flatten_is_under_way_even_a_reducing_order_is_refused():
    refusal = asked(gate(flattening=True), submit(action="SELL", quantity=5), held=10)
    assert "a flatten is under way" in refusal


def test_an_expired_order_is_refused_even_if_it_reduces():
    order = submit(action="SELL", expires_ns=T0 - 1)
    assert asked(gate(), order, held=10) == "it expired before it could be sent"


@pytest.mark.parametrize("quantity", [0, -1])
def test_a_quantity_that_is_none_is_refused(quantity: int):
    assert asked(gate(), submit(quantity=quantity), held=-10).startswith(f"quantity is {quantity}")


@pytest.mark.parametrize(
    ("held", "action", "quantity"),
    [(10, "SELL", 11), (10, "BUY", 1), (-10, "BUY", 11), (-10, "SELL", 1), (0, "SELL", 1)],
)
def test_an_order_that_goes_beyond_zero_or_away_from_it_adds_risk(held, action, quantity):
    assert not reduces(submit(action=action, quantity=quantity), {"AAPL": Decimal(held)}, [])


def test_a_symbol_that_is_not_held_cannot_be_reduced():
    assert not reduces(submit(symbol="MSFT", action="SELL"), {"AAPL": Decimal(10)}, [])


@pytest.mark.parametrize("state", ["INTENDED", "ACCEPTED", "UNKNOWN"])
def test_several_reducing_orders_cannot_turn_a_position_round(state: str):
    first = intent(submit("a", "SELL", 6), state)
    assert not reduces(submit("b", "SELL", 5), {"AAPL": Decimal(10)}, [first])
    assert reduces(submit("b", "SELL", 4), {"AAPL": Decimal(10)}, [first])


def test_orders_of_the_other_side_or_another_symbol_or_over_are_not_ahead():
    live = [
        intent(submit("a", "BUY", 6)),
        intent(submit("b", "SELL", 6, symbol="MSFT")),
        intent(submit("c", "SELL", 6), "CANCELLED"),
        intent(submit("d", "SELL", 6), filled=6),
    ]
    assert reduces(submit("e", "SELL", 10), {"AAPL": Decimal(10)}, live)


def test_the_answer_is_the_same_when_it_is_asked_again():
    order = submit("a", "SELL", 10)
    assert reduces(order, {"AAPL": Decimal(10)}, [intent(order, "INTENDED")])


orders = st.lists(st.tuples(st.sampled_from(["BUY", "SELL"]), st.integers(1, 20)), max_size=12)


@given(st.integers(-30, 30), orders, st.randoms())
def test_whatever_fills_of_admitted_orders_while_halted_the_position_never_grows(
    held: int, wanted: list[tuple[str, int]], chance
):
    one, live = gate(halted=True, beat=beat(trading="HALTED")), []
    for n, (action, quantity) in enumerate(wanted):
        order = submit(f"i{n}", action, quantity)
        if asked(one, order, held, live=live) == "":
            live.append(intent(order))
    position = held
    for each in chance.sample(live, chance.randint(0, len(live))):
        position += int(signed(each.order.action, each.order.quantity))
        assert abs(position) <= abs(held)
        assert position * held >= 0
