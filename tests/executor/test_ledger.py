"""The executor's ledger: what its own journal said of an order is kept beside what is known."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.events import (
    Commission,
    OrderCreated,
    OrderStateChanged,
    OrderTermsChanged,
    PositionReported,
    SubmitOrder,
)
from tapewire.executor.orders import Ledger
from tests.executor.orders import AAPL, T0, fill, terms


def order(intent_id: str = "a", account: str = "DU1", **more: object) -> SubmitOrder:
    return SubmitOrder(intent_id, T0, account, "s", "AAPL", terms(**more), T0 + 1)


def created(intent_id: str = "a", **more: object) -> OrderCreated:
    return OrderCreated(T0, intent_id, order(intent_id, **more))


def changed(state: str, filled: int = 0) -> OrderStateChanged:
    return OrderStateChanged(T0, "DU1", "a", "s", state, Decimal(filled))


@pytest.fixture
def ledger() -> Ledger:
    one = Ledger([AAPL])
    one.apply(created())
    return one


@pytest.mark.parametrize("state", ["CREATED", "INTENDED", "ACCEPTED", "UNKNOWN"])
def test_what_is_not_over_counts_in_full(ledger: Ledger, state: str):
    ledger.apply(changed(state))
    assert ledger.exposure("DU1", "AAPL").buying == 10
    assert +ledger.orders.states == {state: 1}


@pytest.mark.parametrize("state", ["FILLED", "CANCELLED", "REJECTED", "DENIED", "LOST"])
def test_what_is_over_counts_no_more_and_again_if_it_comes_back(ledger: Ledger, state: str):
    ledger.apply(changed(state))
    assert (ledger.exposure("DU1", "AAPL").buying, ledger.orders["a"].remaining) == (0, 0)
    ledger.apply(changed("ACCEPTED"))
    assert ledger.exposure("DU1", "AAPL").buying == 10


def test_what_the_own_journal_announced_is_kept_beside_what_is_known(ledger: Ledger):
    ledger.apply(fill(order(), 4, "e1.01"))
    ledger.apply(changed("ACCEPTED", 4))
    one = ledger.orders["a"]
    assert (one.announced_state, one.announced_filled, one.filled) == ("ACCEPTED", 4, 4)
    ledger.apply(fill(order(), 6, "e2.01"))
    assert (one.announced_filled, one.filled) == (4, 10)
    ledger.apply(OrderTermsChanged(T0, "DU1", "a", "s", terms(quantity=12)))
    assert one.announced_terms == one.terms == terms(quantity=12)


def test_a_fill_counts_once_whichever_gateway_reports_it(ledger: Ledger):
    assert ledger.apply(fill(order(), 4, "e1.01", strategy=None)) is ledger.orders["a"]
    assert ledger.apply(fill(order(), 4, "e1.01")) is None
    assert (ledger.orders["a"].filled, ledger.exposure("DU1", "AAPL").position) == (4, 4)


def test_a_fill_of_nobody_counts_for_the_position(ledger: Ledger):
    assert ledger.apply(fill(order("b", side="SELL"), 4, "e1", intent_id=None)) is None
    assert ledger.exposure("DU1", "AAPL").position == -4


def test_what_is_read_last_of_the_broker_counts_whatever_the_clock_said(ledger: Ledger):
    for ts_ns, quantity in ((5, 50), (4, 40)):
        ledger.apply(PositionReported(ts_ns, "DU1", "AAPL", Decimal(quantity), Decimal(1)))
    assert ledger.exposure("DU1", "AAPL").reported == 40


def test_a_commission_counts_once(ledger: Ledger):
    ledger.apply(fill(order(), 4, "e1.01"))
    for _ in range(2):
        ledger.apply(Commission(T0, "DU1", "e1.01", Decimal("1.5"), "USD"))
    assert ledger.book.fees == Decimal("1.5")


def test_accounts_are_apart(ledger: Ledger):
    ledger.apply(created("b", account="DU2", quantity=7))
    ledger.apply(fill(order(), 4, "e1.01"))
    ledger.apply(PositionReported(T0, "DU2", "AAPL", Decimal(-3), Decimal(1)))
    one, two = ledger.exposure("DU1", "AAPL"), ledger.exposure("DU2", "AAPL")
    assert (one.position, one.buying, one.reported) == (4, 6, None)
    assert (two.position, two.buying, two.reported) == (0, 7, -3)
    assert ledger.keys() == {("DU1", "AAPL"), ("DU2", "AAPL")}
    assert ledger.held() == {("DU1", "AAPL"): 4, ("DU2", "AAPL"): -3}


def test_an_order_may_be_left_out_of_the_exposure(ledger: Ledger):
    ledger.apply(OrderCreated(T0, "b", replace(order(), intent_id="b")))
    assert ledger.exposure("DU1", "AAPL").buying == 20
    assert ledger.exposure("DU1", "AAPL", without=ledger.orders["b"]).buying == 10
