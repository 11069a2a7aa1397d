"""The file in which a simulated TWS keeps what outlives its process."""

import contextlib
from pathlib import Path

import msgspec

from tapewire.common.errors import ConfigError
from tapewire.simulator.exchange.keeping import BrokerState
from tapewire.simulator.server import TwsServer


class StateFile:
    """Written when anything has changed: once per second at most, and at the end. One that is
    killed loses what it has not written yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._partial = path.with_name(path.name + ".partial")
        self._written = b""  # without its time

    def load(self, server: TwsServer, now_ns: int) -> None:
        """Let the server take back what the file has, if there is one; raises ConfigError for what
        it cannot take."""
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise ConfigError(f"{self._path}: {error.strerror}; must be a state file") from error
        try:
            server.restore(msgspec.json.decode(content, type=BrokerState), now_ns)
        except (msgspec.MsgspecError, ValueError, KeyError) as error:
            raise ConfigError(
                f"{self._path}: it is not a state that this simulator can take: {error}; delete it"
                " to start with empty accounts"
            ) from error

    def write(self, server: TwsServer, now_ns: int) -> None:
        """Write what is true now, if it is not what the file has; tried again on a full disk."""
        unstamped = msgspec.json.encode(server.state(0))
        if unstamped == self._written:
            return
        with contextlib.suppress(OSError):
            self._partial.write_bytes(msgspec.json.encode(server.state(now_ns)))
            self._partial.replace(self._path)
            self._written = unstamped
