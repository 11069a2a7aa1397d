"""A reader that begins now: nothing of the past, and nothing missed from then on."""

from tapewire.common.bus import wire
from tapewire.common.bus.from_now import FollowerFromNow
from tapewire.common.clock import Now
from tapewire.common.events import CatchUpReply, Heartbeat, OrderCancelled

T0 = 1_700_000_000 * 10**9
NOW = Now(T0, T0)


def event(number: int) -> OrderCancelled:
    return OrderCancelled(T0, "DU1", f"i-{number}")


def batch(seq: int, *numbers: int, epoch: str = "e1") -> wire.Batch:
    return wire.Batch(wire.WIRE_VERSION, "executor", epoch, seq, [event(n) for n in numbers])


def beat(seq: int, chain: str = "c7") -> Heartbeat:
    return Heartbeat(T0, "READY", "", seq, chain)


def following(seq: int = 7) -> FollowerFromNow:
    follower = FollowerFromNow("executor")
    assert list(follower.on_batch(batch(3, 3, 4))) == [], "nothing before the first heartbeat"
    follower.on_heartbeat(beat(seq), "e1")
    return follower


def test_it_asks_for_nothing_of_the_past_but_that_it_is_the_same_past():
    follower = following()
    asked = follower.request(NOW)
    assert asked is not None
    assert (asked.from_seq, asked.known_seq) == (8, 7)
    assert list(follower.on_reply(CatchUpReply(1, b"", 7, 7, "c7"), batch(8))) == []
    assert follower.caught_up
    assert list(follower.on_batch(batch(8, 8))) == [event(8)]


def test_what_it_missed_afterwards_it_asks_for():
    follower = following()
    list(follower.on_reply(CatchUpReply(1, b"", 7, 7, "c7"), batch(8)))
    assert list(follower.on_batch(batch(10, 10))) == []
    assert follower.gaps == 1
    asked = follower.request(NOW)
    assert asked is not None
    assert asked.from_seq == 8


def test_a_journal_that_went_back_meanwhile_is_not_believed():
    follower = following()
    follower.on_heartbeat(beat(3, "other"), "e2")
    assert "executor" in follower.fault


def test_a_journal_without_a_record_is_followed_from_its_first():
    follower = following(0)
    assert follower.caught_up
    assert list(follower.on_batch(batch(1, 1))) == [event(1)]
