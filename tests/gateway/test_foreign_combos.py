"""Combos at the broker that are none of ours: they count by leg, or are a conflict."""

import pytest

from tapewire.common.events import (
    ComboLeg,
    ForeignOrderReported,
    OrderConflict,
    RiskHalted,
    Scope,
)
from tapewire.simulator.exchange.orders import Order
from tapewire.simulator.protocol import messages
from tests.gateway.one_combo import LEGS, LIMIT, NAME, combo, limited, working, works
from tests.gateway.tws_bench import Bench, names, submit
from tests.gateway.tws_messages import (
    ACCOUNT,
    T0,
    open_order_of,
    order_at_tws,
)


@pytest.fixture
def bench() -> Bench:
    return limited(LIMIT)


def stranger(**more: object) -> Order:
    """A combo that somebody else has placed: -5 AAPL, +10 MSFT."""
    given = {"client_id": 0, "perm_id": 9_001, **more}
    return order_at_tws(combo(side="SELL", quantity=5), 0, **given)


def test_a_combo_of_somebody_else_counts_on_each_leg_until_it_is_gone(bench: Bench):
    order = stranger()
    order.order_ref = ""
    (found,) = bench.receive(open_order_of(order))
    assert isinstance(found, ForeignOrderReported)
    assert (found.symbol, found.side, found.legs) == (NAME, "SELL", LEGS)
    assert working(bench) == ((0, 5), (10, 0))
    assert bench.submit(combo("a/1", quantity=5)).accepted
    assert not bench.submit(submit("b/1", quantity=11, symbol="MSFT")).accepted
    again = Bench(bench.journal, connect=False)
    assert working(again) == ((5, 5), (10, 10))
    again.connect()
    again.answer_snapshot()
    assert working(again) == ((5, 0), (0, 10)), "TWS lists it no more"


def test_a_leg_of_it_that_nobody_has_configured_has_its_contract_for_a_name(bench: Bench):
    legs = (LEGS[0], ComboLeg("TSLA", 1, "SELL"))
    order = order_at_tws(combo(legs=legs), 0, client_id=0, perm_id=9_001)
    order.order_ref = ""
    (found,) = bench.receive(open_order_of(order))
    assert isinstance(found, ForeignOrderReported)
    assert found.symbol == "AAPL - #4242"


def test_a_combo_under_the_tag_of_ours_halts_the_account(bench: Bench):
    works(bench)
    assert names(bench.opened(stranger())) == ["OrderConflict", "ForeignOrderReported"]
    assert "nothing that adds risk in DU1234567 goes" in bench.submit(submit("b/1")).reason
    conflict = next(one for one in bench.journal if isinstance(one, OrderConflict))
    bench.gateway.on_risk(RiskHalted(T0, Scope(ACCOUNT), "conflict", conflict.id))
    assert "HALTED for account DU1234567" in bench.submit(submit("c/1")).reason


def test_a_leg_that_has_no_name_yet_is_soon_asked_about_again_but_not_for_ever():
    bench = Bench(open_orders_ms=3_600_000)
    order = order_at_tws(combo(legs=(LEGS[0], ComboLeg("TSLA", 1, "SELL"))), 0, client_id=0)
    order.order_ref = ""
    bench.receive(open_order_of(order))
    asked = 0
    for _ in range(60):
        bench.pass_s(1)
        if ["16", "1"] in bench.flush():
            asked += 1
            bench.receive(open_order_of(order), messages.open_order_end())
    assert asked == 9


def test_one_that_is_gone_is_not_asked_about_again():
    bench = Bench(open_orders_ms=3_600_000)
    order = order_at_tws(combo(legs=(LEGS[0], ComboLeg("TSLA", 1, "SELL"))), 0, client_id=0)
    order.order_ref = ""
    bench.receive(open_order_of(order))
    for _ in range(2):  # it was reported before the first of these lists began
        bench.pass_s(1)
        assert ["16", "1"] in bench.flush()
        bench.receive(messages.open_order_end())
    assert working(bench) == ((0, 0), (0, 0))
    for _ in range(2):  # later it asks whether it has filled
        bench.pass_s(1)
        assert ["16", "1"] not in bench.flush()


def test_a_leg_counts_once_its_name_is_known():
    bench = Bench()
    order = order_at_tws(combo(legs=(LEGS[0], ComboLeg("TSLA", 1, "SELL"))), 0, client_id=0)
    order.order_ref = ""
    bench.receive(open_order_of(order))
    assert working(bench) == ((10, 0), (0, 0))
    bench.gateway.broker.contracts._by_con_id[4242] = "MSFT"
    bench.receive(open_order_of(order))
    assert working(bench) == ((10, 0), (0, 10))
