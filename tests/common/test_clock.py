"""Two clocks: the wall's may be set, the monotonic one only advances, and intervals are its own."""

from tapewire.common.bus.streams import CATCH_UP_RETRY_NS, Follower
from tapewire.common.clock import Now, SystemClock, VirtualClock, wall_ahead_ns
from tapewire.common.events import Heartbeat

HOUR_NS = 3600 * 10**9


def test_a_virtual_clock_shows_what_it_was_set_to():
    clock = VirtualClock(100)
    assert (clock.now(), clock.now_ns(), clock.mono_ns()) == (Now(100, 100), 100, 100)
    clock.advance_to(150)
    clock.advance_to(120)
    assert clock.now() == Now(150, 150)


def test_the_wall_clock_can_be_set_and_the_monotonic_one_cannot():
    clock = VirtualClock(HOUR_NS)
    clock.step_wall(-HOUR_NS // 2)
    assert clock.now() == Now(HOUR_NS // 2, HOUR_NS)
    clock.advance_to(HOUR_NS + 5)
    clock.step_wall(HOUR_NS)
    assert clock.now() == Now(HOUR_NS // 2 + HOUR_NS + 5, HOUR_NS + 5)
    assert (clock.now_ns(), clock.mono_ns()) == (clock.now().wall_ns, clock.now().mono_ns)


class Preempted:
    """Both clocks of a process that is held up for so long after each reading, one after the other;
    the wall clock is an hour ahead."""

    def __init__(self, *held_ns: int) -> None:
        self.held_ns, self.mono_ns = [*held_ns], 0

    def mono(self) -> int:
        found = self.mono_ns
        self.mono_ns += self.held_ns.pop(0) if self.held_ns else 1
        return found

    def wall(self) -> int:
        return self.mono() + HOUR_NS


def test_a_process_that_is_held_up_between_both_clocks_takes_them_for_one_moment_none_the_less():
    late_ns = 2_400_000
    for place in range(6):  # of the readings, whichever they are
        clocks = Preempted(*(late_ns if one == place else 1 for one in range(6)))
        assert abs(wall_ahead_ns(clocks.wall, clocks.mono) - HOUR_NS) <= 2


def test_time_that_passes_moves_both():
    assert Now(5, 100) + 7 == Now(12, 107)


def test_the_machines_clocks_advance():
    clock = SystemClock()
    before, after = clock.now(), clock.now()
    assert before.mono_ns <= after.mono_ns <= clock.mono_ns()
    assert abs(clock.now_ns() - after.wall_ns) < HOUR_NS


def test_a_question_is_asked_again_when_its_time_is_over_whatever_the_wall_clock_shows():
    clock, follower = VirtualClock(HOUR_NS), Follower("risk")
    follower.on_heartbeat(Heartbeat(1, "READY", "", 5, "x"), "e1")
    assert follower.request(clock.now()) is not None
    clock.step_wall(10 * HOUR_NS)
    assert follower.request(clock.now()) is None
    clock.step_wall(-20 * HOUR_NS)
    clock.advance_to(HOUR_NS + CATCH_UP_RETRY_NS)
    assert follower.request(clock.now()) is not None
