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
    10148: "cancel_too_late",
    104: "modify_rejected",
    105: "modify_rejected",
    135: "unknown_order",
    329: "modify_rejected",
    399: "warning",
    404: "warning",
    10349: "warning",
    **dict.fromkeys(
        (
            103, 106, 107, 109, 110, 111, 113, 116, 132, 133, 134, 140, 141, 144, 160, 163, 200,
            203, 320, 321, 322, 355, 362, 383, 387, 388, 413, 434, 435, 436, 10052, 10268, 10269,
            10289, 10318,
        ),
        "refused",
    ),
}  # fmt: skip
"""What an error that names an order means for it. Any other code is unlisted: it ends nothing. TWS
adds codes without notice, and some of them only inform (10311 is about fees)."""

CLIENT_ID_IN_USE: Final = 326


def order_effect(code: int) -> Effect:
    """What an error on an order means for it."""
    return "warning" if is_notice(code) else ORDER_EFFECTS.get(code, "unlisted")


def is_notice(code: int) -> bool:
    """Whether a code only reports the state of a data farm, or warns."""
    return 2100 <= code < 2200
