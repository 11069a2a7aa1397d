"""Pacing: no more than TWS's 50 messages in any second, cancels before orders before the rest."""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

SECOND_NS = 1_000_000_000


class Outgoing(NamedTuple):
    """A framed request; `intent_id` names the order it places, if it places one."""

    data: bytes
    intent_id: str | None = None


class Outbox:
    """Requests that wait for their turn. `rate_max_per_s` 0 lets all go at once."""

    def __init__(self, rate_max_per_s: int) -> None:
        self._rate_max = rate_max_per_s
        self._sent_ns: deque[int] = deque()
        self._cancels: deque[Outgoing] = deque()
        self._orders: deque[Outgoing] = deque()
        self._requests: deque[Outgoing] = deque()

    def __len__(self) -> int:
        return len(self._cancels) + len(self._orders) + len(self._requests)

    def cancel(self, data: bytes) -> None:
        """Queue a cancel: it waits behind other cancels only."""
        self._cancels.append(Outgoing(data))

    def order(self, data: bytes, intent_id: str) -> None:
        """Queue an order."""
        self._orders.append(Outgoing(data, intent_id))

    def request(self, data: bytes) -> None:
        """Queue anything else."""
        self._requests.append(Outgoing(data))

    def withdraw(self, intent_id: str | None = None) -> list[str]:
        """Drop the order of `intent_id`, or all orders; gives the intents that never went."""
        dropped = [o for o in self._orders if intent_id in (None, o.intent_id)]
        self._orders = deque(o for o in self._orders if o not in dropped)
        return [o.intent_id for o in dropped if o.intent_id is not None]

    def clear(self) -> list[str]:
        """Drop all that waits; gives the intents whose orders were never sent."""
        dropped = self.withdraw()
        self._cancels.clear()
        self._requests.clear()
        return dropped

    def release(self, now_ns: int, may_send: Callable[[str], bool]) -> tuple[bytes, list[str]]:
        """The bytes that may be written now, and the intents whose orders are among them.

        `may_send` is asked for each order at this moment, not when it was queued; one that may
        not go any more is dropped.
        """
        out: list[bytes] = []
        sent: list[str] = []
        for queue in (self._cancels, self._orders, self._requests):
            while queue and self._may_go(now_ns):
                item = queue.popleft()
                if item.intent_id is not None:
                    if not may_send(item.intent_id):
                        continue
                    sent.append(item.intent_id)
                out.append(item.data)
                self._sent_ns.append(now_ns)
        return b"".join(out), sent

    def _may_go(self, now_ns: int) -> bool:
        if not self._rate_max:
            self._sent_ns.clear()
            return True
        # A time ahead of now is of a clock that was set back since: it must not hold up a cancel.
        while self._sent_ns and not 0 <= now_ns - self._sent_ns[0] < SECOND_NS:
            self._sent_ns.popleft()
        return len(self._sent_ns) < self._rate_max
