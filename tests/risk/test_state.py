"""What risk knows, from the gateways' events, each counted once."""

from decimal import Decimal

import pytest

from tapewire.common.events import (
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderIntended,
    OrderLost,
    OrderRefused,
    OrderRejected,
    OrderUnknown,
    Quote,
    Trade,
)
from tapewire.risk.state import RiskState
from tests.risk.desk import AAPL, T0, fill, held, order

ENDS = [
    OrderRefused(T0, "a/1", ""),
    OrderRejected(T0, "a/1", 201, ""),
    OrderCancelled(T0, "a/1"),
    OrderFilled(T0, "a/1"),
    OrderLost(T0, "a/1", ""),
]


@pytest.fixture
def state() -> RiskState:
    one = RiskState([AAPL])
    one.apply(OrderIntended(T0, 1, order()))
    return one


def test_an_intent_works_until_it_is_over(state: RiskState):
    assert state.exposure("AAPL").buying == 10
    state.apply(OrderUnknown(T0, "a/1", ""))
    assert state.exposure("AAPL").buying == 10


@pytest.mark.parametrize("end", ENDS, ids=lambda e: type(e).__name__)
def test_what_is_over_works_no_more(state: RiskState, end):
    state.apply(end)
    assert state.exposure("AAPL").buying == 0
    assert state.live_orders() == []


@pytest.mark.parametrize("end", ENDS[1:3] + ENDS[4:], ids=lambda e: type(e).__name__)
def test_what_was_over_and_turns_up_works_again(state: RiskState, end):
    state.apply(fill(order(), 4, "e1.01"))
    state.apply(end)
    state.apply(OrderAccepted(T0, "a/1", 1, 1))
    assert state.exposure("AAPL").buying == 6


def test_a_late_fill_counts_for_the_position_and_not_for_what_works(state: RiskState):
    state.apply(OrderCancelled(T0, "a/1"))
    state.apply(fill(order(), 4, "e1.01"))
    exposure = state.exposure("AAPL")
    assert (exposure.position, exposure.buying) == (4, 0)


def test_a_fill_that_both_gateways_report_counts_once(state: RiskState):
    state.apply(fill(order(), 4, "e1.01", strategy=None))
    state.apply(fill(order(), 4, "e1.01"))
    exposure = state.exposure("AAPL")
    assert (exposure.position, exposure.buying) == (4, 6)


def test_a_correction_takes_the_place_of_what_it_corrects(state: RiskState):
    state.apply(fill(order(), 4, "e1.01"))
    state.apply(fill(order(), 3, "e1.02"))
    exposure = state.exposure("AAPL")
    assert (exposure.position, exposure.buying) == (3, 7)


def test_an_event_of_an_unknown_order_is_passed_over(state: RiskState):
    state.apply(OrderAccepted(T0, "nobody/1", 1, 1))
    state.apply(OrderCancelled(T0, "nobody/1"))
    assert len(state.live_orders()) == 1


def test_what_is_held_is_the_brokers_word_and_where_there_is_none_the_fills(state: RiskState):
    state.apply(fill(order(), 4, "e1.01"))
    assert state.held() == {"AAPL": 4}
    state.apply(held(7))
    state.apply(held(5, ts_ns=T0 - 1))
    assert state.held() == {"AAPL": 7}
    state.apply(held(0, ts_ns=T0 + 1))
    assert state.held() == {}


def test_marks_are_trades_and_the_middle_of_quotes(state: RiskState):
    state.apply(fill(order(), 4, "e1.01"))
    position = state.book.position("AAPL")
    state.mark([Trade("AAPL", T0, 101.0, 1.0)])
    assert position.unrealised == Decimal(4)
    state.mark([Quote("AAPL", T0, 101.0, 1.0, 103.0, 1.0), Quote("AAPL", T0, 9.0, 1.0, None, None)])
    assert position.unrealised == Decimal(8)


def test_symbols_are_all_that_is_traded_ordered_or_held(state: RiskState):
    state.apply(held(1, "TSLA"))
    assert state.symbols() == {"AAPL", "TSLA"}
