"""What the broker says an account is worth, and may still use."""

from decimal import Decimal
from typing import Annotated, Final

import msgspec

from tapewire.common.events.base import Account, Event, TimeNs, require_finite

CURRENCY_MAX: Final = 16
Currency = Annotated[str, msgspec.Meta(max_length=CURRENCY_MAX)]


class AccountUpdated(Event, frozen=True, tag="account.updated"):
    """An account's values as the broker reported them last, all in `currency`, the account's own.

    None is a value that the broker has not reported. `equity` is what the account would be worth
    if everything was closed; `cash` is what it has without its positions, negative where money is
    borrowed. The broker works them out every few minutes and after trades; between two events they
    are as old as the first of them.
    """

    ts_ns: TimeNs
    account: Account
    currency: Currency = ""
    equity: Decimal | None = None
    cash: Decimal | None = None
    buying_power: Decimal | None = None
    available_funds: Decimal | None = None
    excess_liquidity: Decimal | None = None
    initial_margin: Decimal | None = None
    maintenance_margin: Decimal | None = None

    def __post_init__(self) -> None:
        require_finite("account", AMOUNTS, *(getattr(self, name) for name in AMOUNTS))


AMOUNTS: Final = (
    "equity", "cash", "buying_power", "available_funds", "excess_liquidity", "initial_margin",
    "maintenance_margin",
)  # fmt: skip
"""The amounts of an `AccountUpdated`."""
