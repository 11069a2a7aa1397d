"""Silence: who has not been heard of for too long, by when it spoke and not by when it came."""

from tapewire.common.clock import Now
from tapewire.common.events import Heartbeat
from tapewire.strategy.silence import Silence

S = 1_000_000_000
WALL = 1_700_000_000 * S


def now(seconds: float) -> Now:
    return Now(WALL + int(seconds * S), int(seconds * S))


def beat(seconds: float) -> Heartbeat:
    return Heartbeat(WALL + int(seconds * S), "READY", "", 0, "", None, 0, 0, "", 0)


def silence(after_ms: int | None = 3000) -> Silence:
    found = Silence(("gateway", "risk"), after_ms)
    for source in ("gateway", "risk"):
        found.heard(source, beat(10), now(10))
    return found


def test_whoever_was_heard_of_just_now_is_not_silent():
    assert silence().reason(now(12.9).mono_ns) == ""


def test_whoever_was_not_for_long_is_named():
    found = silence()
    found.heard("risk", beat(12), now(12))
    assert found.reason(now(13).mono_ns) == "gateway has been silent for 3 s"
    assert found.reason(now(20).mono_ns) == (
        "gateway has been silent for 10 s; risk has been silent for 8 s"
    )


def test_a_heartbeat_that_the_network_held_back_says_that_it_lived_then():
    found = silence()
    found.heard("gateway", beat(10.5), now(13.4))
    found.heard("risk", beat(13), now(13))
    assert found.reason(now(13.4).mono_ns) == ""
    assert found.reason(now(13.5).mono_ns) == "gateway has been silent for 3 s"


def test_an_older_heartbeat_that_comes_later_takes_nothing_back():
    found = silence()
    found.heard("gateway", beat(14), now(14))
    found.heard("gateway", beat(9), now(14.1))
    found.heard("risk", beat(14), now(14))
    assert found.reason(now(16).mono_ns) == ""


def test_who_has_never_been_heard_of_is_waited_for_elsewhere():
    assert Silence(("gateway",), 3000).reason(now(100).mono_ns) == ""


def test_at_home_silence_does_not_matter():
    assert not silence(None).matters
