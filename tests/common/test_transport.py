"""Real sockets behave as the design counts on."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from tapewire.common.bus import wire
from tapewire.common.bus.transport import UNREAD_BATCHES, Inbound, ZmqTransport
from tests.places import ROOT
from tests.waiting import wait_for


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"ipc://{tmp_path}/s"


@pytest.fixture
def here() -> Iterator[ZmqTransport]:
    transport = ZmqTransport(messages_max=1000, batch_max=16)
    yield transport
    transport.close(linger_ms=0)


@pytest.fixture
def there() -> Iterator[ZmqTransport]:
    transport = ZmqTransport(messages_max=1000, batch_max=16)
    yield transport
    transport.close(linger_ms=0)


def take(transport: ZmqTransport, count: int) -> list[Inbound]:
    """Poll until `count` messages are here."""
    taken: list[Inbound] = []

    def enough() -> bool:
        taken.extend(transport.poll(10))
        return len(taken) >= count

    wait_for(enough, f"{count} messages")
    return taken


def test_a_topic_gets_its_own_messages_and_not_those_of_longer_names(
    here: ZmqTransport, there: ZmqTransport, address: str
) -> None:
    here.bind("market", "xpub", address)
    there.connect("ticks", "sub", address, topics=[wire.topic("tick.ES")])
    take(here, 1)
    here.send("market", [wire.topic("tick.ESZ6"), b"other"])
    here.send("market", [wire.topic("tick.ES"), b"own"])
    assert take(there, 1) == [("ticks", [wire.topic("tick.ES"), b"own"])]


def test_a_push_without_a_peer_says_so(
    here: ZmqTransport, there: ZmqTransport, address: str
) -> None:
    here.connect("signals", "push", address)
    assert not here.send("signals", [b"nobody hears"])
    there.bind("signals", "pull", address)
    wait_for(lambda: here.send("signals", [b"heard"]), "the peer")
    assert take(there, 1) == [("signals", [b"heard"])]


def test_a_dealer_without_a_peer_says_so(here: ZmqTransport, address: str) -> None:
    here.connect("risk.requests", "dealer", address)
    assert not here.send("risk.requests", [b"nobody hears"])


def test_one_poll_takes_a_bounded_share_of_a_channel(
    here: ZmqTransport, there: ZmqTransport, address: str
) -> None:
    there.bind("signals", "pull", address)
    here.connect("signals", "push", address)
    wait_for(lambda: here.send("signals", [b"0"]), "the peer")
    for number in range(1, 40):
        assert here.send("signals", [b"%d" % number])
    taken: list[list[Inbound]] = []

    def all_here() -> bool:
        taken.append(there.poll(10))
        return sum(map(len, taken)) == 40

    wait_for(all_here, "40 messages")
    assert max(map(len, taken)) <= 16
    assert [f[0] for turn in taken for _, f in turn] == [b"%d" % n for n in range(40)]


def test_each_joiner_is_seen_though_the_topic_is_known(here: ZmqTransport, address: str) -> None:
    here.bind("market", "xpub", address)
    topic = wire.topic("tick.ES")
    joiners = [ZmqTransport() for _ in range(3)]
    try:
        for joiner in joiners:
            joiner.connect("ticks", "sub", address, topics=[topic])
            assert take(here, 1) == [("market", [b"\x01" + topic])]
    finally:
        for joiner in joiners:
            joiner.close(linger_ms=0)


def test_each_leaver_is_seen_be_it_that_its_process_has_died(
    here: ZmqTransport, address: str
) -> None:
    here.bind("market", "xpub", address)
    topic = wire.topic("tick.ES")
    joiners = [ZmqTransport() for _ in range(2)]
    for joiner in joiners:
        joiner.connect("ticks", "sub", address, topics=[topic])
    take(here, 2)
    for joiner in joiners:
        joiner.close(linger_ms=0)
        assert take(here, 1) == [("market", [b"\x00" + topic])]


def test_a_router_answers_the_one_who_asked(
    here: ZmqTransport, there: ZmqTransport, address: str
) -> None:
    here.bind("requests", "router", address)
    there.connect("risk.requests", "dealer", address)
    wait_for(lambda: there.send("risk.requests", [b"question"]), "the peer")
    ((_, (sender, question)),) = take(here, 1)
    assert question == b"question"
    here.send("requests", [sender, b"answer"])
    assert take(there, 1) == [("risk.requests", [b"answer"])]


def test_an_answer_to_one_who_left_is_dropped(here: ZmqTransport, address: str) -> None:
    here.bind("requests", "router", address)
    assert here.send("requests", [b"nobody", b"answer"])


def test_a_router_that_must_be_heard_says_that_its_client_is_gone(
    here: ZmqTransport, address: str
) -> None:
    here.bind("queries", "heard_router", address)
    assert not here.send("queries", [b"nobody", b"answer"])
    there = ZmqTransport()
    there.connect("queries", "dealer", address)
    wait_for(lambda: there.send("queries", [b"question"]), "the peer")
    ((_, (sender, _question)),) = take(here, 1)
    assert here.send("queries", [sender, b"answer"])
    there.close(linger_ms=0)
    wait_for(lambda: not here.send("queries", [sender, b"answer"]), "the end of the peer")


def test_a_client_that_does_not_read_is_kept_no_more_than_the_socket_allows(
    here: ZmqTransport, address: str
) -> None:
    here.bind("queries", "router", address, messages_max=10)
    with zmq.Context() as context, context.socket(zmq.DEALER) as client:
        client.set_hwm(1)
        client.connect(address)
        client.send(b"question")
        ((_, (sender, _question)),) = take(here, 1)
        for _ in range(900):
            here.send("queries", [sender, bytes(64 * 1024)])
        received = 0
        while client.poll(200):
            client.recv()
            received += 1
    assert 10 <= received < 100


def test_whoever_asks_and_never_reads_is_kept_no_more_than_some_turns_of_answers(
    here: ZmqTransport, address: str
) -> None:
    here.bind("requests", "router", address)
    there = ZmqTransport(messages_max=1)
    there.connect("requests", "dealer", address)
    wait_for(lambda: there.send("requests", [b"question"]), "it to be sent")
    sender = take(here, 1)[0][1][0]
    for _ in range(1000):
        here.send("requests", [sender, bytes(100_000)])
    answers: list[Inbound] = []

    def all_read() -> bool:
        found = there.poll(100)
        answers.extend(found)
        return not found

    wait_for(all_read, "the last answer")
    there.close(linger_ms=0)
    assert 1 < len(answers) < 3 * UNREAD_BATCHES * 16


FLOOD = """
import sys, time, zmq
from tapewire.common.bus.transport import HEARTBEAT_IVL_MS, ZmqTransport
kind, joining, address = sys.argv[1:]
here = ZmqTransport(messages_max=2, batch_max=16)
here.bind("requests", kind, address)
context = zmq.Context()
client = context.socket(getattr(zmq, joining))
client.connect(address)
while client.poll(300, zmq.POLLOUT):  # until nothing more fits anywhere
    client.send(bytes(1000))
