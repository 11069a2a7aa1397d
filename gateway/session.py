"""One TWS session: bytes in, messages and ticks out, and requests as bytes to send.

    DOWN --opened--> HANDSHAKE --version reply--> STARTING --nextValidId, accounts--> UP
      ^__________________________closed, from every state________________________________|

The client speaks first (`API`, NUL, the versions it can), TWS answers with the version it chose;
then `startApi`, and nothing before it. A session is UP once TWS has told both the next valid
order id and the accounts: until then it ignores requests without a word.
"""

from typing import Final, Literal

from gateway.framing import FrameReader, frame
from gateway.market_data import MarketData
from gateway.requests import RequestEncoder
from gateway.translate import Translator
from gateway.tws_messages import (
    ManagedAccounts,
    NextValidId,
    SessionStarted,
    TwsMessage,
    Undecodable,
)

VERSION_MIN: Final = 100
VERSION_MAX: Final = 157  # the newest that ibapi 9.81.1 speaks

SessionState = Literal["DOWN", "HANDSHAKE", "STARTING", "UP"]


class SessionError(ValueError):
    """What came is not a TWS that this gateway can speak with; says what, and closes."""


class TwsSession:
    """The protocol's state, without its socket. Ticks go to `market`, the rest is returned."""

    def __init__(self, client_id: int, market: MarketData) -> None:
        self.client_id = client_id
        self.market = market
        self.state: SessionState = "DOWN"
        self.server_version = 0
        self.accounts: tuple[str, ...] = ()
        self.next_valid_id: int | None = None
        self._frames = FrameReader()
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

    def opened(self) -> bytes:
        """The socket is connected: gives the greeting to send."""
        self.closed()
        self.state = "HANDSHAKE"
        return b"API\0" + frame(f"v{VERSION_MIN}..{VERSION_MAX}".encode())

    def closed(self) -> None:
        """The socket is gone: back to the beginning."""
        self.state = "DOWN"
        self.accounts, self.next_valid_id = (), None
        self._frames, self._translator, self._encoder = FrameReader(), None, None
        self.market.close_all()

    def received(self, data: bytes, now_ns: int) -> list[TwsMessage]:
        """Read what came; raises `SessionError` or `FramingError` where it makes no sense."""
        messages: list[TwsMessage] = []
        readers = self.market.readers
        for payload in self._frames.feed(data):
            fields = payload.split(b"\0")
            read = readers.get(fields[0]) if self._translator else None
            if read is None:
                messages += self._read(payload, fields)
                continue
            try:
                read(fields, now_ns)
            except (ValueError, IndexError) as error:
                messages.append(Undecodable(repr(error), payload))
        return messages

    def _read(self, payload: bytes, fields: list[bytes]) -> list[TwsMessage]:
        if self._translator is None:
            return [self._agree(fields)]
        messages = self._translator.read(payload)
        for message in messages:
            if isinstance(message, NextValidId):
                self.next_valid_id = message.order_id
            elif isinstance(message, ManagedAccounts):
                self.accounts = message.accounts
        if self.state == "STARTING" and self.next_valid_id is not None and self.accounts:
            self.state = "UP"
        return messages

    def _agree(self, fields: list[bytes]) -> SessionStarted:
        try:
            version = int(fields[0])
        except ValueError:
            raise SessionError(
                f"the peer answered the handshake with {fields[0][:40]!r}, expected a version:"
                " is this port TWS's API port?"
            ) from None
        if not VERSION_MIN <= version <= VERSION_MAX:
            raise SessionError(
                f"TWS chose version {version}, expected {VERSION_MIN} to {VERSION_MAX}"
            )
        self.server_version = version
        self._translator = Translator(version)
        self._encoder = RequestEncoder(self.client_id, version)
        self.state = "STARTING"
        return SessionStarted(version)
