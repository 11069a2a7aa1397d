"""Sockets with keys, for real: who is not allowed receives nothing, and is in the log.

A monitor of ZeroMQ reports a connection for a stranger as well, so data decides. A stranger is
judged first. Whoever is allowed connects after that, and when its messages arrive, those of the
stranger would have arrived too.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import zmq

from tapewire.common.bus import curve
from tapewire.common.bus.allowed import Allowed, Decision, with_entry
from tapewire.common.bus.curve import Pair
from tapewire.relay.knocks import Knock
from tapewire.relay.zap import BARRED_NS, Zap
from tests.places import free_port
from tests.waiting import wait_for

Sock = zmq.Socket[bytes]
HOME, FAR, OLD, READER, STRANGER = (Pair(*zmq.curve_keypair()) for _ in range(5))
MESSAGES = 5


class AHome:
    """A host whose sockets are served with keys, and what is around it."""

    def __init__(self) -> None:
        self.context, self.elsewhere = zmq.Context(), zmq.Context()
        self.allowed = [
            Allowed(FAR.public, "far", "strategy"),
            Allowed(READER.public, "near", "reader"),
        ]
        self.addresses = {"far": "127.0.0.1", "near": "127.0.0.1"}
        self.zap = Zap(self.context, lambda: Decision(tuple(self.allowed), dict(self.addresses)))
        self._opened: list[Sock] = []
        self._served: list[Sock] = []
        self.endpoint = f"tcp://127.0.0.1:{free_port()}"

    def allows(self, entry: Allowed) -> None:
        self.allowed = [*with_entry(self.allowed, entry)]

    def serves(self, kind: int, domain: str) -> Sock:
        socket = self._open(self.context, kind)
        curve.serve(socket, HOME, domain)
        socket.bind(self.endpoint)
        self._served.append(socket)
        return socket

    def joined(
        self, kind: int, pair: Pair | None, address: str = "127.0.0.1", home: Pair = HOME
    ) -> Sock:
        """A socket of another host that connects; without a pair it is a plain one."""
        socket = self._open(self.elsewhere, kind)
        socket.setsockopt(zmq.RECONNECT_IVL, 5)
        if pair is not None:
            curve.join(socket, pair, home.public)
        if kind == zmq.SUB:
            socket.subscribe(b"")
        socket.connect(self.endpoint.replace("//", f"//{address}:0;"))
        return socket

    def _open(self, context: zmq.Context[Any], kind: int) -> Sock:
        socket: Sock = context.socket(kind)
        socket.setsockopt(zmq.LINGER, 0)
        self._opened.append(socket)
        return socket

    def watched(self, socket: Sock, events: int) -> Sock:
        """What becomes readable when one of the events of a monitor happens."""
        found: Sock = socket.get_monitor_socket(events)
        self._opened.insert(0, found)
        return found

    def until(self, look: Callable[[], Any], what: str) -> None:
        def looks() -> Any:
            self.zap.poll_socket.poll(2)
            self.zap.answer()
            for socket in self._served:  # as a loop does that has them, too
                socket.poll(0)
            return look()

        wait_for(looks, what, 30)  # two handshakes may be given up before, after 5 s each

    def until_judged(self, refused: int = 1) -> None:
        self.until(lambda: self.zap.refused >= refused, "the stranger to be judged")

    def publishes_until_received(self, publisher: Sock, reader: Sock) -> None:
        received: list[bytes] = []

        def enough() -> bool:
            publisher.send(b"tick")
            received.extend(all_of(reader))
            return len(received) >= MESSAGES

        self.until(enough, "whoever is allowed to receive")

    def close(self) -> None:
        self.zap.close()
        for socket in self._opened:
            socket.close()
        self.elsewhere.term()
        self.context.term()


def all_of(socket: Sock) -> list[bytes]:
    found = []
    while socket.poll(0):
        found.append(socket.recv_multipart()[-1])
    return found


def drops_alone(home: AHome, publisher: Sock, dropped: Sock, reader: Sock) -> None:
    """One is dropped, and gets nothing more; the other is back."""
    assert home.zap.drops()
    assert not home.zap.drops()
    curve.authenticate_again(publisher, home.endpoint)
    home.until_judged()
    all_of(dropped)
    home.publishes_until_received(publisher, reader)
    assert all_of(dropped) == []


@pytest.fixture
def home(caplog: pytest.LogCaptureFixture) -> Iterator[AHome]:
    with caplog.at_level(logging.WARNING):
        found = AHome()
        yield found
        found.close()


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    found = [one for one in caplog.records if one.getMessage() == "connection refused"]
    return [vars(one)["values_by_name"] for one in found]


@pytest.mark.parametrize(
    ("pair", "address", "reason"),
    [
        (STRANGER, "127.0.0.1", "the key is not on the list"),
        (OLD, "127.0.0.1", "the key is not on the list"),
        (FAR, "127.0.0.2", "the key is of host far, whose address is 127.0.0.1"),
    ],
    ids=["unlisted", "replaced", "elsewhere"],
)
def test_whoever_is_not_allowed_receives_nothing_and_is_in_the_log(
    home: AHome, caplog: pytest.LogCaptureFixture, pair: Pair, address: str, reason: str
):
    home.allowed = [Allowed(OLD.public, "far", "strategy")]
    home.allows(Allowed(FAR.public, "far", "strategy"))
    publisher = home.serves(zmq.XPUB, "market")
    stranger = home.joined(zmq.SUB, pair, address)
    home.until_judged()
    home.publishes_until_received(publisher, home.joined(zmq.SUB, FAR))
    assert all_of(stranger) == []
    (line,) = lines(caplog)
    assert line == {
        "socket": "market",
        "key": pair.public[:8].decode(),
        "address": address,
        "reason": reason,
        "others": 0,
    }


def test_an_address_is_in_the_log_as_the_configuration_has_it(
    home: AHome, caplog: pytest.LogCaptureFixture
):
    home.zap._log(Knock("9:3abvpX", "::ffff:10.8.0.99", "the key is not on the list"), "market")
    assert [one["address"] for one in lines(caplog)] == ["10.8.0.99"]


def test_a_reader_may_not_send_signals_and_its_messages_arrive_nowhere(
    home: AHome, caplog: pytest.LogCaptureFixture
):
    signals = home.serves(zmq.PULL, "signals")
    reader = home.joined(zmq.PUSH, READER)
    reader.send(b"buy")
    home.until_judged()
    home.joined(zmq.PUSH, FAR).send(b"sell")
    received: list[bytes] = []
    home.until(lambda: received.extend(all_of(signals)) or received, "the signal of far")
    assert received == [b"sell"]
    (line,) = lines(caplog)
    assert line["reason"] == "the key has the role reader, which may not connect to signals"


def test_a_program_without_a_key_or_that_takes_another_for_home_receives_nothing(home: AHome):
    publisher = home.serves(zmq.XPUB, "market")
    plain = home.joined(zmq.SUB, None)
    mistaken = home.joined(zmq.SUB, FAR, home=STRANGER)
    failed = zmq.Event.HANDSHAKE_FAILED_PROTOCOL | zmq.Event.HANDSHAKE_FAILED_NO_DETAIL
    seen = home.watched(publisher, failed)
    home.until(lambda: seen.poll(0), "a handshake to fail")
    home.publishes_until_received(publisher, home.joined(zmq.SUB, FAR))
    assert all_of(plain) == all_of(mistaken) == []


def test_a_socket_without_a_zap_handler_admits_nobody(home: AHome):
    home.zap.close()
    publisher = home.serves(zmq.XPUB, "market")
    reader = home.joined(zmq.SUB, FAR)
    failed = home.watched(publisher, zmq.Event.HANDSHAKE_FAILED_NO_DETAIL)
    assert wait_for(lambda: failed.poll(10), "the handshake to fail")
    publisher.send(b"tick")
    assert not publisher.poll(20)
    assert all_of(reader) == []


def test_each_message_says_which_host_and_role_it_is_from(home: AHome):
    queries = home.serves(zmq.ROUTER, "queries")
    home.joined(zmq.DEALER, FAR).send(b"chain of AAPL")
    home.until(lambda: queries.poll(0), "the query")
    *_, body = queries.recv_multipart(copy=False)
    assert body.get("User-Id") == "far/strategy"


def test_a_key_that_is_allowed_later_gets_in_without_a_restart(
    home: AHome, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(curve, "HANDSHAKE_MS", 50)
    publisher = home.serves(zmq.XPUB, "market")
    late = home.joined(zmq.SUB, STRANGER)
    home.until_judged(refused=2)
    assert all_of(late) == []
    home.allows(Allowed(STRANGER.public, "near", "strategy"))
    home.publishes_until_received(publisher, late)


def test_a_key_that_is_revoked_while_connected_gets_nothing_more(
    home: AHome, caplog: pytest.LogCaptureFixture
):
    publisher = home.serves(zmq.XPUB, "market")
    revoked, reader = home.joined(zmq.SUB, FAR), home.joined(zmq.SUB, READER)
    home.publishes_until_received(publisher, revoked)
    home.publishes_until_received(publisher, reader)
    assert not home.zap.drops()
    del home.allowed[0]
    drops_alone(home, publisher, revoked, reader)
    assert [line["reason"] for line in lines(caplog)] == ["the key is not on the list"]


def test_a_key_that_was_allowed_for_a_moment_is_shut_out_again(home: AHome):
    publisher = home.serves(zmq.XPUB, "market")
    assert not home.zap.drops()
    before = [*home.allowed]
    home.allows(Allowed(STRANGER.public, "far", "operator"))  # by mistake
    mistaken, reader = home.joined(zmq.SUB, STRANGER), home.joined(zmq.SUB, READER)
    home.publishes_until_received(publisher, mistaken)
    home.allowed = before
    assert home.zap.drops()
    curve.authenticate_again(publisher, home.endpoint)
    home.until_judged()
    all_of(mistaken)
    home.publishes_until_received(publisher, reader)
    assert all_of(mistaken) == []


def test_a_key_with_which_nobody_came_is_revoked_without_disturbing_the_others(home: AHome):
    publisher = home.serves(zmq.XPUB, "market")
    reader = home.joined(zmq.SUB, READER)
    home.publishes_until_received(publisher, reader)
    del home.allowed[0]
    assert not home.zap.drops()


def test_a_host_that_is_shut_out_is_back_after_ten_minutes_and_no_other_is_kept_out(
    home: AHome, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(curve, "HANDSHAKE_MS", 50)
    publisher = home.serves(zmq.XPUB, "market")
    far, reader = home.joined(zmq.SUB, FAR), home.joined(zmq.SUB, READER)
    home.publishes_until_received(publisher, far)
    home.zap._mono_ns = lambda: 0
    home.zap.bar("far")
    drops_alone(home, publisher, far, reader)
    home.zap._mono_ns = lambda: BARRED_NS
    home.publishes_until_received(publisher, far)


def test_an_address_that_another_has_taken_is_reported(home: AHome, monkeypatch):
    monkeypatch.setattr(curve, "REBIND_S", 0.0)
    publisher = home.serves(zmq.XPUB, "market")
    squatter = home._open(home.elsewhere, zmq.PUB)
    publisher.unbind(home.endpoint)
    wait_for(lambda: _binds(squatter, home.endpoint), "the address")
    with pytest.raises(OSError, match="is another process on it"):
        curve._bind(publisher, home.endpoint)


def _binds(socket: Sock, endpoint: str) -> bool:
    try:
        socket.bind(endpoint)
    except zmq.ZMQError:
        return False
    return True
