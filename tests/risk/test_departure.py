"""Since when a gateway's process is over: long enough for the broker to have read it all."""

import pytest

from tapewire.risk.departure import LOOK_EVERY_NS, WRITTEN_NS, Departure
from tests.risk.orders import NOW


class Lock:
    """The newest start that is over; empty while a process has the role."""

    def __init__(self, start: str) -> None:
        self.start, self.looks = start, 0

    def __call__(self) -> str:
        self.looks += 1
        return self.start


@pytest.fixture
def lock() -> Lock:
    return Lock("17 at noon")


def test_it_is_gone_once_the_broker_has_read_all_that_it_wrote(lock: Lock):
    one = Departure(lock)
    assert not one.look(NOW, is_needed=True)
    assert not one.look(NOW + (WRITTEN_NS - 1), is_needed=True)
    assert one.look(NOW + WRITTEN_NS, is_needed=True)


def test_a_process_that_lives_is_not_gone_however_silent_it_is():
    one = Departure(Lock(""))
    assert not any(one.look(NOW + n * WRITTEN_NS, is_needed=True) for n in range(100))


def test_one_that_was_started_again_and_died_counts_from_its_own_death(lock: Lock):
    one = Departure(lock)
    assert not one.look(NOW, is_needed=True)
    lock.start = "18 a second later"
    assert not one.look(NOW + WRITTEN_NS, is_needed=True)
    assert one.look(NOW + 2 * WRITTEN_NS, is_needed=True)


def test_one_that_lives_again_is_not_gone(lock: Lock):
    one = Departure(lock)
    one.look(NOW, is_needed=True)
    lock.start = ""
    assert not one.look(NOW + WRITTEN_NS, is_needed=True)
    lock.start = "17 at noon"
    assert not one.look(NOW + WRITTEN_NS, is_needed=True)


def test_it_looks_now_and_then_until_somebody_needs_to_know(lock: Lock):
    one = Departure(lock)
    for n in range(10):
        one.look(NOW + n * LOOK_EVERY_NS // 10, is_needed=False)
    assert lock.looks == 1
    assert not one.look(NOW + LOOK_EVERY_NS, is_needed=False)
    assert not one.look(NOW + LOOK_EVERY_NS, is_needed=True)
    assert lock.looks == 3
