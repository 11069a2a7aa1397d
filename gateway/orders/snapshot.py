"""Snapshot: asking TWS for everything it knows of orders, and noting which intents it names."""

from typing import Final

from tapewire.gateway.tws import messages as tws

TIMEOUT_NS: Final = 10_000_000_000  # TWS may never send an end; then the snapshot is worth nothing


class Snapshot:
    """One round of open orders, executions and completed orders, begun at `begun_ns`."""

    def __init__(self, begun_ns: int) -> None:
        self.begun_ns = begun_ns
        self.seen: set[str] = set()
        self._ends: set[type[tws.TwsMessage]] = {
            tws.OpenOrdersEnd,
            tws.ExecutionsEnd,
            tws.CompletedOrdersEnd,
        }

    def note(self, message: tws.TwsMessage) -> None:
        """Take note of a message while the snapshot is under way."""
        if isinstance(message, tws.OpenOrder | tws.Execution | tws.CompletedOrder):
            self.seen.add(message.order_ref)
        self._ends.discard(type(message))

    @property
    def complete(self) -> bool:
        """Whether all three ends have come."""
        return not self._ends

    def timed_out(self, now_ns: int) -> bool:
        """Whether to stop waiting for the ends."""
        return now_ns - self.begun_ns > TIMEOUT_NS
