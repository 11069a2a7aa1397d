"""Two clocks: the wall's may be set, the monotonic one only advances, and intervals are its own."""

from tapewire.common.bus.streams import CATCH_UP_RETRY_NS, Follower
from tapewire.common.clock import Now, SystemClock, VirtualClock
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
