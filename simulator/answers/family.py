"""What the server asks of each family of requests, and all families as one."""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any

from tapewire.simulator.protocol.requests import Request
from tapewire.simulator.protocol.session import Session

Handler = Callable[[Session, Any], None]
Handlers = Mapping[type[Request], Handler]


def forget_keys(subscriptions: MutableMapping[Any, Any], conn: int) -> None:
    """Drop what a connection has; a key begins with the connection."""
    for key in [key for key in subscriptions if key[0] == conn]:
        del subscriptions[key]


class Family:
    """One family of requests. A family without subscriptions only has `handlers`."""

    def handlers(self) -> Handlers:
        """Who answers which request."""
        raise NotImplementedError

    def forget(self, conn: int) -> None:
        """End a connection's subscriptions."""

    def forget_data(self, conn: int) -> None:
        """End those of them that the market data farms serve, without a word."""

    def due_ns(self) -> int | None:
        """When `pass_time` is to be called next; None: after the next input, or never."""
        return None

    def pass_time(self, *, is_cut_off: bool) -> None:
        """Send what is due. While TWS `is_cut_off` from IB, nothing is sent."""


class Answers:
    """All families: which of them answers a request, and what is due in any of them."""

    def __init__(self, families: Sequence[Family]) -> None:
        self._families = families
        self.handlers: dict[type[Request], Handler] = {}
        for family in families:
            self.handlers.update(family.handlers())

    def forget(self, conn: int) -> None:
        """End a connection's subscriptions."""
        for family in self._families:
            family.forget(conn)

    def forget_data(self, conn: int) -> None:
        """End a connection's market data without a word."""
        for family in self._families:
            family.forget_data(conn)

    def due_ns(self) -> int | None:
        """When `pass_time` is to be called next."""
        due = (family.due_ns() for family in self._families)
        return min((one for one in due if one is not None), default=None)

    def pass_time(self, *, is_cut_off: bool) -> None:
        """Send what is due."""
        for family in self._families:
            family.pass_time(is_cut_off=is_cut_off)
