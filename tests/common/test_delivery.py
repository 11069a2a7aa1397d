"""Back-off, circuit breakers and retries: what fails is tried again later, and not for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewire.common.delivery.backoff import FIRST_NS, BackOff
from tapewire.common.delivery.breaker import CircuitBreaker
from tapewire.common.delivery.retries import WAITING_MAX, Retries

SECOND = 1_000_000_000


def breaker(failures_max: int = 3) -> CircuitBreaker:
    return CircuitBreaker("broker", failures_max, window_ns=10 * SECOND, pause_ns=4 * SECOND)


def opened() -> CircuitBreaker:
    one = breaker()
    for second in (0, 1, 2):
        one.failed(second * SECOND, "refused")
    assert one.state == "OPEN"
    return one


# ---- back-off --------------------------------------------------------------------------------


@given(attempt=st.integers(1, 200), seed=st.text(max_size=5))
def test_a_wait_is_in_the_upper_half_of_its_doubled_range_and_never_above_the_longest(
    attempt: int, seed: str
):
    wait_ns = BackOff(seed, first_ns=100, max_ns=10_000).wait_ns(attempt)
    longest_ns = min(100 * 2 ** (attempt - 1), 10_000)
    assert longest_ns / 2 - 1 <= wait_ns <= longest_ns


def test_two_that_failed_at_once_do_not_come_back_at_once_and_a_seed_repeats_itself():
    first, second, again = ([BackOff(seed).wait_ns(n) for n in (1, 2, 3)] for seed in "aba")
    assert first != second
    assert first == again


# ---- the breaker -----------------------------------------------------------------------------


def test_failures_that_are_few_enough_within_the_window_leave_it_closed():
    one = breaker()
    for second in (0, 6, 12, 18):
        one.failed(second * SECOND, "refused")
    assert one.state == "CLOSED"
    assert one.allows(18 * SECOND)
    assert one.changes == []


def test_the_window_ends_where_it_ends():
    inside, outside = breaker(2), breaker(2)
    inside.failed(0, "x")
    inside.failed(10 * SECOND, "x")
    outside.failed(0, "x")
    outside.failed(10 * SECOND + 1, "x")
    assert (inside.state, outside.state) == ("OPEN", "CLOSED")


def test_an_open_one_lets_nothing_pass_until_its_pause_is_over_and_says_why_it_opened():
    one = opened()
    assert 4 * SECOND <= one.until_ns <= 6 * SECOND, "half to all of the pause, after second 2"
    assert not one.allows(one.until_ns - 1)
    (change,) = one.take_changes()
    assert (change.before, change.after) == ("CLOSED", "OPEN")
    assert change.reason == "3 failures within 10 s, the last: refused"
    assert one.take_changes() == []


def test_after_the_pause_a_trial_that_goes_well_closes_it():
    one = opened()
    assert one.allows(one.until_ns)
    assert one.state == "HALF_OPEN"
    one.succeeded()
    assert one.state == "CLOSED"
    one.failed(one.until_ns, "once")
    assert one.state == "CLOSED", "it counts from the beginning"
    assert [change.after for change in one.changes] == ["OPEN", "HALF_OPEN", "CLOSED"]


def test_a_trial_that_fails_opens_it_for_longer():
    one = opened()
    now_ns = one.until_ns
    assert one.allows(now_ns)
    one.failed(now_ns, "again")
    assert one.state == "OPEN"
    assert 4 * SECOND <= one.until_ns - now_ns <= 8 * SECOND
    assert one.changes[-1].reason == "the trial failed: again"


def test_what_fails_while_it_is_open_was_under_way_and_changes_nothing():
    one = opened()
    until_ns = one.until_ns
    one.failed(3 * SECOND, "late")
    one.succeeded()
    assert (one.state, one.until_ns) == ("OPEN", until_ns)


def test_a_whole_window_without_a_failure_makes_the_pause_the_first_one_again():
    one = opened()
    assert one.allows(one.until_ns)
    one.failed(one.until_ns, "again")
    assert one.allows(one.until_ns)
    one.succeeded()
    later_ns = one.until_ns + 100 * SECOND
    for _ in range(3):
        one.failed(later_ns, "refused")
    assert one.state == "OPEN"
    assert one.until_ns - later_ns <= 4 * SECOND


# ---- retries ---------------------------------------------------------------------------------


def test_what_failed_is_due_after_its_wait_with_its_next_attempt():
    retries: Retries[str] = Retries("seed", attempts_max=3)
    assert retries.failed("a", 1, 0)
    assert retries.due(FIRST_NS // 2 - 1) == []
    (one,) = retries.due(FIRST_NS)
    assert (one.what, one.attempt) == ("a", 2)
    assert len(retries) == 0


def test_the_last_attempt_is_the_last():
    retries: Retries[str] = Retries("seed", attempts_max=3)
    assert retries.failed("a", 2, 0)
    assert not retries.failed("a", 3, 0)


def test_more_than_may_wait_is_given_up_at_once():
    retries: Retries[int] = Retries("seed", attempts_max=2)
    assert all(retries.failed(n, 1, 0) for n in range(WAITING_MAX))
    assert not retries.failed(-1, 1, 0)


def test_what_still_waits_at_the_end_is_given_up_in_its_order():
    retries: Retries[str] = Retries("seed", attempts_max=2)
    for what, at_ns in (("late", 90 * SECOND), ("early", 0)):
        retries.failed(what, 1, at_ns)
    assert retries.give_up() == ["early", "late"]
    assert len(retries) == 0


@pytest.mark.parametrize("attempts", [0, -1])
def test_a_handler_cannot_have_no_attempt(attempts: int):
    from tapewire.common.bus.guard import Guard

    with pytest.raises(ValueError, match="it must be 1 or more"):
        Guard("").allow(print, attempts)
