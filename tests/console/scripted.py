"""A TWS that answers as a test scripts it, on a free port, in a thread of its own."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from tapewire.gateway.tws.framing import FrameReader
from tapewire.simulator.protocol import messages
from tapewire.simulator.protocol.messages import frame

Answers = Mapping[str, Callable[[list[str]], list[list[str]]]]
"""By the message id of a request: its fields to the messages that answer it."""

REQUEST_MARKET_DATA, REQUEST_OPEN_ORDERS, REQUEST_COMPLETED_ORDERS = "1", "5", "99"
REQUEST_TIME, START_API = "49", "71"


def started(*accounts: str) -> Answers:
    """The answer that starts the API with these accounts."""
    answers = [messages.next_valid_id(1), messages.managed_accounts(",".join(accounts))]
    return {START_API: lambda _fields: answers}


@contextmanager
def scripted_tws(answers: Answers) -> Iterator[int]:
    """Completes the handshake with one client and answers it; gives the port."""

    def serve(connection: socket.socket) -> None:
        reader, greeted = FrameReader(), False
        while data := connection.recv(65536):
            requests = reader.feed(data.removeprefix(b"API\0"))
            for request in requests:
                fields = request.decode().split("\0")[:-1]
                if not greeted:
                    greeted = True
                    connection.sendall(frame(["157", "20261120 10:00:00 UTC"]))
                elif fields[0] in answers:
                    for answer in answers[fields[0]](fields):
                        connection.sendall(frame(answer))

    with listener(serve) as port:
        yield port


@contextmanager
def listener(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server on a free port that does `serve` with each connection; gives the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection, contextlib.suppress(OSError):
                        serve(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)
