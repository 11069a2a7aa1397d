"""What risk says of positions and limits, for whoever shows them or acts on them."""

from decimal import Decimal
from typing import Annotated, Final

import msgspec

from tapewire.common.events.accounts import Currency
from tapewire.common.events.base import NAME_MAX, Account, Event, Name, Text, TimeNs, require_finite


class PositionOpened(Event, frozen=True, tag="position.opened"):
    """The execution `exec_id` opened a position; `quantity` is signed. Journaled by risk, once.

    `realised` is what the account's earlier positions in the symbol have realised, in `currency`,
    the instrument's ("?" where that is not configured).
    """

    ts_ns: TimeNs
    account: Account
    symbol: Name
    quantity: Decimal
    average_price: Decimal
    currency: Currency
    realised: Decimal
    exec_id: Name


class PositionClosed(Event, frozen=True, tag="position.closed"):
    """The execution `exec_id` closed the position that `opened_id` had opened. Journaled by risk,
    once.

    `quantity` is what the last execution closed, with the position's sign, at `price`. If a
    checkpoint has left out the executions behind the opening, `exec_id` is that one's and `price`
    is None. `realised` is what the position has come to from its opening on, in `currency`, before
    commissions.
    """

    ts_ns: TimeNs
    account: Account
    symbol: Name
    quantity: Decimal
    price: Decimal | None
    currency: Currency
    realised: Decimal
    exec_id: Name
    opened_id: Name
    opened_ns: TimeNs


class PositionUpdated(Event, frozen=True, tag="position.updated"):
    """A position as risk knows it now. Not journaled: the next one takes its place.

    `quantity` is signed, and what the executions add up to; `reported` is the broker's word, None
    where there is none. `average_price` is None of a flat position, and `mark` where no price is
    known; then `unrealised` is None as well, of one that is open. Money is in `currency`, the
    instrument's; `realised` and `commission` are of all executions that are known, and neither is
    in the other.
    """

    ts_ns: TimeNs
    account: Account
    symbol: Name
    quantity: Decimal
    currency: Currency
    average_price: Decimal | None = None
    mark: Decimal | None = None
    unrealised: Decimal | None = None
    realised: Decimal = Decimal(0)
    commission: Decimal = Decimal(0)
    reported: Decimal | None = None

    def __post_init__(self) -> None:
        require_finite("position", NUMBERS, *(getattr(self, name) for name in NUMBERS))


NUMBERS: Final = (
    "quantity", "average_price", "mark", "unrealised", "realised", "commission", "reported",
)  # fmt: skip
"""The numbers of a `PositionUpdated`."""


class HeadroomUpdated(Event, frozen=True, tag="risk.headroom"):
    """How much of one limit is used now, in `unit`. Not journaled: the next one takes its place.

    It is about an account, and about a symbol where it names one. `used` is None where it cannot be
    known, as a price is missing.
    """

    ts_ns: TimeNs
    rule: Text
    account: Account
    symbol: Annotated[str, msgspec.Meta(max_length=NAME_MAX)]
    used: Decimal | None
    limit: Decimal
    unit: Text = ""
