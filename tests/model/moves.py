"""What a record of a journal says of a signal, in the model's words."""

from typing import Any, Final

from tapewire.common.accounting.lifecycle import state_after
from tapewire.common.events import (
    Event,
    OrderCreated,
    OrderDenied,
    OrderExpired,
    OrderIntended,
    OrderStateChanged,
)

FIRST: Final = "/1"
"""What the id of a signal's intent ends with."""


def gateway_after(before: str, event: Any) -> str:
    """What the gateway's journal says of a signal after an event about it."""
    if before != "NONE":
        return state_after(before, event)  # type: ignore[arg-type]
    first = isinstance(event, OrderIntended), isinstance(event, OrderDenied)
    return {(True, False): "INTENDED", (False, True): "DENIED"}.get(first, "NONE")


def executor_says(event: Event) -> tuple[str, str] | None:
    """The signal that an event of the executor's journal is about, and what it says of it."""
    if isinstance(event, OrderCreated):
        return event.signal_id, "CREATED"
    if isinstance(event, OrderDenied | OrderExpired):
        return event.signal_id, "DENIED"
    if isinstance(event, OrderStateChanged):
        return signal_of(event), event.state
    return None


def signal_of(event: Any) -> str:
    """The signal whose plain order an event is about, empty if there is none."""
    intent_id = event.order.intent_id if isinstance(event, OrderIntended) else None
    intent_id = intent_id or getattr(event, "intent_id", None) or ""
    return intent_id.removesuffix(FIRST) if intent_id.endswith(FIRST) else ""
