"""What sat in a stopped relay or door is not done when that goes on; halts and flattens are."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Literal

import pytest
import zmq

from tapewire.common.bus import wire
from tapewire.common.clock import boot_ns
from tapewire.common.events import Control
from tapewire.relay.late import LAG_NS, LATE_NS, Stamps, is_never_late, lateness
from tapewire.relay.measured import Measured
from tests.conftest import _folder
from tests.relay.between import Between, Sock, all_of
from tests.waiting import wait_for

Action = Literal["halt", "resume", "flatten", "cancel_all", "reload"]
S = 1_000_000_000
AHEAD = 9_000 * S
RUN_DOOR = """
import sys
from tapewire.relay import __main__, late
late.LATE_NS = 3_000_000_000  # so that the stop need not be so long
sys.argv = ["relay", "--door"]
__main__.main()
"""


def stamped(mono_ns: int) -> bytes:
    return mono_ns.to_bytes(8, "big", signed=True)


def control(action: Action) -> Control:
    return Control(1, action, "it is a test")


# ---- by the clock alone --------------------------------------------------------------------------


def test_a_request_is_as_old_as_the_turn_before_which_it_cannot_have_come():
    stamps = Stamps(0)
    for at in range(0, 10 * S, S // 10):
        stamps.turned(at, AHEAD)
    assert not lateness(stamps.stamp(), AHEAD + 10 * S)
    stopped_ns = 10 * S
    for at in (300 * S, 300 * S + 1, 300 * S + LAG_NS - 1):  # turns right after it goes on
        assert "it has been under way for 29" in lateness(stamps.stamp(), AHEAD + at)
        stamps.turned(at, AHEAD)
    assert lateness(stamps.stamp(), AHEAD + 300 * S + LAG_NS)
    stamps.turned(300 * S + LAG_NS, AHEAD)
    assert not lateness(stamps.stamp(), AHEAD + 300 * S + LAG_NS + stopped_ns // 4)


def test_a_machine_whose_clock_stood_still_while_it_was_suspended_does_not_make_requests_young():
    stamps = Stamps(0)
    for at in range(0, 10 * S, S // 10):
        stamps.turned(at, AHEAD)
    stamps.turned(10 * S, AHEAD + 300 * S)  # as measured once it runs again
    assert lateness(stamps.stamp(), AHEAD + 310 * S)


def test_without_homes_time_nothing_is_in_time_and_with_it_what_has_come_just_now_is():
    stamps = Stamps(0)
    for at in range(0, 3600 * S, S):
        stamps.turned(at, None)
    assert lateness(stamps.stamp(), AHEAD) == "it does not say when it was asked"
    stamps.turned(3600 * S, AHEAD)
    assert not lateness(stamps.stamp(), AHEAD + 3600 * S)


def test_a_stamp_of_another_start_of_homes_machine_is_not_taken_for_a_young_one():
    assert "another clock" in lateness(stamped(AHEAD), 10 * S)
    assert not lateness(stamped(AHEAD + LATE_NS), AHEAD)


def test_what_takes_risk_away_is_never_too_late():
    actions: tuple[Action, ...] = ("halt", "resume", "flatten", "cancel_all", "reload")
    assert [one for one in actions if is_never_late(control(one))] == ["halt", "flatten"]


# ---- on real sockets -----------------------------------------------------------------------------


@pytest.fixture
def between() -> Iterator[Between]:
    with _folder() as folder:
        found = Between(folder, role="operator")
        yield found
        found.close()


def asked(between: Between, risk: Sock, actions: tuple[Action, ...], age_ns: int) -> list[Control]:
    """What gets to risk of controls that the door gets at once, each so old."""
    door = between.door
    for action in actions:
        stamp = stamped(boot_ns() - age_ns)
        frames = [b"far/operator", b"relay", b"cli", stamp, b"cli", wire.encode(control(action))]
        door.on_frames("control>", frames, door.clock.now())
    seen: list[Control] = []

    def came() -> bool:
        for frames in all_of(risk):
            event = wire.decode_event(frames[-1])
            assert isinstance(event, Control)
            seen.append(event)
        return any(one.action == actions[-1] for one in seen)

    between.until(came, "the last of them")
    return seen


def test_the_door_drops_an_old_resume_with_a_line_and_passes_on_a_halt_and_a_flatten(
    between: Between,
):
    risk = between.at_home(zmq.ROUTER, "control")
    every: tuple[Action, ...] = ("resume", "cancel_all", "reload", "halt", "flatten")
    young = asked(between, risk, every, 0)
    assert [one.action for one in young] == [*every]
    assert not between.door.dead_letters
    old = asked(between, risk, every, 300 * S)
    assert [one.action for one in old] == ["halt", "flatten"]
    reasons = [one.reason for one in between.door.dead_letters]
    late_by = "it has been under way for 300 s; expected at most 5 s"
    assert reasons == [f"risk.control: {late_by}"] * 3
    assert between.door.metrics.counters["late", "far"] == 3


def test_what_had_arrived_before_homes_machine_was_suspended_is_late_afterwards(between: Between):
    """While it is suspended its monotonic clock stands still; the one that counts goes on."""
    risk = between.at_home(zmq.ROUTER, "control")
    between.until_ready()
    asker = between.far_off(zmq.DEALER, "control")
    token = between.far_token("risk", "cli")
    for action in ("resume", "halt"):
        asker.send_multipart([token, wire.encode(control(action))])
    passed = between.relay.metrics.counters
    wait_for(
        lambda: (between.relay.turn(1), passed["passed", "control"] == 2)[1], "the relay to pass it"
    )
    between.door._boot_ns = lambda: boot_ns() + 300 * S
    (frames,) = between.until(lambda: all_of(risk), "the halt")
    assert wire.decode_event(frames[-1]) == control("halt")
    assert "it has been under way for 30" in between.door.dead_letters[-1].reason


def test_what_is_asked_after_home_was_suspended_is_in_time_at_once(between: Between):
    risk = between.at_home(zmq.ROUTER, "control")
    between.until_ready()
    suspended_ns = 300 * S
    between.door._boot_ns = lambda: boot_ns() + suspended_ns
    between.relay._measured = Measured()
    measured = between.relay._best
    between.until(lambda: between.relay._best is not measured, "home's time of now")
    between.until(
        lambda: not lateness(between.relay._stamps.stamp(), between.door._boot_ns()), "it"
    )
    asker = between.far_off(zmq.DEALER, "control")
    token = between.far_token("risk", "cli")
    asker.send_multipart([token, wire.encode(control("resume"))])
    (frames,) = between.until(lambda: all_of(risk), "the resume")
    assert wire.decode_event(frames[-1]) == control("resume")


def test_a_resume_that_sat_in_a_stopped_door_does_not_get_to_risk(between: Between):
    between.end("door")
    risk = between.at_home(zmq.ROUTER, "control")
    env = {
        "TAPEWIRE_CONFIG": str(between.home.run_dir.parent / "tapewire.toml"),
        "TAPEWIRE_RUN_DIR": str(between.home.run_dir),
    }
    run = [sys.executable, "-c", RUN_DOOR]
    process = subprocess.Popen(run, env={**os.environ, **env})
    try:
        between.until_ready()
        asker = between.far_off(zmq.DEALER, "control")
        token = between.far_token("risk", "cli")

        def ask(action: Action) -> None:
            asker.send_multipart([token, wire.encode(control(action))])

        ask("resume")
        (frames,) = between.until(lambda: all_of(risk), "what was asked before the stop")
        assert wire.decode_event(frames[-1]) == control("resume")
        passed = between.relay.metrics.counters["passed", "control"]
        process.send_signal(signal.SIGSTOP)
        ends_ns = time.monotonic_ns() + 4 * S
        ask("resume")
        ask("halt")
        between.until(
            lambda: between.relay.metrics.counters["passed", "control"] == passed + 2, "it"
        )
        between.until(lambda: time.monotonic_ns() > ends_ns, "the stop to have been long")
        process.send_signal(signal.SIGCONT)
        (frames,) = between.until(lambda: all_of(risk), "the halt")
        assert wire.decode_event(frames[-1]) == control("halt")
        assert not all_of(risk)
    finally:
        process.kill()
        process.wait()
