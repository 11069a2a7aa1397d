"""The server's log: what anybody can send has no line in it."""

import logging
import socket

import pytest

from tapewire.common.config.web import WebConfig
from tapewire.web.server import Server
from tests.waiting import wait_for


async def nothing(*_: object) -> None:
    pass


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_a_request_that_is_none_is_answered_and_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = Server(nothing, WebConfig(port=free_port()))
    assert server.try_start()
    try:
        with socket.create_connection(("127.0.0.1", server._config.port), 10) as client:
            client.sendall(b"\xff" * 100 + b"\r\n\r\n")
            assert wait_for(lambda: client.recv(100), "an answer").startswith(b"HTTP/1.1 400")
    finally:
        server.stop()
        logging.getLogger("uvicorn.error").setLevel(logging.NOTSET)
    assert caplog.records == []
