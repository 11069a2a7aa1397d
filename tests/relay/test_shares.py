"""How much each far host subscribes at the door, and what becomes of one that subscribes more."""

import zmq

from tapewire.common.bus import wire
from tapewire.relay.shares import Shares
from tests.relay.between import Between, all_of

JOIN, LEAVE = b"\x01", b"\x00"
AAPL, MSFT = b"last.AAPL\x00", b"last.MSFT\x00"
NOBODY = ""


def many(number: int) -> list[bytes]:
    return [b"tick.%d\x00" % one for one in range(number)]


def join(shares: Shares, host: str, *topics: bytes) -> list[str]:
    """The reasons that this gives to shut the host out."""
    found = [shares.changed(host, [JOIN + topic]) for topic in topics]
    return [one for one in found if one]


def leave(shares: Shares, host: str, *topics: bytes) -> None:
    assert not any(shares.changed(host, [LEAVE + topic]) for topic in topics)


def test_the_first_subscription_too_many_is_named_once_and_others_have_their_own_share():
    shares = Shares(joins_max=3)
    assert join(shares, "near", *many(3)) == []
    (reason,) = join(shares, "far", *many(10))
    assert reason.startswith("host far has 4 subscriptions of 28 bytes; expected at most 3 of")
    assert join(shares, "near", AAPL)[0].startswith("host near has 4 subscriptions")


def test_what_has_ended_makes_room():
    shares = Shares(joins_max=3)
    for _ in range(5):
        assert join(shares, "far", *many(3)) == []
        leave(shares, "far", *many(3))
    assert shares.of("far") == 0


def test_the_same_topic_on_several_connections_counts_for_each():
    assert len(join(Shares(joins_max=3), "far", *[AAPL] * 4)) == 1


def test_topics_have_so_many_bytes_in_all():
    shares = Shares(bytes_max=100)
    assert join(shares, "far", b"x" * 60, b"y" * 40) == []
    assert "has 3 subscriptions of 101 bytes" in join(shares, "far", b"z")[0]


def test_the_end_of_a_connection_which_has_no_name_ends_what_it_had():
    shares = Shares(joins_max=3)
    join(shares, "far", *many(3))
    leave(shares, NOBODY, *many(3))
    assert shares.of("far") == 0
    assert join(shares, "far", *many(3)) == []


def test_whoever_it_was_that_left_nobody_counts_as_reading_more_than_it_does():
    shares = Shares()
    for host in ("far", "near"):
        join(shares, host, AAPL, MSFT)
    leave(shares, NOBODY, AAPL)
    assert (shares.of("far"), shares.of("near")) == (1, 1)
    leave(shares, "far", AAPL)
    leave(shares, "elsewhere", MSFT)
    assert (shares.of("far"), shares.of("near"), shares.of("elsewhere")) == (1, 1, 0)


def test_what_is_no_subscription_counts_for_nothing():
    shares = Shares(joins_max=0)
    for frames in ([b""], [b"\x02" + AAPL], [JOIN + AAPL, AAPL]):
        assert shares.changed("far", frames) == ""
    assert shares.of("far") == 0


def test_the_door_knows_which_host_subscribes_and_that_its_connection_has_ended(
    between: Between,
):
    market = between.at_home(zmq.XPUB, "market")
    reader = between.far_off(zmq.SUB, "market", wire.topic("tick.AAPL"))
    shares = between.door.shares["market"]
    between.until(lambda: shares.of("far") == 1, "the subscription")
    between.until(lambda: all_of(market), "it to get to the gateway")
    between.end("relay-far")
    between.until(lambda: shares.of("far") == 0, "its end")
    between.until(lambda: all_of(market), "its end to get to the gateway")
    reader.close()


def test_a_host_that_subscribes_too_much_is_shut_out_and_all_that_it_subscribed_ends(
    between: Between,
):
    market = between.at_home(zmq.XPUB, "market")
    between.until_ready()
    between.door.shares["market"] = Shares(joins_max=10)
    reader = between.far_off(zmq.SUB, "market")
    for topic in many(50):
        reader.subscribe(topic)
    between.until(lambda: between.door.metrics.counters["shut_out", "far"], "the reason")
    seen: list[bytes] = []

    def has_ended() -> bool:
        seen.extend(frame for (frame,) in all_of(market))
        joined = [one[1:] for one in seen if one[:1] == JOIN]
        return bool(joined) and sorted(joined) == sorted(o[1:] for o in seen if o[:1] == LEAVE)

    between.until(has_ended, "all of it to have ended at the gateway")
    zap = between._processes["door"].transport._zap
    assert zap is not None
    refused = zap.refused
    between.until(lambda: zap.refused > refused, "it to be refused")
    assert between.door.detail()["read"]["market"] == 0
    assert len([o for o in between.door.dead_letters if "is shut out" in o.reason]) == 1
