"""ZAP: who may connect to the sockets of a context, asked by ZeroMQ before it passes a byte.

ZeroMQ asks at an address of its own within the process. The answers are given by whoever polls
`poll_socket`, in the loop that has the sockets as well: a connection waits in its handshake until
the loop has a moment, and nothing is shared between threads.

Of an admitted connection each message has who sent it, `HOST/ROLE`, as `frame.get("User-Id")`.
"""

import time
from collections.abc import Callable
from typing import Any, Final

import zmq
from zmq.utils import z85

from tapewire.common.bus.allowed import Decision, Grant, shown
from tapewire.common.runtime.logs import log
from tapewire.relay.knocks import Knock, Knocks

ENDPOINT: Final = "inproc://zeromq.zap.01"
VERSION: Final = b"1.0"
CURVE: Final = b"CURVE"
ADMITTED: Final = b"200"
REFUSED: Final = b"300"
"""For now: the client tries again (see `tapewire.common.bus.curve`). After 400 it never would."""
BATCH_MAX: Final = 256
MAPPED: Final = "::ffff:"
"""What an IPv4 address has before it at a socket that takes both kinds."""
BARRED_NS: Final = 600_000_000_000


class Zap:
    """Answers for all sockets of a context that have a ZAP domain. It has to be there before they
    are bound; without it they admit nobody.

    `read` gives what connections are judged by at this moment. Counted are those `admitted` and
    `refused`.
    """

    def __init__(
        self,
        context: "zmq.Context[Any]",
        read: Callable[[], Decision],
        mono_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._read = read
        self._mono_ns = mono_ns
        self._knocks = Knocks()
        self._connected: set[Grant] = set()  # by what those came in who may be there still
        self._barred: dict[str, int] = {}  # hosts, and until when by the monotonic clock
        self.admitted = 0
        self.refused = 0
        self.poll_socket: zmq.Socket[bytes] = context.socket(zmq.ROUTER)
        self.poll_socket.setsockopt(zmq.LINGER, 0)
        self.poll_socket.bind(ENDPOINT)

    def answer(self) -> None:
        """Judge the connections that wait, without waiting for any."""
        for _ in range(BATCH_MAX):
            try:
                frames = self.poll_socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            sender, empty, _version, request, domain, address, _identity, mechanism, *keys = frames
            key = z85.encode(keys[0]) if mechanism == CURVE else b""
            code, user = self._judged(domain.decode(), address.decode(), key)
            self.poll_socket.send_multipart([sender, empty, VERSION, request, code, b"", user, b""])

    def drops(self) -> bool:
        """Whether anybody came in by a key or an address that is not allowed any more: then the
        sockets have to make their connections authenticate again. A key that was on the list for a
        moment counts, too."""
        grants = self._read().grants()
        if all(one in grants and not self._is_barred(one[0].host) for one in self._connected):
            return False
        self._connected.clear()
        return True

    def bar(self, host: str) -> None:
        """Admit nobody of a host for ten minutes; `drops` then ends the connections that it has."""
        self._barred[host] = self._mono_ns() + BARRED_NS

    def _is_barred(self, host: str) -> bool:
        return self._mono_ns() < self._barred.get(host, 0)

    def close(self) -> None:
        """Judge nobody any more."""
        self.poll_socket.close()

    def _judged(self, domain: str, address: str, key: bytes) -> tuple[bytes, bytes]:
        decision = self._read()
        reason = decision.refusal(domain, address, key)
        grant = decision.grant(key)
        if grant is not None and not reason and self._is_barred(grant[0].host):
            reason = f"host {grant[0].host} is shut out for ten minutes: it subscribed too much"
        if grant is not None and not reason:
            self.admitted += 1
            self._connected.add(grant)
            return ADMITTED, decision.user(key).encode()
        self.refused += 1
        self._log(Knock(shown(key), address, reason), domain)
        return REFUSED, b""

    def _log(self, knock: Knock, domain: str) -> None:
        silent = self._knocks.line(knock, self._mono_ns())
        if silent is not None:
            seen = knock._replace(address=knock.address.removeprefix(MAPPED))
            log.warning("connection refused", socket=domain, **seen._asdict(), others=silent)
