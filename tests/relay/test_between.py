"""A door and a relay on real sockets: what passes, as what, and what does not."""

import argparse
import json
from collections.abc import Iterator

import pytest
import zmq

from tapewire.common.bus import spoken, wire
from tapewire.common.bus.allowed import Allowed
from tapewire.common.events import CancelSignal, CatchUp, Control, RequestRefused
from tapewire.common.runtime import key_files, statuses, tokens
from tapewire.common.runtime.process import Process
from tapewire.relay.clients import Clients
from tapewire.relay.composition import build_door
from tapewire.relay.words import HostReported, ProcessReported, encode
from tests.conftest import _folder
from tests.relay.between import Between, Sock, all_of, batch
from tests.relay.two_hosts import AT_HOME, configured, with_keys

LAST, TICK = wire.topic("last.AAPL"), wire.topic("tick.AAPL")
JOINED, LEFT = b"\x01", b"\x00"
MORE = 20
HALT = wire.encode(Control(1, "halt", "it is a test"))
PAST = wire.encode(CatchUp(3, 1))


def signal(number: int, strategy: str = "dip") -> bytes:
    """A signal that has no end by the monotonic clock, so that it passes as it is."""
    return wire.encode(CancelSignal(f"{strategy}-0a-{number}", 1, "", strategy, "dip-0a-0", 2))


@pytest.fixture
def by_operator() -> Iterator[Between]:
    with _folder() as folder:
        found = Between(folder, role="operator")
        yield found
        found.close()


def until_reads(between: Between, publisher: Sock, reader: Sock) -> int:
    """Publish until the reader has one; the seq of what it has first."""
    seqs = iter(range(1, 10_000))

    def published() -> int:
        publisher.send_multipart(batch(next(seqs)))
        found = all_of(reader)
        return wire.decode_ticks(found[0][1]).seq if found else 0

    return int(between.until(published, "a message to arrive"))


# ---- streams -------------------------------------------------------------------------------------


def test_frames_arrive_as_they_were_sent_with_their_epoch_and_seq(between: Between):
    market, reader = between.at_home(zmq.XPUB, "market"), between.far_off(zmq.SUB, "market", TICK)
    until_reads(between, market, reader)
    sent = [batch(seq, "0b") for seq in (1, 2, 4)]  # 3 was lost before it came here
    for frames in sent:
        market.send_multipart(frames)
    received: list[list[bytes]] = []

    def arrived() -> bool:  # behind what was on its way before
        received.extend(one for one in all_of(reader) if wire.decode_ticks(one[1]).epoch == "0b")
        return len(received) >= len(sent)

    between.until(arrived, "all three")
    assert received == sent


def test_a_symbol_is_read_once_at_the_gateway_whoever_reads_it_here(between: Between):
    market = between.at_home(zmq.XPUB, "market")
    seen: list[bytes] = []

    def until_seen(*frames: bytes) -> None:
        between.until(
            lambda: seen.extend(one[0] for one in all_of(market)) or len(seen) >= len(frames),
            f"{frames} at the gateway",
        )
        assert seen == [*frames]
        seen.clear()

    first = between.far_off(zmq.SUB, "market", LAST)
    until_seen(JOINED + LAST)
    second = between.far_off(zmq.SUB, "market", LAST)
    until_seen(JOINED + LAST, LEFT + LAST)  # for a moment, so that it sends the last values
    second.close()
    other = between.far_off(zmq.SUB, "market", TICK)
    until_seen(JOINED + TICK)  # of the reader that has left there is no word
    first.close()
    until_seen(LEFT + LAST)
    other.close()
    until_seen(LEFT + TICK)


def test_each_new_reader_gets_the_last_values_under_the_seq_of_that_moment(between: Between):
    market, seq = between.at_home(zmq.XPUB, "market"), 0
    firsts = []

    def gateway() -> None:
        for (frame,) in all_of(market):
            if frame == JOINED + LAST:
                market.send_multipart([LAST, b"values at %d" % seq])

    for seq in (10, 20, 30):  # noqa: B007 - the gateway above reads it
        reader = between.far_off(zmq.SUB, "market", LAST)
        found = between.until(lambda r=reader: gateway() or all_of(r), "the last values")
        firsts.append(found[0][1])
    assert firsts == [b"values at 10", b"values at 20", b"values at 30"]


