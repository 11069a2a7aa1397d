"""One connection in bytes: HTTP requests one after the other, or a WebSocket.

What a connection is shows its first request: one that asks for an upgrade makes it a WebSocket for
good. Both protocols are spoken by libraries that do no I/O (h11, wsproto).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

import h11
from wsproto import ConnectionType, WSConnection
from wsproto import events as ws
from wsproto.utilities import RemoteProtocolError

from tapewire.simulator.projectx.signalr import MESSAGE_MAX_CHARS

HEAD_MAX_BYTES: Final = 64 * 1024
BODY_MAX_BYTES: Final = 1024 * 1024
REASONS: Final = {
    200: b"OK", 400: b"Bad Request", 401: b"Unauthorized", 404: b"Not Found",
    405: b"Method Not Allowed", 429: b"Too Many Requests", 500: b"Internal Server Error",
}  # fmt: skip


class LineFault(Exception):
    """What came is not the protocol: the connection has to end."""


class Asked(NamedTuple):
    """One HTTP request, or the one that opens a WebSocket (`method` is then empty)."""

    method: str
    path: str
    query: dict[str, str]
    token: str
    body: bytes = b""


class Said(NamedTuple):
    """A text that came over a WebSocket."""

    text: str


class Left(NamedTuple):
    """The other side has ended the WebSocket; `reply` is what it gets to that."""

    reply: bytes


class Ponged(NamedTuple):
    """A ping of the WebSocket's own; `reply` is its answer."""

    reply: bytes


Item = Asked | Said | Left | Ponged


class Line:
    """Turns bytes into requests and texts, and answers into bytes."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._http: h11.Connection | None = None
        self._socket: WSConnection | None = None
        self._request: h11.Request | None = None
        self._body = bytearray()
        self._text = ""

    @property
    def is_socket(self) -> bool:
        """Whether it is a WebSocket."""
        return self._socket is not None

    def receive(self, data: bytes) -> Iterable[Item]:
        """What bytes say, to be taken one by one: the answer to one goes out before the next is
        read, which may be the end. Raises LineFault where they make no sense."""
        if self._http is None and self._socket is None:
            self._head += data
            if b"\r\n\r\n" not in self._head:
                if len(self._head) > HEAD_MAX_BYTES:
                    raise LineFault("the head of the first request is too long")
                return []
            data = self._begin()
        return self._of_socket(data) if self._socket is not None else self._of_http(data)

    def _begin(self) -> bytes:
        """See by the first request what the connection is."""
        head, self._head = bytes(self._head), bytearray()
        if b"upgrade: websocket" in head.partition(b"\r\n\r\n")[0].lower():
            self._socket = WSConnection(ConnectionType.SERVER)
        else:
            self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_MAX_BYTES)
        return head

    # ---- HTTP ------------------------------------------------------------------------------------

    def _of_http(self, data: bytes) -> list[Item]:
        assert self._http is not None
        try:
            if data:
                self._http.receive_data(data)
            asked = self._next_request()
        except h11.RemoteProtocolError as error:
            raise LineFault(f"no HTTP: {error}") from error
        return [] if asked is None else [asked]

    def _next_request(self) -> Asked | None:
        """The next whole request. While one waits for its answer, there is none."""
        assert self._http is not None
        while True:
            event = self._http.next_event()
            if isinstance(event, h11.Request):
                self._request, self._body = event, bytearray()
            elif isinstance(event, h11.Data):
                self._body += event.data
                if len(self._body) > BODY_MAX_BYTES:
                    raise LineFault("the body is too long")
            elif isinstance(event, h11.EndOfMessage) and self._request is not None:
                return _asked(self._request, bytes(self._body))
            else:
                return None

    def answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> bytes:
        """The bytes of an answer to the request that waits for one."""
        assert self._http is not None
        given = {"Content-Length": str(len(body)), **headers}
        response = h11.Response(
            status_code=status, reason=REASONS[status], headers=list(given.items())
        )
        parts = [response, h11.Data(body), h11.EndOfMessage()]
        return b"".join(self._http.send(part) or b"" for part in parts)

    def following(self) -> list[Item]:
        """The request behind the one that was answered, if it has come already."""
        assert self._http is not None
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return []
        self._http.start_next_cycle()
        return self._of_http(b"")

    @property
    def is_over(self) -> bool:
        """Whether the other side wants the connection closed behind the answer."""
        return self._http is not None and self._http.our_state is h11.MUST_CLOSE

    # ---- WebSocket -------------------------------------------------------------------------------

    def _of_socket(self, data: bytes) -> Iterator[Item]:
        assert self._socket is not None
        try:
            self._socket.receive_data(data)
            for event in self._socket.events():
                yield from self._of_event(event)
                if isinstance(event, ws.CloseConnection):
                    return
        except RemoteProtocolError as error:
            raise LineFault(f"no WebSocket: {error}") from error

    def _of_event(self, event: ws.Event) -> list[Item]:
        assert self._socket is not None
        if isinstance(event, ws.Request):
            return [_opened(event)]
        if isinstance(event, ws.TextMessage):
            return self._of_text(event)
        if isinstance(event, ws.Ping):
            return [Ponged(self._socket.send(event.response()))]
        if isinstance(event, ws.CloseConnection):
            return [Left(self._socket.send(event.response()))]
        return []

    def _of_text(self, event: ws.TextMessage) -> list[Item]:
        self._text += event.data
        if len(self._text) > MESSAGE_MAX_CHARS:
            raise LineFault("the message is too long")
        if not event.message_finished:
            return []
        text, self._text = self._text, ""
        return [Said(text)]

    def accept(self) -> bytes:
        """Open the WebSocket that was asked for."""
        assert self._socket is not None
        return self._socket.send(ws.AcceptConnection())

    def reject(self, status: int) -> bytes:
        """Refuse it; the connection ends."""
        assert self._socket is not None
        return self._socket.send(ws.RejectConnection(status_code=status))

    def say(self, text: str) -> bytes:
        """The bytes of a text."""
        assert self._socket is not None
        return self._socket.send(ws.TextMessage(text))

    def leave(self, code: int, reason: str) -> bytes:
        """End the WebSocket."""
        assert self._socket is not None
        return self._socket.send(ws.CloseConnection(code, reason))


def _asked(request: h11.Request, body: bytes) -> Asked:
    token = ""
    for name, value in request.headers:
        if name == b"authorization" and value.startswith(b"Bearer "):
            token = value.removeprefix(b"Bearer ").decode("latin-1")
    return _at(request.method.decode(), request.target.decode("latin-1"), token, body)


def _opened(request: ws.Request) -> Asked:
    headers = dict(request.extra_headers)
    bearer = headers.get(b"authorization", b"").removeprefix(b"Bearer ").decode("latin-1")
    return _at("", request.target, bearer, b"")


def _at(method: str, target: str, token: str, body: bytes) -> Asked:
    try:
        parts = urlsplit(target)
    except ValueError as error:
        raise LineFault(f"no target: {error}") from error
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return Asked(method, parts.path, query, token or query.get("access_token", ""), body)
