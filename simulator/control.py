"""The control port: faults for a simulator that runs, one JSON object per line, on this machine.

It is a TCP port on loopback or a Unix socket, and nothing else. Whoever reaches it can make the
simulator misbehave, and can do nothing beyond that.
"""

import contextlib
import re
import selectors
import socket
import stat
from pathlib import Path
from typing import Final

from tapewire.common.errors import ConfigError
from tapewire.simulator.faults.commands import Armed, answer

HOSTS: Final = ("127.0.0.1", "localhost", "::1")
LINE_MAX_BYTES: Final = 64 * 1024
CLIENTS_MAX: Final = 8
READ_MAX_BYTES: Final = 4096
PORT_MAX: Final = 65_535
_TCP: Final = re.compile(r"(?:\[?(?P<host>[^/\]]*)\]?:)?(?P<port>\d+)")


class ControlPort:
    """Listens at `address`: a port of 127.0.0.1 (0: a free one), HOST:PORT, or the path of a Unix
    socket. Raises ConfigError for an address that cannot be, or that is not on loopback."""

    def __init__(self, address: str, faults: Armed) -> None:
        self._faults = faults
        self._path: Path | None = None
        self._listener = self._listen(address)
        self._listener.setblocking(False)
        self._clients: dict[socket.socket, bytearray] = {}
        self._selector: selectors.BaseSelector | None = None

    @property
    def address(self) -> str:
        """Where it listens: HOST:PORT, or the path."""
        if self._path is not None:
            return str(self._path)
        host, port = self._listener.getsockname()[:2]
        return f"{host}:{port}"

    def attach(self, selector: selectors.BaseSelector) -> None:
        """Let `selector` watch it: a key's data is what to call."""
        self._selector = selector
        selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def close(self) -> None:
        """Close every socket, and remove the path."""
        for client in list(self._clients):
            self._drop(client)
        if self._selector is not None:
            self._selector.unregister(self._listener)
        self._listener.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _listen(self, address: str) -> socket.socket:
        tcp = _TCP.fullmatch(address)
        try:
            if tcp is None:
                return self._listen_at(Path(address))
            host = tcp["host"] or HOSTS[0]
            if host not in HOSTS:
                raise ConfigError(
                    f"control is {address}, must be on this machine: a port of 127.0.0.1,"
                    " or the path of a Unix socket"
                )
            if int(tcp["port"]) > PORT_MAX:
                raise ConfigError(f"control is {address}: a port is at most {PORT_MAX}")
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            return socket.create_server((host, int(tcp["port"])), family=family)
        except OSError as error:
            raise ConfigError(f"control is {address}: {error}; choose another address") from error

    def _listen_at(self, path: Path) -> socket.socket:
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISSOCK(path.lstat().st_mode) and not _is_served(path):
                path.unlink()  # of a simulator that was killed
        listener = socket.socket(socket.AF_UNIX)
        try:
            listener.bind(str(path))
            path.chmod(0o600)
            listener.listen(CLIENTS_MAX)
        except OSError:
            listener.close()
            raise
        self._path = path
        return listener

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            client, _address = self._listener.accept()
            if len(self._clients) >= CLIENTS_MAX or self._selector is None:
                client.close()
                return
            client.setblocking(False)
            self._clients[client] = bytearray()
            self._selector.register(client, selectors.EVENT_READ, lambda: self._read(client))

    def _read(self, client: socket.socket) -> None:
        buffer = self._clients[client]
        try:
            data = client.recv(READ_MAX_BYTES)
            buffer += data
            while (end := buffer.find(b"\n")) >= 0:
                line = bytes(buffer[:end])
                del buffer[: end + 1]
                client.sendall(answer(self._faults, line))  # one that does not read is dropped
        except OSError:
            data = b""
        if not data or len(buffer) > LINE_MAX_BYTES:
            self._drop(client)

    def _drop(self, client: socket.socket) -> None:
        del self._clients[client]
        if self._selector is not None:
            self._selector.unregister(client)
        client.close()


def _is_served(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0
