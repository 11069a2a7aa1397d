"""An account's values as status files and commands have them."""

from typing import Any, Final

from tapewire.common.amounts import text_or_none
from tapewire.common.events import AccountUpdated

AMOUNTS: Final = (
    "equity", "cash", "buying_power", "available_funds", "excess_liquidity", "initial_margin",
    "maintenance_margin",
)  # fmt: skip
"""The fields of `account.updated` that are amounts, in its currency."""


def plain(event: AccountUpdated) -> dict[str, Any]:
    """The values in JSON: amounts as text, None for one that the broker has not reported."""
    amounts = {name: text_or_none(getattr(event, name)) for name in AMOUNTS}
    return {
        "account": event.account,
        "currency": event.currency,
        **amounts,
        "ts_ns": event.ts_ns,
    }