context.destroy(linger=0)
time.sleep(1.3 * HEARTBEAT_IVL_MS / 1000)
print(len(here.poll(100)))
here.close()
"""


@pytest.mark.parametrize(("kind", "joining"), [("router", "DEALER"), ("pull", "PUSH")])
def test_whoever_floods_a_socket_and_leaves_ends_nobody(
    address: str, kind: str, joining: str
) -> None:
    """ZeroMQ would abort the process at the next heartbeat; so this has to wait for one."""
    command = [sys.executable, "-c", FLOOD, kind, joining, address]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 0


SILENT = """
import os, signal, sys, time
from tapewire.common.bus import transport
transport.HEARTBEAT_IVL_MS, transport.HEARTBEAT_TIMEOUT_MS = 50, 200
there = transport.ZmqTransport()
there.connect("requests", "dealer", sys.argv[1])
while not there.send("requests", [b"here"]):
    pass
time.sleep(0.3)  # its server hears of its heartbeats with the first one
os.kill(os.getpid(), signal.SIGSTOP)
"""


def test_a_client_that_hangs_is_left_though_its_server_sends_no_heartbeat(
    address: str,
) -> None:
    here = ZmqTransport()
    here.bind("requests", "heard_router", address)
    command = [sys.executable, "-c", SILENT, address]
    with subprocess.Popen(command, cwd=ROOT) as client:
        try:
            sender = take(here, 1)[0][1][0]

            def is_left() -> bool:
                here.poll(1)
                return not here.send("requests", [sender, b"x"])

            wait_for(is_left, "the end of it", 20)
        finally:
            client.kill()
            here.close(linger_ms=0)


def test_a_taken_port_is_an_error_that_names_it(here: ZmqTransport) -> None:
    socket = zmq.Context.instance().socket(zmq.PULL)
    try:
        port = socket.bind_to_random_port("tcp://127.0.0.1")
        address = f"tcp://127.0.0.1:{port}"
        with pytest.raises(OSError, match=rf"{address} for signals: .*is another process on it"):
            here.bind("signals", "pull", address)
    finally:
        socket.close(linger=0)


class Pipe:
    """A byte stream for the poll loop: the read end of a pipe, or none."""

    def __init__(self) -> None:
        self.fd = -1
        self.written: list[bytes] = []

    def fileno(self) -> int:
        return self.fd

    def wants_write(self) -> bool:
        return False

    def ready(self) -> list[list[bytes]]:
        return [[os.read(self.fd, 100)]] if self.fd >= 0 else [[b"connecting"]]

    def write(self, data: bytes) -> bool:
        self.written.append(data)
        return True


def test_a_stream_is_polled_beside_the_sockets(here: ZmqTransport) -> None:
    stream = Pipe()
    here.attach("tws", stream)
    assert here.poll(0) == [("tws", [b"connecting"])]
    assert here.send("tws", [b"out"])
    assert stream.written == [b"out"]


def test_a_stream_may_close_and_come_back_under_another_descriptor(here: ZmqTransport) -> None:
    stream = Pipe()
    here.attach("tws", stream)
    pipes = [os.pipe(), os.pipe()]
    try:
        for reading, writing in pipes:
            stream.fd = reading
            assert here.poll(0) == []
            os.write(writing, b"bytes")
            assert here.poll(1000) == [("tws", [b"bytes"])]
        stream.fd = -1
        assert here.poll(0) == [("tws", [b"connecting"])]
    finally:
        for descriptor in (fd for pair in pipes for fd in pair):
            os.close(descriptor)


def test_it_tells_how_much_waited_and_whether_it_took_all(
    here: ZmqTransport, there: ZmqTransport, address: str
) -> None:
    here.bind("signals", "pull", address)
    there.connect("signals", "push", address)
    wait_for(lambda: there.send("signals", [b"0"]), "a connection")
    for number in range(1, 41):
        assert there.send("signals", [str(number).encode()])
    taken: list[Inbound] = []
    most = 0

    def all_of_them() -> bool:
        nonlocal most
        polled = here.poll(10)
        taken.extend(polled)
        most = max(most, here.drained.get("signals", 0))
        assert here.emptied == (len(polled) < 16), "16 is as much as this one takes at a time"
        return len(taken) == 41

    wait_for(all_of_them, "all of them")
    assert here.drained_max["signals"] == most > 0


def test_channels_are_taken_in_the_order_they_were_opened_in(
    here: ZmqTransport, there: ZmqTransport, tmp_path: Path
) -> None:
    for channel in ("first", "second"):
        here.bind(channel, "pull", f"ipc://{tmp_path}/{channel}")
    for channel in ("second", "first"):
        there.connect(channel, "push", f"ipc://{tmp_path}/{channel}")
        wait_for(lambda channel=channel: there.send(channel, [b""]), "a connection")
    wait_for(lambda: len(here._poller.poll(10)) == 2, "both to wait")
    assert [channel for channel, _ in here.poll(0)] == ["first", "second"]


def test_a_channel_may_have_its_own_bound(
    here: ZmqTransport, there: ZmqTransport, address: str
) -> None:
    here.bind("market", "xpub", address)
    there.connect("ticks", "sub", address, topics=[b"t"], batch_max=1000)
    take(here, 1)
    for _ in range(100):
        here.send("market", [b"t", b""])
    wait_for(lambda: len(there.poll(10)) > 16 or there.drained.get("ticks", 0) > 16, "a long drain")


def test_what_nobody_takes_is_counted(here: ZmqTransport, address: str) -> None:
    here.connect("signals", "push", address)
    assert not here.send("signals", [b"lost"])
    assert here.refused["signals"] == 1


def test_a_token_goes_ahead_of_every_message_of_its_channel_behind_the_wire_version(
    here: ZmqTransport, there: ZmqTransport, address: str
) -> None:
    tokens = iter([b"first", b"second"])
    there.bind("signals", "pull", address)
    here.connect("signals", "push", address)
    wait_for(lambda: here.send("signals", [b"without"]), "the peer")
    here.present("signals", lambda: next(tokens))
    here.send("signals", [b"a"])
    here.send("signals", [b"b"])
    assert [frames for _, frames in take(there, 3)] == [
        [b"without"], [b"3.first", b"a"], [b"3.second", b"b"],
    ]  # fmt: skip


def test_the_file_of_a_socket_is_for_its_user_alone(here: ZmqTransport, tmp_path: Path) -> None:
    here.bind("signals", "pull", f"ipc://{tmp_path}/s")
    assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o600
