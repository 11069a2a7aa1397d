"""Circuit breakers: that one has changed its state, and why."""

from typing import Literal

from tapewire.common.events.base import Event, Name, Text, TimeNs

CircuitState = Literal["CLOSED", "OPEN", "HALF_OPEN"]


class CircuitChanged(Event, frozen=True, tag="circuit.changed"):
    """A circuit breaker has changed its state, for a reason.

    `circuit` names it: `broker`, `strategy.NAME`, or a handler's event and error. `id` is new for
    each change; that of a strategy comes to the executor, which writes it down.
    """

    ts_ns: TimeNs
    id: Name
    circuit: Name
    before: CircuitState
    after: CircuitState
    reason: Text
