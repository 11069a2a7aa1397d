"""What an error about an order means, whatever the broker calls it."""

from typing import Final, Literal

Effect = Literal[
    "cancelled", "rejected", "cancel_rejected", "cancel_too_late", "modify_rejected", "refused",
    "unknown_order", "warning", "unlisted",
]  # fmt: skip
"""What an error about an order means: the order's end, the end of what was asked of it, or none.
"refused" ends what was written last, be it the order or its modify. "cancel_too_late" rejects a
cancel too, and says that the broker has the order and that it is over there. "unknown_order"
rejects a modify too, and a new order whose parent the broker does not have. Nobody here knows what
"unlisted" means, so it ends nothing: it is reported, and the broker is asked."""
CANCEL_REJECTED: Final[tuple[Effect, ...]] = ("cancel_rejected", "cancel_too_late")
MODIFY_REJECTED: Final[tuple[Effect, ...]] = ("modify_rejected", "refused", "unknown_order")
ENDS: Final[tuple[Effect, ...]] = ("cancelled", "rejected")
