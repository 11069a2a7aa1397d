"""`tapewire tail`: what real publishers send, read without any schema."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from tapewire.common.bus import wire
from tapewire.common.config.settings import BusConfig
from tapewire.common.events import EVERYTHING, Quote, RiskHalted
from tapewire.console.records.tail import Losses, Tail, unpacked
from tests.console.journaled import T0
from tests.places import ROOT
from tests.waiting import wait_for


class Publishers:
    """The market's and the broker's sockets, bound as the gateway binds them."""

    def __init__(self, run_dir: Path) -> None:
        self._context = zmq.Context()
        self.market = self._socket(zmq.XPUB, run_dir / "market")
        self.broker = self._socket(zmq.PUB, run_dir / "broker")

    def _socket(self, kind: int, path: Path) -> "zmq.Socket[bytes]":
        socket = self._context.socket(kind)
        socket.bind(f"ipc://{path}")
        return socket

    def joined(self) -> bytes:
        """The next subscription that reaches the market socket."""
        assert self.market.poll(10_000)
        return self.market.recv()

    def tick(self, symbol: str, seq: int, epoch: str = "e") -> None:
        quote = Quote(symbol=symbol, ts_ns=T0, bid=1.0, bid_size=2.0, ask=None, ask_size=None)
        body = wire.encode_batch("gateway", epoch, seq, [quote])
        self.market.send_multipart([wire.topic(f"tick.{symbol}"), body])

    def journaled(self, seq: int, count: int = 1) -> None:
        body = wire.encode_batch("gateway", "e", seq, [RiskHalted(T0, EVERYTHING, "x")] * count)
        self.broker.send_multipart([wire.topic("gateway"), body])

    def close(self) -> None:
        self._context.destroy(linger=0)


@pytest.fixture
def publishers(tmp_path: Path) -> Iterator[Publishers]:
    one = Publishers(tmp_path)
    yield one
    one.close()


def received(tail: Tail, publish, count: int):
    """The first `count` messages, published until they arrive, as a subscription takes time."""
    stop = threading.Event()

    def again() -> None:
        while not stop.wait(0.02):
            publish()

    thread = threading.Thread(target=again)
    thread.start()
    found = []
    for message in tail.read(10):
        found.append(message)
        if len(found) == count:
            break
    stop.set()
    thread.join()
    return found


def test_ticks_are_read_and_losses_are_counted(publishers, tmp_path):
    seqs = iter(range(1, 100_000, 3))  # two of three are lost
    with Tail(BusConfig(), tmp_path, ["tick.A"]) as tail:
        found = received(tail, lambda: publishers.tick("A", next(seqs)), 3)
    assert [m.lost for m in found] == [0, 2, 2]
    assert (found[0].topic, found[0].source) == ("tick.A", "gateway")
    name, *fields = found[0].events[0]
    assert name == "quote"
    assert {"A", T0, 1.0, None} <= set(fields)
    assert tail.counts() == {"messages": 3, "events": 3, "lost": 4, "unreadable": 0}


def test_only_the_requested_topics_are_shown(publishers, tmp_path):
    seqs = iter(range(1, 100_000))

    def publish() -> None:
        seq = next(seqs)
        publishers.tick("A", seq)
        publishers.tick("B", seq)
        publishers.journaled(seq)

    with Tail(BusConfig(), tmp_path, ["tick.B", "gate"]) as tail:
        found = received(tail, publish, 6)
    assert {m.topic for m in found} == {"tick.B", "gateway"}


def test_listening_never_opens_a_market_data_line(publishers, tmp_path):
    with Tail(BusConfig(), tmp_path, ["last.A", "last.B"]):
        assert publishers.joined() == b"\x01last."


def test_unreadable_messages_are_counted_and_the_others_shown(publishers, tmp_path):
    def publish() -> None:
        publishers.broker.send_multipart([wire.topic("gateway"), b"\xc1 no message"])
        publishers.journaled(1)

    with Tail(BusConfig(), tmp_path) as tail:
        (halted,) = received(tail, publish, 1)[0].events
        assert halted[:4] == ["risk.halted", T0, ["", "", ""], "x"]
        assert tail.unreadable >= 1


@pytest.mark.parametrize(
    "body",
    [b"", b"\xc1", b"\x01", b"\x90", b"\x91" * 3000, b"\x95\x01\xa1a\xa1b\x01\x90",
     b"\x95\x02\xa1a\xa1b\x01\x91\x90", b"\x95\x02\xa1a\xa1b\x01\xa1x", b"\xdb\xff\xff\xff\xff"],
)  # fmt: skip
def test_other_bodies_are_none(body: bytes):
    assert unpacked(body) is None


def test_losses_are_counted_in_what_the_seq_of_a_topic_counts():
    losses = Losses()
    assert [losses.before("gateway", "e", seq, 2) for seq in (5, 7, 9, 14)] == [0, 0, 0, 3]
    assert [losses.before("tick.A", "e", seq, 9) for seq in (5, 6, 9, 9, 10)] == [0, 0, 2, 0, 0]
    assert [losses.before("positions", "e", seq, 9) for seq in (1, 2, 4)] == [0, 0, 1]
    assert [losses.before("generic.A", "e", seq, 9) for seq in (1, 2, 2, 4)] == [0, 0, 0, 1]
    assert losses.before("tick.A", "new", 1, 1) == 0
    assert [losses.before("last.A", "e", seq, 1) for seq in (1, 90)] == [0, 0]
    assert [losses.before("heartbeat.risk", "e", seq, 1) for seq in (1, 90)] == [0, 0]


def test_it_ends_after_so_many_seconds_with_its_counts(tapewire):
    ended = tapewire("tail", "--seconds", "0.2", "--json")
    assert ended.status == 0
    assert ended.lines == [{"messages": 0, "events": 0, "lost": 0, "unreadable": 0}]
    assert "0 messages, 0 events, 0 lost" in tapewire("tail", "--seconds", "0").err


def test_in_a_folder_without_a_configuration_it_listens_to_nothing(tapewire, tmp_path, monkeypatch):
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    monkeypatch.delenv("TAPEWIRE_CONFIG", raising=False)
    ended = tapewire("tail", "--seconds", "0")
    assert (ended.status, list(empty.iterdir())) == (2, [])
    assert ended.err.startswith(f"tapewire: no tapewire.toml in {empty}; ")


def test_ctrl_c_ends_it_in_order(tmp_path, config):
    run_dir = tmp_path / "r"
    run_dir.mkdir(mode=0o700)
    publishers = Publishers(run_dir)
    command = [sys.executable, "-m", "tapewire.console.cli", "tail", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert publishers.joined()
        seqs = iter(range(1, 100_000))
        assert process.stdout is not None
        out = process.stdout
        lines: list[str] = []
        reader = threading.Thread(target=lambda: lines.extend(out))
        reader.start()

        def printed() -> bool:
            publishers.tick("AAPL", next(seqs))
            return bool(lines)

        wait_for(printed, "a tick to be printed")
        process.send_signal(2)
        assert process.wait(10) == 0
        reader.join(5)
        assert process.stderr is not None
        assert process.stderr.read() == ""
    publishers.close()
    first, *_, last = [json.loads(line) for line in lines]
    assert (first["topic"], first["event"], first["fields"][0]) == ("tick.AAPL", "quote", "AAPL")
    assert last["messages"] - (len(lines) - 1) in (0, 1)  # one may be received, and not yet printed
