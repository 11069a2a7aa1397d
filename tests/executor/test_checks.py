"""What no exchange would take is denied before it is sent: lot, tick, time."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.events import (
    InstrumentDescribed,
    ModifySignal,
    OrderDenied,
    PriceStep,
    TermChanges,
)
from tests.executor.orders import NOW, SECOND, T0, executor, fill, signal, taken, terms, working


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"quantity": "0.5"}, "quantity is 0.5; AAPL trades in lots of 1"),
        (
            {"limit": "150.001"},
            "limit price is 150.001; prices of AAPL from 1 on are multiples of 0.01",
        ),
        ({"terms": replace(terms(), time_in_force="GTD", good_till_ns=T0)}, "which is over"),
    ],
)
def test_what_no_exchange_takes_is_denied(given: dict, says: str):
    (denied,), orders = executor().on_signal(signal(**given), NOW)
    assert isinstance(denied, OrderDenied)
    assert says in denied.reason
    assert orders == []


def test_what_can_only_reduce_a_position_is_let_through_whatever_its_lot():
    one = executor()
    order = taken(one, signal(quantity=11))
    one.on_broker(fill(order, 11, "e1"), NOW)
    assert one.on_signal(signal(2, "SELL", "10.5"), NOW)[1]


def test_a_modify_is_held_to_the_tick():
    one = executor()
    order = working(one)
    changes = TermChanges(limit=Decimal("150.001"))
    wanted = ModifySignal("s-e-2", T0, "DU1", "s", order.signal_id, T0 + SECOND, changes)
    (denied,), _ = one.on_signal(wanted, NOW)
    assert "multiples of 0.01" in denied.reason


def test_prices_are_held_against_the_market_rule_once_the_broker_has_told_it():
    one = executor()
    nickels = InstrumentDescribed(
        T0, "AAPL", 1001, "STK", "SMART", "USD", "", Decimal(1), Decimal("0.01"),
        price_steps=tuple(
            PriceStep(Decimal(at), Decimal(step)) for at, step in ((0, "0.01"), (3, "0.05"))
        ),
    )  # fmt: skip
    assert one.on_broker(nickels, NOW) == []
    (denied,), _ = one.on_signal(signal(limit="150.01"), NOW)
    assert isinstance(denied, OrderDenied)
    assert "multiples of 0.05 (the broker's market rule)" in denied.reason
    assert one.on_signal(signal(2, limit="2.99"), NOW)[1]
