"""Which process listens on a port or a socket's path of this machine, from Linux's /proc."""

import os
import socket
from pathlib import Path
from typing import Final, NamedTuple

PROC: Final = Path("/proc")
_TCP_LISTEN: Final = "0A"
_UNIX_LISTENS: Final = 0x10000  # __SO_ACCEPTCON of /proc/net/unix


class Listener(NamedTuple):
    """A process that listens; pid 0 if the system does not show which."""

    pid: int
    command: str

    def __str__(self) -> str:
        if not self.pid:
            return "a process that this user cannot see"
        return f"process {self.pid} ({self.command})"


def on_port(host: str, port: int) -> Listener | None:
    """The process that listens on a TCP port; None if it is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as ZeroMQ does
        try:
            probe.bind((host, port))
        except OSError:
            return _holder(_tcp_inodes(port))
    return None


def on_path(path: Path) -> Listener | None:
    """The process that listens on a Unix socket; None if there is none, stale file or not."""
    inodes = _unix_inodes(str(path))
    if inodes:
        return _holder(inodes)
    return None if not path.exists() or PROC.exists() else _connected(path)


def _connected(path: Path) -> Listener | None:
    """Without /proc: whether a process takes a connection."""
    with socket.socket(socket.AF_UNIX) as probe:
        return Listener(0, "") if probe.connect_ex(str(path)) == 0 else None


def _tcp_inodes(port: int) -> set[str]:
    rows = _rows("tcp") + _rows("tcp6")
    wanted = f":{port:04X}"
    return {row[9] for row in rows if row[1].endswith(wanted) and row[3] == _TCP_LISTEN}


def _unix_inodes(path: str) -> set[str]:
    return {
        row[6]
        for row in _rows("unix")
        if len(row) > 7 and row[7] == path and int(row[3], 16) & _UNIX_LISTENS
    }


def _rows(table: str) -> list[list[str]]:
    try:
        return [line.split() for line in (PROC / "net" / table).read_text().splitlines()[1:]]
    except OSError:
        return []


def _holder(inodes: set[str]) -> Listener:
    """The process that has one of these sockets open."""
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for process in PROC.glob("[0-9]*"):
        try:
            if any(os.readlink(fd) in wanted for fd in (process / "fd").iterdir()):
                words = (process / "cmdline").read_text().split("\0")
                return Listener(int(process.name), " ".join(words).strip()[:60])
        except OSError:  # it has ended, or is another user's
            continue
    return Listener(0, "")
