"""How much each far host subscribes at the door, which is bounded for each of them by itself.

A subscription takes memory at home for as long as the connection lasts: in ZeroMQ's own table,
which cannot refuse one, and in ours. A relay bounds what it subscribes (`topics`). A host that
subscribes more runs something else with its key, so it is shut out, and its subscriptions end with
its connections. To refuse the one that is too much would leave it in ZeroMQ's table, and its end
would be taken for that of another host's.

XPUB says which host joins, and which leaves. It does not say whose connection has ended: its
subscriptions leave without a name. A leave without a name is taken from every host that reads the
topic. So a host may count as reading less than it does, by what others read as well, but never as
reading more: no relay is shut out for what it no longer reads.
"""

from collections import Counter
from typing import Final

from tapewire.relay.topics import JOINED, LEFT, TOPICS_MAX, TOPICS_MAX_BYTES

CONNECTIONS: Final = 4
"""A relay that comes back may have connections that home does not know to be gone yet."""
JOINS_MAX: Final = CONNECTIONS * TOPICS_MAX
BYTES_MAX: Final = CONNECTIONS * TOPICS_MAX_BYTES


class Shares:
    """What each host subscribes of one socket: at most `joins_max`, of `bytes_max` in all."""

    def __init__(self, joins_max: int = JOINS_MAX, bytes_max: int = BYTES_MAX) -> None:
        self._joins_max = joins_max
        self._bytes_max = bytes_max
        self._joins: dict[str, Counter[bytes]] = {}
        self._numbers: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()

    def __repr__(self) -> str:
        return f"<Shares {dict(self._numbers)}>"

    def of(self, host: str) -> int:
        """How many subscriptions a host has, as far as is known."""
        return self._numbers[host]

    def changed(self, host: str, frames: list[bytes]) -> str:
        """A subscription begins or ends, as XPUB reports it, at `host` ("" where XPUB does not say
        whose it was). The first one that is too much gives a reason to shut the host out, in a
        sentence; everything else gives none."""
        kind, topic = frames[0][:1], frames[0][1:]
        if len(frames) != 1 or kind not in (JOINED, LEFT):
            return ""
        if kind == LEFT:
            for one in [host] if host else [*self._joins]:
                self._left(one, topic)
            return ""
        was_within = self._is_within(host)
        self._joins.setdefault(host, Counter())[topic] += 1
        self._count(host, topic, 1)
        return self._reason(host) if was_within and not self._is_within(host) else ""

    def _left(self, host: str, topic: bytes) -> None:
        joins = self._joins.get(host, Counter())
        if topic not in joins:
            return
        joins[topic] -= 1
        if not joins[topic]:
            del joins[topic]
        self._count(host, topic, -1)

    def _count(self, host: str, topic: bytes, step: int) -> None:
        self._numbers[host] += step
        self._bytes[host] += step * len(topic)

    def _is_within(self, host: str) -> bool:
        return self._numbers[host] <= self._joins_max and self._bytes[host] <= self._bytes_max

    def _reason(self, host: str) -> str:
        return (
            f"host {host} has {self._numbers[host]:,} subscriptions of {self._bytes[host]:,} bytes;"
            f" expected at most {self._joins_max:,} of {self._bytes_max:,} bytes, which no relay"
            " exceeds. The host is shut out for ten minutes. Find out what uses its key"
        )
