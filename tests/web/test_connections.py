"""Connections: whoever opens many of them and sends nothing keeps nobody else away."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace

import h11
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tapewire.common.config.web import WebConfig
from tapewire.web.connections import Waiting
from tapewire.web.server import Server
from tests.places import free_port
from tests.waiting import wait_for

MANY = 120
NOTHING = b""
HALF_A_HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"
HEAD_WITHOUT_BODY = HALF_A_HEAD + b"Content-Length: 10\r\n\r\n"
WHOLE = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    await Request(scope, receive).body()
    await Response("halted")(scope, receive, send)


@pytest.fixture
def port() -> Iterator[int]:
    config = WebConfig(port=free_port(), viewers_max=1)
    server = Server(answer, config)
    assert server._settings().limit_concurrency < MANY  # type: ignore[operator]
    assert server.try_start()
    yield config.port
    server.stop()


def asked(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("POST", "/", b"{}")
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize("sent", [NOTHING, HALF_A_HEAD, HEAD_WITHOUT_BODY, WHOLE])
def test_who_opens_many_connections_keeps_no_halt_away(port: int, sent: bytes) -> None:
    wait_for(lambda: asked(port) == http.client.OK, "the server")
    with ExitStack() as opened:
        for _ in range(MANY):
            one = opened.enter_context(socket.create_connection(("127.0.0.1", port)))
            one.sendall(sent)
        assert asked(port) == http.client.OK


class Connection:
    """One that owes the rest of a request, or has had its answer."""

    def __init__(self) -> None:
        self.conn = SimpleNamespace(their_state=h11.SEND_BODY)
        self.transport = self
        self.closed = False

    def close(self) -> None:
        self.closed = True


def test_who_has_had_an_answer_makes_room_for_who_is_still_asking() -> None:
    waiting, connections = Waiting(2), [Connection() for _ in range(5)]
    asking, *answered, last = connections
    waiting.look(asking)
    for one in answered:
        one.conn.their_state = h11.IDLE
        waiting.answered(one)
    assert [one.closed for one in connections] == [False, True, True, False, False]
    waiting.look(last)
    assert [one.closed for one in connections] == [False, True, True, True, False]
    waiting.look(Connection())
    assert asking.closed, "then who has waited for the longest"
    assert not last.closed
