"""Ports of the loopback that nobody listens on.

They are not those that the kernel gives to connections, from 32768 on: between the moment at which
a port is found free and the one at which a process binds it, any connection that begins could take
it. And each process looks in another place, and never twice at the same port.
"""

import itertools
import os
import socket
from collections.abc import Iterator
from functools import cache
from typing import Final

FIRST: Final = 10_000
COUNT: Final = 22_000
APART: Final = 997
"""How far from each other two processes begin whose ids follow one another."""


def free_port() -> int:
    """One of them."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """So many, no two the same; free at this moment."""
    found = filter(_is_free, _places(os.getpid()))
    return [*itertools.islice(found, count)]


@cache
def _places(pid: int) -> Iterator[int]:
    """All of them in turn, for one process; a forked one has its own."""
    return (FIRST + (pid * APART + n) % COUNT for n in itertools.count())


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
