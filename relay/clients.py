"""Clients: who on far hosts asks through the door, each with a connection of its own at home.

A server answers whoever asked, and knows it by its connection. So each far client gets one at home,
and the servers see no difference. Connections are bounded: each host has so many, and the one that
was used longest ago makes room for a new one. One that nobody uses is closed after a while. Whoever
comes back later gets another one.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final, NamedTuple

PER_HOST_MAX: Final = 256
IDLE_NS: Final = 600_000_000_000
"""Longer than any answer takes: a connection that is closed too early loses what it waits for."""


class Client(NamedTuple):
    """One far client of one socket: the host it is on, and the two names that lead back to it."""

    socket: str
    host: str
    relay: bytes
    client: bytes


class Clients:
    """Those who have a connection now, by the channel that is theirs."""

    def __init__(self, per_host_max: int = PER_HOST_MAX, idle_ns: int = IDLE_NS) -> None:
        self._per_host_max = per_host_max
        self._idle_ns = idle_ns
        self._used: OrderedDict[Client, tuple[str, int]] = OrderedDict()  # the oldest first
        self._by_channel: dict[str, Client] = {}
        self._number = 0

    def __len__(self) -> int:
        return len(self._used)

    def __repr__(self) -> str:
        return f"<Clients: {len(self)} connected>"

    def known(self, client: Client, now_ns: int) -> str:
        """The channel of a client that has one; "" for a new one. It counts as used."""
        found = self._used.get(client)
        if found is None:
            return ""
        self._used[client] = found[0], now_ns
        self._used.move_to_end(client)
        return found[0]

    def add(self, client: Client, now_ns: int) -> str:
        """A channel for a new client, named after its socket."""
        self._number += 1
        channel = f"{client.socket}<{self._number}"
        self._used[client] = channel, now_ns
        self._by_channel[channel] = client
        return channel

    def of(self, channel: str, now_ns: int) -> Client | None:
        """Whose channel it is, when something comes on it; None for one that was closed."""
        client = self._by_channel.get(channel)
        if client is not None:
            self.known(client, now_ns)
        return client

    def surplus(self, host: str) -> str:
        """The channel to close before this host may have another one; "" if it has few."""
        of_host = [one for one in self._used if one.host == host]
        return self._used[of_host[0]][0] if len(of_host) >= self._per_host_max else ""

    def idle(self, now_ns: int) -> Iterator[str]:
        """The channels that nobody has used for long."""
        for channel, used_ns in [*self._used.values()]:
            if now_ns - used_ns < self._idle_ns:
                return
            yield channel

    def forget(self, channel: str) -> None:
        """A channel is closed."""
        client = self._by_channel.pop(channel, None)
        if client is not None:
            del self._used[client]
