r"""One TWS session: bytes in, messages and ticks out, and requests as bytes to send.

    DOWN --opened--> HANDSHAKE --version reply--> STARTING --nextValidId, accounts--> UP
      ^                  \--version reply--> IDENTIFYING --nonce--^                      |
      |__________________________closed, from every state________________________________|

The client speaks first (`API`, NUL, the versions it can), TWS answers with the version it chose;
then `startApi`, and nothing before it. Where the peer must be the group's own simulator, `opened`
is given its nonce (`common.config.tws_address`), and between the two the peer is asked for it.
Until it has answered rightly there is no translator: nothing that it says is read as TWS's, and no
request but that one exists that could be sent. A session is UP once TWS has told both the next
valid order id and the accounts: until then it ignores requests without a word. It stays STARTING,
or goes back to it, while the accounts are not those to trade on; `refusal` then says why.
"""

from collections.abc import Callable
from typing import Final, Literal

from tapewire.common.config.tws_address import IDENTIFY
from tapewire.gateway.broker import BrokerError
from tapewire.gateway.tws import errors
from tapewire.gateway.tws.encoder import RequestEncoder
from tapewire.gateway.tws.framing import FrameReader, frame, payload_at
from tapewire.gateway.tws.market_data import RUN_BEGINS, MarketData
from tapewire.gateway.tws.messages import (
    IdentityAsked,
    ManagedAccounts,
    NextValidId,
    SessionStarted,
    TwsError,
    TwsMessage,
    Undecodable,
)
from tapewire.gateway.tws.translate import Translator
from tapewire.gateway.tws.versions import VERSION_MAX, VERSION_MIN

SessionState = Literal["DOWN", "HANDSHAKE", "IDENTIFYING", "STARTING", "UP"]
Accounts = tuple[str, ...]
VERSION_DIGITS: Final = 9
"""Digits of a version at most; more of them are no number that anybody counts versions with."""


class SessionError(BrokerError):
    """What came is not a TWS that this gateway can speak with; says what, and closes."""


