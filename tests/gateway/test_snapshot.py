"""A snapshot: complete with its three ends, and worth nothing without them."""

from itertools import permutations

import pytest

from tapewire.common.accounting.executions import Executions
from tapewire.gateway import broker
from tapewire.gateway.orders.intent import Intent
from tapewire.gateway.orders.snapshot import Snapshot
from tests.gateway.tws_bench import NOW, submit
from tests.gateway.tws_messages import ACCOUNT, SECOND

ENDS = tuple(
    broker.QueryComplete(query) for query in ("open_orders", "executions", "completed_orders")
)


def begun(after_ns: int = 0) -> Snapshot:
    """One that began this long after the connection was made; the broker has 2 s to read."""
    return Snapshot(NOW, NOW.mono_ns - after_ns, 2 * SECOND, 10 * SECOND, (ACCOUNT,))


def ended(snapshot: Snapshot) -> Snapshot:
    for end in ENDS:
        snapshot.note(end)
    return snapshot


@pytest.mark.parametrize("order", list(permutations(ENDS)), ids=str)
def test_it_is_complete_with_all_three_ends_in_any_order(order):
    snapshot = begun()
    for end in order:
        assert not snapshot.complete
        snapshot.note(end)
    assert snapshot.complete


def test_one_end_three_times_is_not_three_ends():
    snapshot = begun()
    for _ in range(3):
        snapshot.note(ENDS[0])
    assert not snapshot.complete


def test_it_is_waited_for_ten_seconds_by_the_monotonic_clock():
    snapshot = begun()
    assert not snapshot.timed_out(NOW + 10 * SECOND)
    assert snapshot.timed_out(NOW + (10 * SECOND + 1))
    later = NOW + 3600 * SECOND
    assert not snapshot.timed_out(type(NOW)(later.wall_ns, NOW.mono_ns))


def test_its_silence_is_believed_once_an_earlier_connection_has_settled():
    assert not ended(begun(2 * SECOND - 1)).believed
    assert ended(begun(2 * SECOND)).believed


def test_its_silence_is_not_believed_without_an_end_or_with_something_unreadable():
    assert not begun(2 * SECOND).believed
    garbled = ended(begun(2 * SECOND))
    garbled.note(broker.Unreadable("garbled"))
    assert not garbled.believed


@pytest.mark.parametrize(
    ("written_s_ago", "could"), [(0, False), (2, False), (3, True), (11, True), (None, True)]
)
def test_it_could_name_what_the_broker_had_time_to_read(written_s_ago: int | None, could: bool):
    """That of an earlier connection too: whether that one has settled is asked apart."""
    intent = Intent(submit(), Executions())
    if written_s_ago is not None:
        intent.written = NOW + -written_s_ago * SECOND
    assert begun(10 * SECOND).could_name(intent) is could


def test_it_could_name_what_an_earlier_connection_wrote_just_before():
    intent = Intent(submit(), Executions())
    intent.written = NOW + -2 * SECOND
    assert begun(SECOND).could_name(intent)