@pytest.mark.parametrize("killed", ["door", "relay-far"])
def test_what_was_lost_while_one_of_them_was_dead_shows_as_a_gap(between: Between, killed: str):
    market, reader = between.at_home(zmq.XPUB, "market"), between.far_off(zmq.SUB, "market", TICK)
    last = until_reads(between, market, reader) + MORE
    between.end(killed)
    for seq in range(last - MORE + 1, last + 1):
        market.send_multipart(batch(seq))
    between.start_door() if killed == "door" else between.start_relay()
    all_of(reader)
    received: list[int] = []
    seqs = iter(range(last + 1, last + 10_000))

    def published() -> bool:
        market.send_multipart(batch(next(seqs)))
        received.extend(wire.decode_ticks(frames[1]).seq for frames in all_of(reader))
        return len(received) >= MORE

    between.until(published, "ticks to arrive again")
    assert received[0] > last, "what was lost is not sent again"
    assert received == [*range(received[0], received[0] + len(received))]


# ---- who asks ------------------------------------------------------------------------------------


def until_passed(between: Between, sender: Sock, frames: list[bytes], to: Sock) -> list[bytes]:
    """Send until something has arrived, as whoever asks does."""

    def sent() -> list[bytes]:
        sender.send_multipart(frames, zmq.NOBLOCK)
        found = all_of(to)
        return found[0] if found else []

    between.until_ready()
    return list(between.until(sent, "a message to arrive"))


def test_a_signal_arrives_with_the_token_of_home_which_is_not_on_the_far_host(between: Between):
    signals, strategy = between.at_home(zmq.PULL, "signals"), between.far_off(zmq.PUSH, "signals")
    shown = between.far_token("executor", "strategy")
    arrived = until_passed(between, strategy, [shown, signal(1)], signals)
    assert arrived == [between.tokens["executor", "strategy"], signal(1)]
    here = [path.read_bytes() for path in between.far.run_dir.rglob("*") if path.is_file()]
    assert not [one for one in between.tokens.values() if any(one in text for text in here)]


@pytest.mark.parametrize("shown", [b"", b"made up", b"strategy"])
def test_a_signal_without_a_token_of_the_relays_does_not_arrive(between: Between, shown: bytes):
    signals, strategy = between.at_home(zmq.PULL, "signals"), between.far_off(zmq.PUSH, "signals")
    between.until_ready()
    strategy.send_multipart([shown, signal(2)])
    known = between.far_token("executor", "strategy")
    arrived = until_passed(between, strategy, [known, signal(1)], signals)
    assert arrived[1] == signal(1)
    assert "has no token" in between.door.dead_letters[0].reason


@pytest.mark.parametrize("strategy", ["own", "own-2"])
def test_a_host_signals_for_no_strategy_of_another_host(between: Between, strategy: str):
    signals, push = between.at_home(zmq.PULL, "signals"), between.far_off(zmq.PUSH, "signals")
    between.until_ready()
    shown = between.far_token("executor", "strategy")
    push.send_multipart([shown, signal(7, strategy)])
    assert until_passed(between, push, [shown, signal(1)], signals)[1] == signal(1)
    assert between.door.dead_letters[0].reason == (
        f"a signal of {strategy}, which runs on host home, came from host far"
    )


def test_of_a_strategy_that_runs_twice_only_the_newer_starts_signals_arrive(between: Between):
    signals, push = between.at_home(zmq.PULL, "signals"), between.far_off(zmq.PUSH, "signals")
    between.until_ready()
    door, shown = between.door, between.far_token("executor", "strategy")
    door._there = lambda _host, reported: [*reported]  # dip is not configured here
    for epoch in ("0a", "0b", "0a"):
        status = ProcessReported(
            role="strategy-dip", state="READY", reason="", epoch=epoch, ts_ns=1, pid=1
        )
        word = encode(HostReported({"strategy-dip": status}))
        door.on_frames("hosts>", [b"far/strategy", b"relay", word], door.clock.now())
    push.send_multipart([shown, signal(1)])
    newer = wire.encode(CancelSignal("dip-0b-1", 1, "", "dip", "dip-0b-0", 2))
    assert until_passed(between, push, [shown, newer], signals)[1] == newer
    assert "strategy dip runs twice" in door.dead_letters[0].reason
    assert "strategy dip runs twice" in door.readiness(door.clock.now())[1]


