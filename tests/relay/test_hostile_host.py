"""A far host that was taken over, and what it cannot do at home with a key that is on the list."""

import errno

import pytest
import zmq

from tapewire.common.bus import wire
from tapewire.common.events import RULES_MAX, CatchUp, Control, RequestRefused
from tapewire.relay.clients import Clients
from tapewire.relay.door import REQUESTS_PER_SECOND
from tapewire.relay.hosts import Statuses
from tapewire.relay.late import STAMP_BYTES
from tapewire.relay.sockets import REQUEST_MAX_BYTES
from tapewire.relay.streams import SOURCE
from tapewire.relay.topics import TOPIC_MAX
from tapewire.relay.words import WORD_MAX_BYTES
from tests.relay.between import Between, all_of

TICK = wire.topic("tick.AAPL")
PAST = wire.encode(CatchUp(3, 1))


def ask(between: Between, *senders: bytes) -> None:
    """Hand the door a catch-up of each of these clients, as if they had come in one turn."""
    now = between.door.clock.now()
    stamp = now.mono_ns.to_bytes(STAMP_BYTES, "big")
    for sender in senders:
        frames = [b"far/reader", b"relay", sender, stamp, PAST]
        between.door.on_frames("executor>", frames, now)


def test_a_client_that_loses_its_connection_while_it_is_made_does_not_end_the_door(
    between: Between,
):
    between.door._clients = Clients(per_host_max=3)
    ask(between, *(b"%d" % number for number in range(10)))
    for _ in range(3):
        between.turn()
    assert len(between.door._clients) == 3


def test_connections_that_came_and_went_leave_nothing_behind(between: Between):
    executor = between.at_home(zmq.ROUTER, "executor")
    between.door._clients = Clients(per_host_max=2)
    transport = between._processes["door"].transport
    seen: set[bytes] = set()

    def answered() -> bool:
        while executor.poll(0):
            sender, _question = executor.recv_multipart()
            executor.send_multipart([sender, b"past"])
            seen.add(sender)
        return bool(seen)

    for number in range(6):
        ask(between, b"%d" % number)
        seen.clear()
        between.until(answered, "the question")
        between.turn()
    of_clients = [one for one in transport.drained_max if one.startswith(f"executor{SOURCE}")]
    assert len(of_clients) <= 2
    assert transport.drained_max, "the door has received something"


def test_where_no_connection_can_be_made_the_client_is_not_kept(
    between: Between, monkeypatch: pytest.MonkeyPatch
):
    def fails(*_: object) -> None:
        raise zmq.ZMQError(errno.EMFILE)

    monkeypatch.setattr(between.door, "_open_client", fails)
    with pytest.raises(zmq.ZMQError):
        ask(between, b"a")
    assert len(between.door._clients) == 0


def test_there_are_sockets_for_the_clients_of_many_hosts(between: Between):
    context = between._processes["door"].transport._context
    assert context.get(zmq.MAX_SOCKETS) > 16 * 256


def test_a_reader_that_sends_messages_of_its_own_ends_nobodys_subscription(between: Between):
    market = between.at_home(zmq.XPUB, "market")
    reader = between.far_off(zmq.SUB, "market", TICK)
    stranger = between.far_off(zmq.XSUB, "market")
    between.until(lambda: between.door.detail()["read"]["market"], "it to be read")
    said = [[b"\x02" + TICK], [b"", TICK], [b"x", b"\x02" + TICK], [b"end"]]
    came: list[list[bytes]] = []
    kept = between.relay._routes["market>"]
    between.relay._routes["market>"] = lambda frames: (came.append(frames), kept(frames))[1]

    def sent() -> bool:  # what leaves before there is a connection is dropped
        for frames in said:
            stranger.send_multipart(frames)
        return [b"end"] in came

    between.until(sent, "all of it")
    for _ in range(3):
        between.turn()
    assert between.relay.detail()["read"]["market"] == between.door.detail()["read"]["market"] == 1
    at_home: list[list[bytes]] = []
    between.until(lambda: at_home.extend(all_of(market)) or at_home, "home to know of it")
    for _ in range(3):
        between.turn()
    assert [one for (one,) in [*at_home, *all_of(market)]] == [b"\x01" + TICK]
    reader.close()


