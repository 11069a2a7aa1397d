"""When TWS is tried again: waits that grow, and those of the group's own simulator."""

import pytest

from tapewire.gateway.tws.reconnect import OWN_NS, Reconnect

SECOND = 1_000_000_000
FIRST_MS, LONGEST_MS = 2000, 60_000


def waits(one: Reconnect, count: int, *, refused: bool = False) -> list[float]:
    """The waits, in seconds, of so many attempts that fail one after the other."""
    found, now_ns = [], 0
    for _ in range(count):
        if refused:
            one.refused()
        one.closed(now_ns)
        found.append((one.due_ns - now_ns) / SECOND)
        now_ns = one.due_ns
    return found


@pytest.mark.parametrize("refused", [False, True])
def test_each_wait_is_longer_than_the_one_before_up_to_the_longest(*, refused: bool):
    found = waits(Reconnect("a", FIRST_MS, LONGEST_MS), 9, refused=refused)
    longest = [2, 4, 8, 16, 32, 60, 60, 60, 60]
    for wait, most in zip(found, longest, strict=True):
        assert most / 2 <= wait <= most


def test_two_gateways_do_not_come_back_at_the_same_moment():
    one, other = (waits(Reconnect(name, FIRST_MS, LONGEST_MS), 3) for name in "ab")
    assert one != other
    assert waits(Reconnect("a", FIRST_MS, LONGEST_MS), 3) == one


def test_after_a_login_that_lasted_the_first_wait_is_short_again():
    one = Reconnect("a", FIRST_MS, LONGEST_MS)
    waits(one, 6)
    one.logged_in(0)
    one.closed(60 * SECOND)
    assert SECOND <= one.due_ns - 60 * SECOND <= 2 * SECOND


def test_a_tws_that_drops_every_login_is_tried_ever_more_slowly():
    one = Reconnect("a", FIRST_MS, LONGEST_MS)
    for _ in range(6):
        one.logged_in(0)
        one.closed(SECOND)
    assert one.due_ns >= 30 * SECOND


def test_the_group_s_own_simulator_is_tried_again_soon_however_often_it_dies():
    for wait in waits(Reconnect("a", FIRST_MS, LONGEST_MS, own=True), 9):
        assert OWN_NS / 2 <= wait * SECOND <= OWN_NS


def test_what_the_own_simulator_refuses_is_waited_out():
    found = waits(Reconnect("a", FIRST_MS, LONGEST_MS, own=True), 9, refused=True)
    assert found[0] <= 0.5
    assert found[-1] >= 30


def test_a_refusal_that_has_ended_is_forgotten():
    one = Reconnect("a", FIRST_MS, LONGEST_MS, own=True)
    waits(one, 9, refused=True)
    one.logged_in(0)
    one.refused()
    one.closed(0)
    assert one.due_ns <= OWN_NS
