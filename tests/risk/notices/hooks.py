"""A web hook on this machine that takes notices, refuses them, or never answers."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "s3cr3t-T0ken"
HANG_MAX_S = 20.0


class Hook:
    """What has come, and how the next ones are answered: with a status, or not at all (0)."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.port = int(server.server_address[1])
        self.received: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.answers: list[int] = []
        self.always = 200
        self.let_go = threading.Event()

    @property
    def url(self) -> str:
        """Its address, with a secret in the path, one in the query and one as password."""
        return f"json://me:{TOKEN}@127.0.0.1:{self.port}/{TOKEN}?+X-Key={TOKEN}"

    def texts(self) -> str:
        """All that was received and not refused, as one text."""
        return "\n".join(one["message"] for one in self.received)


@contextmanager
def a_hook() -> Iterator[Hook]:
    """A server on a free port; hanging requests end with it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            hook.paths.append(self.path)
            status = hook.answers.pop(0) if hook.answers else hook.always
            if not status:
                hook.let_go.wait(HANG_MAX_S)
                return
            if status == 200:
                hook.received.append(body)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """It has nothing to say."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hook = Hook(server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hook
    finally:
        hook.let_go.set()
        server.shutdown()
        thread.join()
        server.server_close()