@pytest.mark.parametrize("role", ["reader", "strategy"])
def test_home_says_whose_key_only_reads_although_strategies_run_there(between: Between, role: str):
    door = between.door
    door._there = lambda _host, reported: [*reported]
    status = ProcessReported(
        role="strategy-dip", state="READY", reason="", epoch="0a", ts_ns=1, pid=1
    )
    word = encode(HostReported({"strategy-dip": status}))
    door.on_frames("hosts>", [f"far/{role}".encode(), b"relay", word], door.clock.now())
    said = door.readiness(door.clock.now())[1]
    assert ("the key of host far has the role reader" in said) == (role == "reader")


def test_a_signal_of_another_wire_version_does_not_arrive(between: Between):
    signals, strategy = between.at_home(zmq.PULL, "signals"), between.far_off(zmq.PUSH, "signals")
    between.until_ready()
    known = between.far_token("executor", "strategy")
    strategy.send_multipart([b"99." + known, signal(2)])
    arrived = until_passed(between, strategy, [spoken.shown(known), signal(1)], signals)
    assert arrived == [between.tokens["executor", "strategy"], signal(1)]
    assert "wire version 99, expected" in between.door.dead_letters[0].reason


def test_a_request_is_answered_to_whoever_asked_each_on_its_own_connection(between: Between):
    executor = between.at_home(zmq.ROUTER, "executor")
    askers = [between.far_off(zmq.DEALER, "executor") for _ in range(2)]
    between.until_ready()
    for number, one in enumerate(askers):
        one.send_multipart([between.far_token("executor", "strategy"), b"question %d" % number])
    asked: list[list[bytes]] = []
    between.until(lambda: asked.extend(all_of(executor)) or len(asked) == 2, "both questions")
    token = between.tokens["executor", "strategy"]
    assert {(frames[1], frames[2]) for frames in asked} == {
        (token, b"question 0"), (token, b"question 1"),
    }  # fmt: skip
    assert len({frames[0] for frames in asked}) == 2
    for sender, _, question in asked:
        executor.send_multipart([sender, b"answer to " + question])
    for number, one in enumerate(askers):
        found = between.until(lambda s=one: all_of(s), "its answer")
        assert found == [[b"answer to question %d" % number]]


def test_reading_is_free_and_passes_as_it_is(between: Between):
    control, follower = (
        between.at_home(zmq.ROUTER, "control"),
        between.far_off(zmq.DEALER, "control"),
    )
    assert until_passed(between, follower, [PAST], control)[1:] == [PAST]


def test_what_a_role_may_not_ask_is_refused_at_the_door(between: Between):
    control, person = between.at_home(zmq.ROUTER, "control"), between.far_off(zmq.DEALER, "control")
    between.until_ready()
    person.send_multipart([between.far_token("risk", "cli"), HALT])
    answer = between.until(lambda: all_of(person), "the answer")
    refused = wire.decode_event(answer[0][0])
    assert isinstance(refused, RequestRefused)
    assert refused.reason == (
        "a client of a host whose key has the role strategy acts as cli; it may not"
    )
    assert all_of(control) == []


def test_an_operator_may_halt_and_trade_as_a_strategy(by_operator: Between):
    control = by_operator.at_home(zmq.ROUTER, "control")
    person = by_operator.far_off(zmq.DEALER, "control")
    shown = by_operator.far_token("risk", "cli")
    arrived = until_passed(by_operator, person, [shown, HALT], control)
    assert arrived[1:] == [by_operator.tokens["risk", "cli"], HALT]
    signals = by_operator.at_home(zmq.PULL, "signals")
    strategy = by_operator.far_off(zmq.PUSH, "signals")
    shown = by_operator.far_token("executor", "strategy")
    arrived = until_passed(by_operator, strategy, [shown, signal(1)], signals)
    assert arrived[0] == by_operator.tokens["executor", "strategy"]


def test_a_process_at_home_that_starts_again_gets_its_new_token(between: Between):
    signals, strategy = between.at_home(zmq.PULL, "signals"), between.far_off(zmq.PUSH, "signals")
    shown = between.far_token("executor", "strategy")
    until_passed(between, strategy, [shown, signal(1)], signals)
    made = tokens.issue(between.home.run_dir, "executor", "strategy")

    def arrived() -> bool:
        strategy.send_multipart([shown, signal(2)], zmq.NOBLOCK)
        return any(frames == [made, signal(2)] for frames in all_of(signals))

    between.until(arrived, "a signal with the new token")


