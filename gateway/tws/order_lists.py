"""Lists of open orders that TWS was asked for: they have no names, and end with the same message.

TWS answers one after the other. So while the end of one is missing, each later end is taken for
that of the one before, and none is late by itself.
"""

from collections import deque

from tapewire.gateway.broker import Query, QueryComplete


class OrderLists:
    """What was asked for on this connection and has not ended yet."""

    def __init__(self) -> None:
        self._asked: deque[Query] = deque()

    @property
    def is_unanswered(self) -> bool:
        """Whether the end of a list is still missing."""
        return bool(self._asked)

    def asked(self, query: Query) -> None:
        """One more list was asked for."""
        self._asked.append(query)

    def ended(self) -> QueryComplete:
        """A list has ended: the oldest one."""
        return QueryComplete(self._asked.popleft() if self._asked else "open_orders")

    def give_up(self) -> None:
        """The end of our own open orders will not come, nor that of what was asked before."""
        while "open_orders" in self._asked:
            self._asked.popleft()

    def closed(self) -> None:
        """The connection is gone."""
        self._asked.clear()
