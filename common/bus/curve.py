"""CURVE: sockets that encrypt, and that know their peer by its key.

A socket that serves has the pair of its host; whoever joins knows that host's public key before,
and shows a key of its own. That alone admits every key: what makes the difference is the ZAP
handler (`tapewire.relay.zap`), which judges each. So a socket that serves has a domain, and with
`ZAP_ENFORCE_DOMAIN` it admits nobody where no handler is there.

A client that is refused for good never tries again, and a host whose key is allowed later would
have to be restarted. So the handler refuses "for now", and both sides give up a handshake after
`HANDSHAKE_MS`: then the client tries again.
"""

import re
import struct
import time
from typing import Any, Final, NamedTuple

import zmq
from zmq.utils import z85

from tapewire.common.bus.allowed import KEY, shown
from tapewire.common.errors import ConfigError

HANDSHAKE_MS: Final = 5_000
REBIND_S: Final = 2.0
LOOK_S: Final = 0.001
_PLAIN: Final = re.compile(rb"[0-9A-Za-z][0-9A-Za-z.:+=/@%-]*")
"""What every shell takes as it is, and no program as an option."""


class Pair(NamedTuple):
    """A public key and its secret one, in Z85: 40 bytes each. The secret one is never shown."""

    public: bytes
    secret: bytes

    def __repr__(self) -> str:
        return f"<Pair {shown(self.public)}>"


def new_pair() -> Pair:
    """A new pair, whose public key needs no quotes on a command line: it is drawn until that is so,
    some 2,400 times, which takes a third of a second and costs 11 of its 256 bits."""
    while True:
        pair = Pair(*zmq.curve_keypair())
        if _PLAIN.fullmatch(pair.public):
            return pair


def is_pair(pair: Pair) -> bool:
    """Whether the two keys belong together."""
    try:
        return zmq.curve_public(pair.secret) == pair.public
    except (zmq.ZMQError, ValueError):
        return False


def key_of(text: str) -> bytes:
    """The key that a text is; raises `ConfigError` if it is none."""
    try:
        if re.fullmatch(KEY, text) and z85.encode(z85.decode(text)) == text.encode():
            return text.encode()
    except (ValueError, struct.error):  # of 40 characters, not all are 32 bytes
        pass
    raise ConfigError(
        f"{text[:60]!r} is not a key; expected the 40 characters that `tapewire keys new` printed"
    )


def serve(socket: "zmq.Socket[Any]", pair: Pair, domain: str) -> None:
    """Let only those connect that the ZAP handler of the socket's context admits to `domain`. To
    be called before the socket is bound, once the handler is there."""
    socket.curve_server = True
    _identify(socket, pair)
    socket.setsockopt(zmq.ZAP_DOMAIN, domain.encode())
    socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)


def join(socket: "zmq.Socket[Any]", pair: Pair, server_public: bytes) -> None:
    """Connect as the host of this pair, and to nobody but the holder of the secret key that belongs
    to `server_public`. To be called before the socket is connected."""
    socket.curve_serverkey = server_public
    _identify(socket, pair)


def _identify(socket: "zmq.Socket[Any]", pair: Pair) -> None:
    socket.curve_publickey, socket.curve_secretkey = pair
    socket.setsockopt(zmq.HANDSHAKE_IVL, HANDSHAKE_MS)


def authenticate_again(socket: "zmq.Socket[Any]", endpoint: str) -> None:
    """End all connections to a bound socket, and take those that come back and are admitted.

    An admitted connection is never judged again, so this is how a key that was revoked is shut out.
    A connection ends when the socket is next polled or sent on, and gets nothing until then.
    Clients come back by themselves within their reconnect interval. Raises `OSError` where the
    address is not free again within `REBIND_S`; then the socket is not bound.
    """
    socket.unbind(endpoint)
    _bind(socket, endpoint)


def _bind(socket: "zmq.Socket[Any]", endpoint: str) -> None:
    deadline = time.monotonic() + REBIND_S
    while True:
        try:
            socket.bind(endpoint)
        except zmq.ZMQError as error:  # the unbound one is closed by another thread
            if error.errno != zmq.EADDRINUSE or time.monotonic() > deadline:
                raise OSError(f"{endpoint}: {error}; is another process on it?") from error
            time.sleep(LOOK_S)
        else:
            return
