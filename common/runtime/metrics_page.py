"""The page that Prometheus reads: a small server beside the loop, for this machine alone.

Any program of the machine can connect to it. So it has few connections at a time, each with a
thread and for seconds only. Where there are more, the one that has been there for the longest ends:
whoever opens many and sends nothing keeps neither Prometheus away nor memory.
"""

import contextlib
import json
import socket
import threading
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

CONNECTIONS_MAX: Final = 8
SILENT_S: Final = 5.0


class _Handler(WSGIRequestHandler):
    """One request; says nothing about it."""

    timeout = SILENT_S

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nobody reads a line for each request."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, _Handler)
        self._open: dict[socket.socket, None] = {}
        self._lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve it on a thread, and end what has been there for too long."""
        with self._lock:
            while len(self._open) >= CONNECTIONS_MAX:
                oldest = next(iter(self._open))
                del self._open[oldest]
                with contextlib.suppress(OSError):  # it has ended by itself
                    oldest.shutdown(socket.SHUT_RDWR)
            self._open[request] = None
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Its end."""
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has hung up is nobody's fault here."""


def serve(collector: Any, listing: Path, role: str) -> int:
    """Serve what `collector` gives on a free loopback port, and write it to `listing` for
    discovery; returns the port."""
    from prometheus_client import CollectorRegistry, make_wsgi_app

    registry = CollectorRegistry()
    registry.register(collector)
    server = _Server(("127.0.0.1", 0))
    server.set_app(make_wsgi_app(registry))
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    port = server.server_port
    listing.write_text(json.dumps([{"targets": [f"127.0.0.1:{port}"], "labels": {"job": role}}]))
    return port
