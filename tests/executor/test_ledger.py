"""The ledger: what could still fill, and what the account holds."""

from decimal import Decimal

import pytest

from tapewire.common.events import AccountPosition, Commission, SubmitOrder
from tapewire.executor.ledger import Ledger
from tests.executor.desk import AAPL, T0, fill


def order(intent_id: str, action: str = "BUY", quantity: int = 10) -> SubmitOrder:
    return SubmitOrder(intent_id, T0, "s", "AAPL", action, Decimal(quantity), "MKT", T0 + 1)


@pytest.fixture
def ledger() -> Ledger:
    return Ledger([AAPL])


@pytest.mark.parametrize("state", ["CREATED", "INTENDED", "ACCEPTED", "UNKNOWN"])
def test_what_is_not_over_counts_in_full(ledger: Ledger, state: str):
    entry = ledger.add(order("a"))
    ledger.move(entry, state, "")
    assert ledger.exposure("AAPL").buying == 10
    assert +ledger.states == {state: 1}


@pytest.mark.parametrize("state", ["FILLED", "CANCELLED", "REJECTED", "REFUSED", "LOST"])
def test_what_is_over_counts_no_more_and_again_if_it_comes_back(ledger: Ledger, state: str):
    entry = ledger.add(order("a"))
    ledger.move(entry, state, "")
    assert (ledger.exposure("AAPL").buying, entry.remaining) == (0, 0)
    ledger.move(entry, "ACCEPTED", "")
    assert ledger.exposure("AAPL").buying == 10


def test_a_fill_moves_from_what_works_to_the_position(ledger: Ledger):
    ledger.add(order("a"))
    ledger.apply_fill(fill(order("a"), 4, "e1.01"))
    exposure = ledger.exposure("AAPL")
    assert (exposure.position, exposure.buying) == (4, 6)


def test_a_fill_counts_once_whichever_gateway_tells_it(ledger: Ledger):
    entry = ledger.add(order("a"))
    one = fill(order("a"), 4, "e1.01", strategy=None)
    assert ledger.apply_fill(one) is entry
    assert ledger.apply_fill(fill(order("a"), 4, "e1.01")) is None
    assert (entry.filled, ledger.exposure("AAPL").position) == (4, 4)


def test_a_correction_takes_the_place_of_what_it_corrects(ledger: Ledger):
    entry = ledger.add(order("a"))
    ledger.apply_fill(fill(order("a"), 4, "e1.01"))
    ledger.apply_fill(fill(order("a"), 3, "e1.02"))
    ledger.apply_fill(fill(order("a"), 4, "e1.01"))
    assert (entry.filled, ledger.exposure("AAPL").position) == (3, 3)


def test_a_fill_heard_of_before_its_order_is_counted_to_it(ledger: Ledger):
    ledger.apply_fill(fill(order("a"), 4, "e1.01"))
    assert ledger.add(order("a")).remaining == 6


def test_a_fill_of_nobody_counts_for_the_position(ledger: Ledger):
    assert ledger.apply_fill(fill(order("a", "SELL"), 4, "e1", intent_id=None)) is None
    assert ledger.exposure("AAPL").position == -4


def test_the_newest_word_of_the_broker_counts(ledger: Ledger):
    for ts_ns, quantity in ((5, 50), (4, 40)):
        ledger.apply_account(AccountPosition(ts_ns, "AAPL", Decimal(quantity), Decimal(1)))
    assert ledger.exposure("AAPL").reported == 50


def test_a_commission_counts_once(ledger: Ledger):
    ledger.apply_fill(fill(order("a"), 4, "e1.01"))
    for _ in range(2):
        ledger.apply_account(Commission(T0, "e1.01", Decimal("1.5"), "USD"))
    assert ledger.book.commission == Decimal("1.5")