def test_endless_clients_of_a_host_take_bounded_connections(between: Between):
    executor = between.at_home(zmq.ROUTER, "executor")
    between.door._clients = Clients(per_host_max=3)
    between.until_ready()
    seen: set[bytes] = set()
    for number in range(8):
        asker = between.far_off(zmq.DEALER, "executor")
        asker.send_multipart([PAST])

        def arrived(wanted: int = number + 1) -> bool:
            seen.update(frames[0] for frames in all_of(executor))
            return len(seen) == wanted

        between.until(arrived, "the question")
    assert len(between.door._clients) == 3


def test_a_signal_sent_while_nobody_is_at_home_is_not_delivered_later(between: Between):
    """The strategy sends it again until it is answered or expired; a queue of old ones helps
    nobody."""
    strategy = between.far_off(zmq.PUSH, "signals")
    shown = between.far_token("executor", "strategy")
    between.until_ready()
    for _ in range(50):
        strategy.send_multipart([shown, signal(1)])
    counted = between.door.metrics.counters
    between.until(lambda: counted["not_passed", "signals"] == 50, "all of them to be dropped")
    signals = between.at_home(zmq.PULL, "signals")
    arrived = until_passed(between, strategy, [shown, signal(2)], signals)
    assert arrived[1] == signal(2)


def test_a_host_that_was_taken_out_of_the_configuration_is_shown_no_longer():
    with _folder() as folder:
        config = configured(folder / "tapewire.toml", AT_HOME)
        home, _far = with_keys(config, folder / "h", folder / "f")
        for name in ("far", "gone"):
            path = statuses.path_of_host(home.run_dir, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            status = {"ts_ns": 1, "state": "READY", "reason": ""}
            path.write_text(json.dumps({"statuses": {f"relay-{name}": status}}))
        door = Process("door", home, argparse.Namespace())
        build_door(door)
        door.release()
        assert [*statuses.read(home.run_dir)] == ["relay-far"]


# ---- keys and the kill switch --------------------------------------------------------------------


def test_a_key_that_is_revoked_gets_nothing_more_though_it_was_connected(between: Between):
    market, reader = between.at_home(zmq.XPUB, "market"), between.far_off(zmq.SUB, "market", TICK)
    until_reads(between, market, reader)
    key_files.revoke(between.home.run_dir, host="far")
    read = between.door.detail
    between.until(lambda: not read()["read"]["market"], "it to be shut out")
    all_of(reader)
    for seq in range(10):
        market.send_multipart(batch(seq, "0c"))
        between.turn()
    known = key_files.own(between.far.run_dir)
    assert known is not None
    key_files.allow(between.home.run_dir, Allowed(known.public, "far", "strategy"))
    seen: list[str] = []

    def published() -> bool:
        market.send_multipart(batch(1, "0d"))
        seen.extend(wire.decode_ticks(frames[1]).epoch for frames in all_of(reader))
        return "0d" in seen

    between.until(published, "it to be let in again")
    assert "0c" not in seen


@pytest.mark.parametrize("role", ["reader", "strategy"])
def test_the_kill_switch_of_a_far_host_is_pulled_at_home_unless_it_only_reads(role: str):
    with _folder() as folder:
        between = Between(folder, role)
        halt = between.home.run_dir / "HALT"
        (between.far.run_dir / "HALT").write_text("enough")
        reports = between.home.run_dir / "status" / "hosts" / "far.json"
        between.until(reports.exists, "a report")
        assert halt.exists() == (role == "strategy")
        assert role == "reader" or halt.read_text() == "enough (on host far)\n"
        between.close()


def test_home_says_which_host_is_configured_differently(between: Between):
    def said() -> str:
        return between.door.readiness(between.door.clock.now())[1]

    between.until(lambda: not said(), "the host's report")
    between.end("relay-far")
    between.far = between.far.model_copy(update={"strategies": ()})
    between.start_relay()
    between.until(said, "a word of it")
    assert "the configuration of host far differs from home's in strategies;" in said()