def test_a_host_that_asks_without_end_does_not_hold_up_whoever_answers(between: Between):
    executor = between.at_home(zmq.ROUTER, "executor")
    ask(between, b"a")
    between.until(lambda: all_of(executor), "the first question")
    ask(between, *[b"a"] * 5_000)
    counted = between.door.metrics.counters
    assert counted["beyond_allowance", "far"] >= 5_000 - REQUESTS_PER_SECOND
    assert 0 < counted["passed", "executor"] <= REQUESTS_PER_SECOND


def test_what_is_too_large_for_home_ends_at_the_relay_and_the_rest_passes(between: Between):
    executor = between.at_home(zmq.ROUTER, "executor")
    asker = between.far_off(zmq.DEALER, "executor")
    between.until_ready()
    asker.send_multipart([b"x" * (REQUEST_MAX_BYTES + 1)])
    asker.send_multipart([PAST])
    assert [one[1:] for one in between.until(lambda: all_of(executor), "the other")] == [[PAST]]
    refused = wire.decode_event(between.until(lambda: all_of(asker), "a refusal")[0][-1])
    assert refused == RequestRefused("a message of 465,537 bytes; home takes at most 465,536")
    assert between.relay.metrics.counters["too_large", "executor"] == 1


def test_the_largest_rules_that_there_are_get_home(between: Between):
    risk = between.at_home(zmq.ROUTER, "control")
    asker = between.far_off(zmq.DEALER, "control")
    between.until_ready()
    reload = Control(1, "reload", "\U0001f4c8" * 512, by="x" * 512, rules="\U0001f4c8" * RULES_MAX)
    asker.send_multipart([wire.encode(reload)])
    (frames,) = between.until(lambda: all_of(risk), "the rules")
    assert wire.decode_event(frames[-1]) == reload


def test_a_report_that_is_too_large_comes_without_its_figures_and_the_log_says_so(
    between: Between,
):
    between.until_ready()
    many = {f"counted-{number:06}": number for number in range(1_000)}
    dip = {"role": "strategy-dip", "state": "READY", "reason": "", "epoch": "0a", "ts_ns": 1}
    report = {f"strategy-dip-{n}": {**dip, "pid": n, "counters": many} for n in range(200)}
    seen: list[Statuses] = []
    between.door._keep = lambda _host, statuses, _now: seen.append(statuses)
    between.relay._report = lambda: report
    between.until(lambda: seen and len(seen[-1]) == 200, "the report")
    found = seen[-1]["strategy-dip-7"]
    assert (found.state, found.pid, found.counters) == ("READY", 7, {})
    assert "figures are not reported" in found.reason
    reasons = [one.reason for one in between.relay.dead_letters if one.origin == "hosts"]
    assert "home takes 1,000,000" in reasons[0]


def test_a_topic_that_is_too_long_is_a_dead_letter_and_others_are_read(between: Between):
    market = between.at_home(zmq.XPUB, "market")
    between.until_ready()
    between.far_off(zmq.SUB, "market", b"x" * (TOPIC_MAX + 1))
    between.until(lambda: between.relay.dead_letters, "the line")
    assert "a topic of 1,025 bytes is not subscribed" in between.relay.dead_letters[0].reason
    between.far_off(zmq.SUB, "market", TICK)
    assert between.until(lambda: all_of(market), "the other topic") == [[b"\x01" + TICK]]


@pytest.mark.parametrize(
    ("channel", "most"),
    [("market>", 4 * 1024), ("hosts>", WORD_MAX_BYTES), ("executor>", REQUEST_MAX_BYTES)],
)
def test_the_door_takes_in_bounded_messages_and_few_of_them(
    between: Between, channel: str, most: int
):
    socket = between._processes["door"].transport._sockets[channel]
    assert socket.getsockopt(zmq.MAXMSGSIZE) <= most + 64
    assert socket.getsockopt(zmq.RCVHWM) <= 200
