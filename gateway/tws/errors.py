"""TWS's error codes: which of them end something, and which only inform."""

from collections.abc import Mapping
from typing import Final

from tapewire.gateway.broker import Effect

# Source: TWS API message codes; those on orders as observed (an order lives on after each warning).
ORDER_EFFECTS: Final[Mapping[int, Effect]] = {
    201: "rejected",
    202: "cancelled",
    161: "cancel_rejected",
    10147: "cancel_rejected",
    10148: "cancel_rejected",
    104: "modify_rejected",
    105: "modify_rejected",
    135: "modify_rejected",
    329: "modify_rejected",
    399: "warning",
    404: "warning",
    10349: "warning",
}
"""What an error that names an order means for it; any other code is an error."""

CONNECTIVITY_LOST: Final = frozenset({1100, 2110})
DATA_LOST: Final = 1101
CONNECTIVITY_RESTORED: Final = frozenset({1102, DATA_LOST})
CLIENT_ID_IN_USE: Final = 326


def order_effect(code: int) -> Effect:
    """What an error on an order means for it."""
    return "warning" if is_notice(code) else ORDER_EFFECTS.get(code, "error")


def is_notice(code: int) -> bool:
    """Whether a code only reports the state of a data farm, or warns."""
    return 2100 <= code < 2200