class TwsSession:
    """The protocol's state, without its socket. Ticks go to `market`, the rest is returned.

    `refuses` says why accounts must not be traded on, "" if they may be; without it all may be.
    """

    def __init__(
        self,
        client_id: int,
        market: MarketData,
        refuses: Callable[[Accounts], str] = lambda _accounts: "",
    ) -> None:
        self.client_id = client_id
        self.market = market
        self.refusal = ""
        self._refuses = refuses
        self.state: SessionState = "DOWN"
        self.server_version = 0
        self.accounts: Accounts = ()
        self.next_valid_id: int | None = None
        self._nonce = b""
        self._peer = ""
        self._frames = FrameReader()
        self._answer_bytes = 0
        self._translator: Translator | None = None
        self._encoder: RequestEncoder | None = None

    def __repr__(self) -> str:
        return f"<TwsSession client {self.client_id}: {self.state}, version {self.server_version}>"

    @property
    def encode(self) -> RequestEncoder:
        """The encoder of this session's requests; only after the handshake."""
        if self._encoder is None:
            raise SessionError(f"the session is {self.state}, requests need it STARTING or UP")
        return self._encoder

    @property
    def answer_bytes(self) -> int:
        """How many bytes came over this connection other than ticks, with those of a frame that is
        not complete yet, whatever it will be."""
        return self._answer_bytes + self._frames.waiting

    @property
    def unproven(self) -> bool:
        """Whether the peer has yet to prove that it is the group's simulator."""
        return bool(self._nonce) and self.state in ("HANDSHAKE", "IDENTIFYING")

    def no_proof(self, what: str) -> str:
        """Why the peer is left: `what` it did instead of proving who it is."""
        return (
            f"{self._peer} did not identify itself as this group's simulator: {what}; nothing else"
            " was sent to it"
        )

    def cut_off(self, reason: str) -> str:
        """Why the connection is gone, by what the peer was to do next; `reason` is what happened
        to the socket. TWS closes without a word where client and TWS have no version in common."""
        if self.state != "HANDSHAKE":
            return reason
        return (
            f"{reason} before it chose a version from {VERSION_MIN} to {VERSION_MAX}; if it always"
            " does, it is too new, or it does not trust this address (see its API settings)"
        )

    def opened(self, nonce: str = "", peer: str = "") -> bytes:
        """The socket is connected: returns the greeting to send.

        With a `nonce` the peer, whose address is `peer`, must answer with it before anything else.
        """
        self.closed()
        self.state = "HANDSHAKE"
        self._nonce, self._peer = nonce.encode(), peer
        return b"API\0" + frame(f"v{VERSION_MIN}..{VERSION_MAX}".encode())

    def closed(self) -> None:
        """The socket is gone: back to the beginning."""
        self.state, self.refusal = "DOWN", ""
        self.accounts, self.next_valid_id = (), None
        self._frames, self._translator, self._encoder = FrameReader(), None, None
        self._answer_bytes = 0
        self.market.close_all()

    def received(self, data: bytes, now_ns: int) -> list[TwsMessage]:
        """Read what came; raises `SessionError` or `FramingError` where it makes no sense."""
        messages: list[TwsMessage] = []
        buffer, offset = self._frames.complete(data), 0
        parts, place = list[bytes](), 0  # from the first run of ticks on, if there is one
        while True:
            if self._translator is not None and buffer.startswith(RUN_BEGINS, offset + 4):
                if not parts:
                    parts = buffer[offset:].split(b"\0")
                read, size = self.market.read_run(parts, place, now_ns)
                found = buffer.count(b"\0", offset, offset + size)
                if found != read:
                    messages.append(_odd_tick(buffer[offset : offset + size], found - read))
                place, offset = place + found, offset + size
            payload = payload_at(buffer, offset)
            if payload is None:
                break
            messages += self._one(payload, now_ns)
            if parts:
                place += buffer.count(b"\0", offset, offset + 4 + len(payload))
            offset += 4 + len(payload)
        self._frames.keep(buffer[offset:])
        return messages

    def _one(self, payload: bytes, now_ns: int) -> list[TwsMessage]:
        """A single message: a tick to the market, anything else to ibapi's decoder."""
        kind = payload.partition(b"\0")[0]
        read = self.market.readers.get(kind) if self._translator else None
        if read is None:
            self._answer_bytes += len(payload)
            return self._read(payload)
        try:
            read(payload.split(b"\0"), now_ns)
        except (ValueError, IndexError) as error:
            return [Undecodable(repr(error), payload)]
        return []

    def _read(self, payload: bytes) -> list[TwsMessage]:
        if self.state == "IDENTIFYING":
            return [self._identify(payload.split(b"\0"))]
        if self._translator is None:
            return [self._agree(payload.split(b"\0"))]
        messages = self._translator.read(payload)
        for message in messages:
            if type(message) is NextValidId:
                self.next_valid_id = message.order_id
            elif type(message) is ManagedAccounts:
                self.accounts = message.accounts
                self.refusal = self._refuses(message.accounts)
            elif type(message) is TwsError and errors.meaning(message.code).line == "reset":
                self.market.reset(message.request_id)
        if self.next_valid_id is not None and self.accounts:
            self.state = "STARTING" if self.refusal else "UP"
        return messages

    def _agree(self, fields: list[bytes]) -> TwsMessage:
        if len(fields) < 2 or not fields[0].isdigit() or len(fields[0]) > VERSION_DIGITS:
            raise SessionError(
                f"the peer answered the handshake with {fields[0][:40]!r}, expected a version:"
                " is this port TWS's API port?"
            )
        version = int(fields[0])
        if not VERSION_MIN <= version <= VERSION_MAX:
            newer = (
                "; it is too new: use an older TWS or IB Gateway" if version > VERSION_MAX else ""
            )
            raise SessionError(
                f"TWS chose version {version}, expected {VERSION_MIN} to {VERSION_MAX}{newer}"
            )
        self.server_version = version
        self._encoder = RequestEncoder(self.client_id, version)
        if self._nonce:
            self.state = "IDENTIFYING"
            return IdentityAsked()
        return self._start()

    def _identify(self, fields: list[bytes]) -> SessionStarted:
        if fields[:2] != [IDENTIFY.encode(), self._nonce]:
            kind = fields[0][:20].decode(errors="replace")
            answer = "another nonce" if kind == IDENTIFY else f"message {kind!r}"
            raise SessionError(f"asked for its nonce, it answered with {answer}")
        return self._start()

    def _start(self) -> SessionStarted:
        self._translator = Translator(self.server_version)
        self.state = "STARTING"
        return SessionStarted(self.server_version)


def _odd_tick(run: bytes, extra: int) -> Undecodable:
    """The last message of a run of ticks, which has another number of fields than its kind: the run
    ends behind such a one, since the next does not begin where it should."""
    offset, last = 0, b""
    while (payload := payload_at(run, offset)) is not None:
        last, offset = payload, offset + 4 + len(payload)
    fields = last.count(b"\0")
    return Undecodable(f"it has {fields} fields, expected {fields - extra}", last)
