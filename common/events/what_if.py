"""What-if: what an order would do to its account, asked of the broker without placing it."""

from decimal import Decimal

from tapewire.common.events.base import Account, Event, Name, Text, TimeNs, require_finite
from tapewire.common.events.order_commands import SubmitOrder


class WhatIf(Event, frozen=True, tag="order.what_if"):
    """Ask the broker what `order` would do to its account; `WhatIfAnswered` has the same id.

    The order is not placed and needs no intent of its own; asked again under an id that waits for
    its answer, nothing more is sent.
    """

    id: Name
    ts_ns: TimeNs
    order: SubmitOrder


class WhatIfAnswered(Event, frozen=True, tag="order.what_if.answered"):
    """The account as it would be with the order, as the broker reports it; or `reason` says why the
    broker would not take the order, or did not answer.

    Money is in the account's base currency, the commission in `currency`; `commission` is the least
    and `commission_max` the most that it may cost. None is what the broker did not say.
    """

    ts_ns: TimeNs
    account: Account
    id: Name
    order_id: str = ""
    reason: Text = ""
    initial_margin: Decimal | None = None
    initial_margin_change: Decimal | None = None
    maintenance_margin: Decimal | None = None
    maintenance_margin_change: Decimal | None = None
    equity_with_loan: Decimal | None = None
    equity_with_loan_change: Decimal | None = None
    commission: Decimal | None = None
    commission_max: Decimal | None = None
    currency: str = ""
    warning: Text = ""

    def __post_init__(self) -> None:
        require_finite("what_if", MONEY, *(getattr(self, name) for name in MONEY))

    @property
    def shortfall(self) -> Decimal:
        """What the account would lack in equity for its initial margin; 0 if it would be enough, or
        if the broker did not say."""
        equity, margin = self.equity_with_loan, self.initial_margin
        if equity is None or margin is None or equity >= margin:
            return Decimal(0)
        return margin - equity


MONEY = (
    "initial_margin", "initial_margin_change", "maintenance_margin", "maintenance_margin_change",
    "equity_with_loan", "equity_with_loan_change", "commission", "commission_max",
)  # fmt: skip
"""The amounts of a `WhatIfAnswered`."""
