"""The sockets of a group that far hosts reach, and who is behind each."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from tapewire.common import roles
from tapewire.common.bus.endpoints import endpoint, sockets_of
from tapewire.common.bus.ports import HOSTS, QUERIES, SIGNALS, of_login
from tapewire.common.events import RULES_MAX
from tapewire.common.logins import Logins
from tapewire.relay.words import WORD_MAX_BYTES

__all__ = ["MARKET", "SIGNALS", "Between", "asked", "place", "streams", "way"]

MARKET: Final = "market"

SUBSCRIPTION_MAX_BYTES: Final = 4 * 1024
"""Beside a topic (`tapewire.relay.topics.TOPIC_MAX`) it has what ZeroMQ says of itself."""
REQUEST_MAX_BYTES: Final = 4 * RULES_MAX + 64 * 1024
"""Of a signal, or of what is asked. Rules that are taken over are the largest, and one of their
characters has up to four bytes."""


def largest(name: str, kind: str) -> int:
    """The largest message, in bytes, that a far host may send to a socket at home."""
    if kind == "xpub":
        return SUBSCRIPTION_MAX_BYTES
    return WORD_MAX_BYTES if name == HOSTS else REQUEST_MAX_BYTES


class Between(NamedTuple):
    """The bus between hosts, as `tapewire.common.bus.endpoints.Bus`: tcp to a host's address."""

    host: str
    ports: Mapping[str, int]
    transport: str = "tcp"


def place(name: str, between: Between) -> str:
    """The address of the socket `name` between hosts."""
    return endpoint(name, between, Path())


def way(name: str, between: Between, own: str) -> str:
    """The address of the socket `name` for a connection that comes from our address `own`: that is
    how we are known there, whichever address the kernel would choose."""
    bracketed = f"[{own}]" if ":" in own else own
    return place(name, between).replace("//", f"//{bracketed}:0;")


def streams(logins: Logins) -> Iterator[str]:
    """The sockets that publish."""
    for login in logins:
        yield of_login(MARKET, login.name)
    yield from (sockets_of(role)[0] for role in logins.roles)


def asked(logins: Logins) -> dict[str, str]:
    """The sockets that answer, each with the role that is behind it."""
    found = {sockets_of(role)[1]: role for role in logins.roles}
    for login in logins:
        found[of_login(QUERIES, login.name)] = roles.of_login(roles.GATEWAY, login.name)
    return found
