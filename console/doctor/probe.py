"""A short connection to TWS: the gateway's own session core over a plain blocking socket."""

import socket
import time
from collections.abc import Callable
from typing import Final

from tapewire.common.config.tws_address import TwsAddress
from tapewire.gateway.tws import messages as tws
from tapewire.gateway.tws.framing import FrameReader, FramingError, frame
from tapewire.gateway.tws.market_data import MarketData
from tapewire.gateway.tws.session import SessionError, TwsSession

READ_BYTES: Final = 256 * 1024
CURRENT_TIME: Final = b"49"  # both the request and its answer, which the gateway does not use


class Probe:
    """One connection, closed at the end of its `with`. Every wait has a time limit.

    `client_id` must not be in use: TWS refuses a second connection with one.
    """

    def __init__(self, address: TwsAddress, client_id: int) -> None:
        self.market = MarketData()
        self.session = TwsSession(client_id, self.market)
        self.messages: list[tws.TwsMessage] = []
        self.fault = ""
        self.current_time: int | None = None
        self._address = address
        self._times = FrameReader()
        self._socket: socket.socket | None = None

    def __enter__(self) -> "Probe":
        return self

    def __exit__(self, *_: object) -> None:
        if self._socket is not None:
            self._socket.close()

    def connect(self, timeout_s: float) -> bool:
        """Connect, shake hands, and identify it; False if that fails, and `fault` says how."""
        try:
            place = (self._address.host, self._address.port)
            self._socket = socket.create_connection(place, timeout_s)
        except OSError as error:
            self.fault = str(error.strerror or error)
            return False
        self.send(self.session.opened(self._address.nonce, str(self._address)))
        if not self.wait(lambda: self.session.server_version > 0, timeout_s):
            return False
        if self.session.unproven:
            self.send(self.session.encode.identify())
        return self.wait(lambda: not self.session.unproven, timeout_s)

    def start(self, timeout_s: float) -> bool:
        """Start the API; False if the session does not get UP."""
        self.send(self.session.encode.start_api())
        return self.wait(lambda: self.session.state == "UP", timeout_s)

    def ask_time(self, timeout_s: float) -> tuple[int, int] | None:
        """TWS's clock in whole seconds, and our own in ns as the answer came; None without one."""
        self.send(frame(CURRENT_TIME + b"\0001\0"))
        answered = self.wait(lambda: self.current_time is not None, timeout_s)
        return (self.current_time or 0, time.time_ns()) if answered else None

    def send(self, data: bytes) -> None:
        """Send a request; a lost connection becomes the `fault`."""
        if self._socket is None or self.fault:
            return
        try:
            self._socket.sendall(data)
        except OSError as error:
            self.fault = f"the connection was lost: {error.strerror}"

    def wait(self, is_there: Callable[[], bool], timeout_s: float) -> bool:
        """Read until `is_there`, the connection ends, or `timeout_s` is over."""
        deadline = time.monotonic() + timeout_s
        while not is_there():
            left_s = deadline - time.monotonic()
            if left_s <= 0 or self.fault or self._socket is None:
                return False
            self._read(self._socket, left_s)
        return True

    def errors(self, *codes: int) -> list[tws.TwsError]:
        """The errors received so far; only those of `codes`, if some are given."""
        found = [m for m in self.messages if isinstance(m, tws.TwsError)]
        return [m for m in found if not codes or m.code in codes]

    def _read(self, sock: socket.socket, timeout_s: float) -> None:
        sock.settimeout(timeout_s)
        try:
            data = sock.recv(READ_BYTES)
        except TimeoutError:
            return
        except OSError as error:
            self.fault = f"the connection was lost: {error.strerror}"
            return
        if not data:
            self.fault = "it closed the connection"
            return
        try:
            self.messages += self.session.received(data, time.time_ns())
            self._note_time(data)
        except (SessionError, FramingError) as error:
            self.fault = str(error)

    def _note_time(self, data: bytes) -> None:
        for payload in self._times.feed(data):
            fields = payload.split(b"\0")
            if fields[0] == CURRENT_TIME and len(fields) > 2 and fields[2].isdigit():
                self.current_time = int(fields[2])
