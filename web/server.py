"""The server: uvicorn on a thread of its own, on a port that may be taken.

The rest of the process does not wait for it: a page that asks a lot takes nothing from reading the
group, and a port that is taken is a reason in the status, and is tried again.
"""

import asyncio
import errno
import socket
import threading
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from tapewire.common.config.web import WebConfig
from tapewire.web.connections import protocol

GRACE_S: Final = 1
JOIN_S: Final = 3.0
CONNECTIONS_PER_VIEWER: Final = 6
"""So many a browser opens to load a page."""
CONNECTIONS_SPARE: Final = 64
"""For programs, and so that a halt is let in where all pages that may look do. Half of them may
wait for a client that sends nothing."""


class Server:
    """Serves `app` where `config` says. `fault` is why it does not, in a sentence."""

    def __init__(self, app: ASGIApp, config: WebConfig) -> None:
        self._app = app
        self._config = config
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.fault = "not started yet"

    @property
    def is_serving(self) -> bool:
        """Whether its thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def try_start(self) -> bool:
        """Listen and serve, unless it does already; False, with a `fault`, where it cannot."""
        if self.is_serving:
            return True
        try:
            listener = _listener(self._config.host, self._config.port)
            self._server = uvicorn.Server(self._settings())
        except OSError as error:
            self.fault = self._why(error)
            return False
        self._thread = threading.Thread(
            target=self._serve, args=(listener,), name="web", daemon=True
        )
        self._thread.start()
        self.fault = ""
        return True

    def stop(self) -> None:
        """Serve no more; pages that look are hung up on."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._server.force_exit = True
            self._thread.join(JOIN_S)

    def _serve(self, listener: socket.socket) -> None:
        assert self._server is not None
        try:
            asyncio.run(self._server.serve([listener]))
        except Exception as error:  # noqa: BLE001 - whatever ends it is a reason in the status
            self.fault = f"the server has ended: {error!r}"
        finally:
            listener.close()

    def _settings(self) -> uvicorn.Config:
        config = self._config
        return uvicorn.Config(
            self._app,
            log_config=None,
            log_level="error",  # no line for each request that is none: anybody can send those
            access_log=False,
            lifespan="off",
            ws="none",
            http=protocol(CONNECTIONS_SPARE // 2),
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE_S,
            limit_concurrency=CONNECTIONS_PER_VIEWER * config.viewers_max + CONNECTIONS_SPARE,
            h11_max_incomplete_event_size=16 * 1024,
            ssl_certfile=config.certificate,
            ssl_keyfile=config.key,
        )

    def _why(self, error: OSError) -> str:
        config = self._config
        if error.errno == errno.EADDRINUSE:
            return f"no page: port {config.port} is taken; set web.port, or end who has it"
        return f"no page on {config.host}, port {config.port}: {error}"


def _listener(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    )[0]  # fmt: skip
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener
