"""ib_async's own decoder and encoder, without its socket: a codec that nobody here wrote."""

from typing import Any

import ib_async
import ib_async.decoder
from ib_async.client import Client

NEWEST = Client.MaxClientVersion
VERSIONS = range(157, NEWEST + 1)

Call = tuple[str, tuple[Any, ...]]


def read(version: int, *sent: list[str]) -> list[Call]:
    """What ib_async makes of messages: the callbacks with their arguments. It logs and drops what
    it cannot read."""
    heard: list[Call] = []

    class Listener:
        defaultTimezone = None  # noqa: N815 - ib_async's name

        def __getattr__(self, name: str) -> Any:
            return lambda *arguments: heard.append((name, arguments))

    decoder = ib_async.decoder.Decoder(Listener(), version)  # type: ignore[arg-type]
    for fields in sent:
        decoder.interpret(list(fields))
    return heard


class _Wire:
    def __init__(self) -> None:
        self.sent = b""

    def sendMsg(self, message: bytes) -> None:  # noqa: N802 - ib_async's name
        self.sent += message


class Sender(Client):
    """ib_async's client as it is after the handshake; `taken` is what it would have sent."""

    def __init__(self, version: int, client_id: int = 1) -> None:
        super().__init__(object())
        self.conn = _Wire()  # type: ignore[assignment]
        self.clientId = client_id
        self.connState = Client.CONNECTED
        self.MaxRequests = 0
        self._serverVersion = version

    def taken(self) -> bytes:
        """The bytes since the last call."""
        sent, self.conn.sent = self.conn.sent, b""  # type: ignore[attr-defined]
        return sent
