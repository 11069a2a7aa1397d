"""A snapshot: complete with its three ends, and worth nothing without them."""

from itertools import permutations

import pytest

from tapewire.gateway import broker
from tapewire.gateway.orders.snapshot import TIMEOUT_NS, Snapshot
from tests.gateway.tws_bench import NOW
from tests.gateway.tws_messages import SECOND

ENDS = tuple(
    broker.QueryComplete(query) for query in ("open_orders", "executions", "completed_orders")
)


@pytest.mark.parametrize("order", list(permutations(ENDS)), ids=str)
def test_it_is_complete_with_all_three_ends_in_any_order(order):
    snapshot = Snapshot(NOW)
    for end in order:
        assert not snapshot.complete
        snapshot.note(end)
    assert snapshot.complete


def test_one_end_three_times_is_not_three_ends():
    snapshot = Snapshot(NOW)
    for _ in range(3):
        snapshot.note(ENDS[0])
    assert not snapshot.complete


def test_it_is_waited_for_ten_seconds_by_the_monotonic_clock():
    snapshot = Snapshot(NOW)
    assert not snapshot.timed_out(NOW + TIMEOUT_NS)
    assert snapshot.timed_out(NOW + (TIMEOUT_NS + 1))
    later = NOW + 3600 * SECOND
    assert not snapshot.timed_out(type(NOW)(later.wall_ns, NOW.mono_ns))
