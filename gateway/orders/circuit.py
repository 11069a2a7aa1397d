"""The circuit towards the broker: while it rejects one order after the other, none that adds risk
goes to it.

A broker that rejects everything (no trading permission, no margin, a halted symbol) does so for
every order that comes, and a strategy that does not understand why goes on sending. Each rejection
costs the broker's patience, and the journal's space. So after `rejections_max` of them within a
window, orders that add risk are denied here for a while, each with what the broker said last. Then
the next one is a trial: accepted, all is well; rejected, the pause is twice as long.

What only reduces a position always goes. Rejections are counted in memory: a restart starts
from zero.
"""

from typing import Final

from tapewire.common.clock import Now
from tapewire.common.delivery.breaker import Change, CircuitBreaker
from tapewire.common.events import Event, OrderAccepted, OrderRejected

NAME: Final = "broker"


class BrokerCircuit:
    """Counts rejections; with `rejections_max` 0 it is never open."""

    def __init__(self, rejections_max: int = 0, window_ms: int = 1, pause_ms: int = 1) -> None:
        self._circuit: CircuitBreaker | None = None
        self._last = ""  # what the broker said
        if rejections_max:
            self._circuit = CircuitBreaker(
                NAME, rejections_max, window_ms * 1_000_000, pause_ms * 1_000_000
            )

    def note(self, event: Event, mono_ns: int) -> None:
        """Something has happened, now: not when a journal is read."""
        if self._circuit is None:
            return
        if type(event) is OrderRejected:
            self._last = f"{event.reason} (error {event.code})"
            self._circuit.failed(mono_ns, self._last)
        elif type(event) is OrderAccepted:
            self._circuit.succeeded()

    def denial(self, now: Now) -> str:
        """Why nothing that adds risk may go to the broker now; empty if it may."""
        if self._circuit is None or self._circuit.allows(now.mono_ns):
            return ""
        return (
            "the broker has rejected too many orders (gateway.rejections_max), the last:"
            f" {self._last}; it is tried again after a pause"
        )

    def take_changes(self) -> list[Change]:
        """The steps of the circuit since they were last taken."""
        return self._circuit.take_changes() if self._circuit is not None else []
