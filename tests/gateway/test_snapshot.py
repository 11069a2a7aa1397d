"""A snapshot: complete with its three ends, and worth nothing without them."""

from decimal import Decimal
from itertools import permutations

import pytest

from tapewire.gateway.orders.snapshot import TIMEOUT_NS, Snapshot
from tapewire.gateway.tws import messages as tws

ENDS = (tws.OpenOrdersEnd(), tws.ExecutionsEnd(), tws.CompletedOrdersEnd())
EXECUTION = tws.Execution(
    "e.01", 1, 1, 1, "b/1", 1, "AAPL", "AAPL", "BUY", Decimal(1), Decimal(1)
)  # fmt: skip


@pytest.mark.parametrize("order", list(permutations(ENDS)), ids=str)
def test_it_is_complete_with_all_three_ends_in_any_order(order):
    snapshot = Snapshot(0)
    for end in order:
        assert not snapshot.complete
        snapshot.note(end)
    assert snapshot.complete


def test_one_end_three_times_is_not_three_ends():
    snapshot = Snapshot(0)
    for _ in range(3):
        snapshot.note(tws.OpenOrdersEnd())
    assert not snapshot.complete


def test_it_notes_the_intents_that_each_list_names():
    snapshot = Snapshot(0)
    snapshot.note(tws.OpenOrder(1, 1, 1, "a/1", "Submitted"))
    snapshot.note(EXECUTION)
    snapshot.note(tws.CompletedOrder(1, "c/1", "Cancelled", ""))
    snapshot.note(tws.OrderStatus(4, 1, 1, "Submitted", Decimal(0), ""))
    assert snapshot.seen == {"a/1", "b/1", "c/1"}


def test_it_is_waited_for_ten_seconds():
    assert not Snapshot(5).timed_out(5 + TIMEOUT_NS)
    assert Snapshot(5).timed_out(6 + TIMEOUT_NS)
