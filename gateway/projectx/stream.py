"""The link's process, as a stream of the gateway's poll loop: a descriptor, lines in, lines out."""

import contextlib
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tapewire.common.clock import Clock
from tapewire.gateway.broker import CLOSED, DATA, OPENED
from tapewire.gateway.tws.reconnect import Reconnect

LINK: Final = Path(__file__).with_name("link.py")
"""Its own program, which is never imported: its interpreter may be another one."""
READ_BYTES: Final = 256 * 1024
WAIT_S: Final = 2.0


def cannot_run(python: str, error: OSError) -> str:
    """That `python` is no program, and what it must be."""
    return (
        f"cannot run {python}: {error.strerror}; python in the [[gateways]] entry must be an"
        " interpreter of Python 3.12 or newer that has project-x-py"
    )


class LinkStream:
    """Runs the link by an interpreter that `python` gives at each start; for
    `ZmqTransport.attach`. It ends with its stream, and is started again when `reconnect` lets it.
    """

    def __init__(self, python: Callable[[], str], reconnect: Reconnect, clock: Clock) -> None:
        self._python = python
        self._reconnect = reconnect
        self._clock = clock
        self._socket: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._out = bytearray()

    def __repr__(self) -> str:
        return f"<LinkStream {'down' if self._process is None else self._process.pid}>"

    def fileno(self) -> int:
        """The descriptor to poll; -1 while there is none."""
        return -1 if self._socket is None else self._socket.fileno()

    def wants_write(self) -> bool:
        """Whether lines wait to be written."""
        return bool(self._out)

    def ready(self) -> list[list[bytes]]:
        """Start, read and write as far as it goes without waiting."""
        if self._socket is None:
            return self._begin()
        messages = self._read(self._socket)
        if self._socket is not None and self._out:
            self._flush(self._socket)
        return messages

    def write(self, data: bytes) -> bool:
        """Write, or queue what does not fit; False if there is no process."""
        if self._socket is None:
            return False
        self._out += data
        self._flush(self._socket)
        return True

    def close(self) -> None:
        """End the process now; `ready` starts another later."""
        if self._socket is not None:
            self._end()

    def _begin(self) -> list[list[bytes]]:
        if self._clock.mono_ns() < self._reconnect.due_ns:
            return []
        ours, its = socket.socketpair()
        ours.setblocking(False)
        python = self._python()
        command = [python, "-P", str(LINK), str(its.fileno())]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                pass_fds=[its.fileno()],
                start_new_session=True,  # a signal is for the gateway, which stops it in order
            )
        except OSError as error:
            ours.close()
            return self._gone(cannot_run(python, error))
        finally:
            its.close()
        self._socket = ours
        return [[OPENED]]

    def _read(self, sock: socket.socket) -> list[list[bytes]]:
        try:
            data = sock.recv(READ_BYTES)
        except BlockingIOError:
            return []
        except OSError as error:
            return self._gone(f"the process of project-x-py is gone: {error.strerror}")
        return [[DATA, data]] if data else self._gone("the process of project-x-py has ended")

    def _flush(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the next `ready` finds that it is gone
            del self._out[: sock.send(self._out)]

    def _gone(self, reason: str) -> list[list[bytes]]:
        self._end()
        return [[CLOSED, reason.encode()]]

    def _end(self) -> None:
        if self._socket is not None:
            self._socket.close()
        if self._process is not None:
            self._process.kill()  # nothing of it is worth anything without its stream
            self._process.wait(WAIT_S)
        self._socket = self._process = None
        self._out.clear()
        self._reconnect.closed(self._clock.mono_ns())
