"""What the gateway knows of one of TWS's error codes, and what it does about each class of them."""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from tapewire.common.events import ErrorClass
from tapewire.gateway.effects import Effect

Trouble = Literal["not live", "delayed", "full", "refused", "deactivated", "unknown", "reset"]
"""There are no live ticks, but there may be delayed ones; there are only delayed ones; TWS has no
room for another line; it refuses this one; the line has ended and may be opened again; TWS has no
such line; what was known of a book is over, and more follows."""


class Code(msgspec.Struct, frozen=True):
    """One error code. `effect` is what it means for an order that it names, and `line` for a market
    data line, if it means anything. `meaning` and `advice` are sentences for a person: what has
    happened, and what to do."""

    code: int
    error_class: ErrorClass
    meaning: str
    advice: str
    effect: Effect = "unlisted"
    line: Trouble | None = None

    @property
    def sentences(self) -> str:
        """What has happened, and what to do about it."""
        advice = f" {self.advice[0].upper()}{self.advice[1:]}." if self.advice else ""
        return f"{self.meaning}{advice}"


ACTIONS: Final[Mapping[ErrorClass, str]] = {
    "throttle": "writes at half its pace for a while; asks again for answers and subscriptions that"
    " did not come, never for orders",
    "reconnect": "waits for TWS to close the connection, and connects again",
    "server_lost": "sends no order and believes no list until TWS has its server again",
    "cut_off": "the same; news of a farm is then a sign that the server is back",
    "server_restored": "asks for positions, orders and executions again, then takes orders",
    "data_lost": "the same, and opens all market data again",
    "farm_lost": "reports it; ticks or history may stop, orders go on",
    "farm_back": "reports it where the farm was reported as broken before",
    "resubscribe": "opens the subscription again after a pause",
    "delayed": "asks for delayed data where there are no live ones (`tws.delayed`); without them,"
    " it asks for the line again later",
    "order": "ends the order, or what was asked of it, by the effect of the code",
    "request": "ends the order, the question or the subscription that the message names",
    "warn": "reports it, and changes nothing",
    "ignore": "nothing, and does not report it",
}
"""What the gateway does about each class, as a continuation of `the gateway ...`."""
EFFECTS: Final[Mapping[Effect, str]] = {
    "cancelled": "the order is cancelled",
    "rejected": "the order is rejected",
    "refused": "what was written last is rejected: the order, or its modify",
    "cancel_rejected": "the cancel is rejected; the order is as it was",
    "cancel_too_late": "the cancel is rejected, for the order is over",
    "modify_rejected": "the modify is rejected; the order is as it was",
    "unknown_order": "the modify is rejected, or a new order whose parent TWS does not have",
    "warning": "the order lives",
    "unlisted": "the order is as it was, and TWS is asked for its orders",
}
"""What each effect is on an order that an error message names."""
