"""A door and a relay on real sockets, turned by the test, with what is on both sides of them."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import zmq

from tapewire.common.bus import wire
from tapewire.common.config.settings import Config
from tapewire.common.runtime import tokens
from tapewire.common.runtime.process import Process
from tapewire.relay.composition import build_door, build_relay
from tapewire.relay.door import Door
from tapewire.relay.relay import Relay
from tests.relay.two_hosts import AT_HOME, configured, with_keys
from tests.waiting import wait_for

Sock = zmq.Socket[bytes]


class Between:
    """Home and a far host, in one process. `home` and `far` are their configurations."""

    def __init__(self, folder: Path, role: str = "strategy") -> None:
        self.home, self.far = with_keys(
            configured(folder / "tapewire.toml", AT_HOME), folder / "h", folder / "f", role
        )
        self.tokens = {
            one: tokens.issue(self.home.run_dir, *one)
            for one in (("executor", "strategy"), ("executor", "cli"), ("risk", "cli"))
        }
        self._context: zmq.Context[Any] = zmq.Context()
        self._opened: list[Sock] = []
        self._processes: dict[str, Process] = {}
        self.door: Door
        self.relay: Relay
        try:
            self.start_door()
            self.start_relay()
        except BaseException:
            self.close()  # a context whose sockets are open would be waited for without end
            raise

    # ---- the two processes -----------------------------------------------------------------------

    def start_door(self) -> Door:
        self.door = build_door(self._process("door", self.home))
        return self.door

    def start_relay(self) -> Relay:
        self.relay = build_relay(self._process("relay-far", self.far))
        return self.relay

    def _process(self, role: str, config: Config) -> Process:
        found = self._processes[role] = Process(role, config, argparse.Namespace())
        return found

    def end(self, role: str) -> None:
        """As a kill does: nobody hears of it."""
        self._processes.pop(role).release()

    # ---- what is around them ---------------------------------------------------------------------

    def at_home(self, kind: int, name: str) -> Sock:
        """A socket that a process of the group binds."""
        socket = self._open(kind)
        if kind == zmq.XPUB:
            socket.setsockopt(zmq.XPUB_VERBOSER, 1)
        socket.bind(f"ipc://{self.home.run_dir / name}")
        return socket

    def far_off(self, kind: int, name: str, topic: bytes | None = None) -> Sock:
        """A socket that a process of the far host connects, as it would at home."""
        socket = self._open(kind)
        if topic is not None:
            socket.subscribe(topic)
        socket.connect(f"ipc://{self.far.run_dir / name}")
        return socket

    def far_token(self, server: str, client: str) -> bytes:
        return tokens.path_of(self.far.run_dir, server, client).read_bytes()

    def _open(self, kind: int) -> Sock:
        socket: Sock = self._context.socket(kind)
        socket.setsockopt(zmq.LINGER, 0)
        self._opened.append(socket)
        return socket

    # ---- time ------------------------------------------------------------------------------------

    def turn(self) -> None:
        for role, service in (("door", self.door), ("relay-far", self.relay)):
            if role in self._processes:
                service.turn(1)

    def until(self, look: Callable[[], Any], what: str) -> Any:
        def turned() -> Any:
            self.turn()
            return look()

        return wait_for(turned, what)

    def until_ready(self) -> None:
        self.until(lambda: self.relay.time is not None, "home's time to be known")

    def close(self) -> None:
        for socket in self._opened:
            socket.close()
        for role in [*self._processes]:
            self.end(role)
        self._context.term()


def all_of(socket: Sock) -> list[list[bytes]]:
    """What has come, message by message."""
    found = []
    while socket.poll(0):
        found.append(socket.recv_multipart())
    return found


def batch(seq: int, epoch: str = "0a") -> list[bytes]:
    """A message of ticks with no tick in it, as the gateway sends it."""
    return [wire.topic("tick.AAPL"), wire.encode_batch("gateway", epoch, seq, [])]
