"""Queries about accounts: their values, what they hold, and what they have gained.

What the gateway knows itself is answered from there: the values that limits and risk see, and
positions at the prices that it has. Everything else is asked at the broker.
"""

from decimal import Decimal

import msgspec

from tapewire.common.events.accounts import AccountUpdated, Currency
from tapewire.common.events.base import Account, Event, Name, Text, TimeNs, require_finite
from tapewire.common.events.query_terms import MaybeWords, TimeoutMs


class SummaryQuery(Event, frozen=True, tag="query.summary"):
    """Ask for the values of an account, or of all of the login, as the gateway knows them."""

    id: Name
    account: Account = ""
    timeout_ms: TimeoutMs = 10_000


class AccountQuery(Event, frozen=True, tag="query.account"):
    """Ask the broker for everything that it lists about an account, or about all of the login:
    each key, in each currency that it has it in."""

    id: Name
    account: Account = ""
    timeout_ms: TimeoutMs = 30_000


class PortfolioQuery(Event, frozen=True, tag="query.portfolio"):
    """Ask what an account holds, or all of the login, and what that is worth."""

    id: Name
    account: Account = ""
    timeout_ms: TimeoutMs = 30_000


class PnlQuery(Event, frozen=True, tag="query.pnl"):
    """Ask the broker what an account has gained, or each of the login; with `positions`, what each
    of its positions has too."""

    id: Name
    account: Account = ""
    positions: bool = False
    timeout_ms: TimeoutMs = 30_000


class AccountRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One of the values that a broker lists of an account, in its own words. `currency` is empty
    where the value is not an amount, and the broker's word for all of them where it has one."""

    account: Account
    key: MaybeWords
    value: Text
    currency: MaybeWords = ""


class PortfolioRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A position. `average_cost` is of one share or contract, with its multiplier, as the broker
    has it. `price`, `value` and `unrealised` are None where nobody knows a price; `priced_ns` is
    when the price was news, 0 where the broker gave the value."""

    account: Account
    symbol: Name
    quantity: Decimal
    average_cost: Decimal | None = None
    price: Decimal | None = None
    value: Decimal | None = None
    unrealised: Decimal | None = None
    currency: Currency = ""
    priced_ns: TimeNs = 0

    def __post_init__(self) -> None:
        amounts = (self.quantity, self.average_cost, self.price, self.value, self.unrealised)
        names = ("quantity", "average_cost", "price", "value", "unrealised")
        require_finite("portfolio", names, *amounts)


class PnlRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What an account has gained, or a position of it: today (`daily`), by what is still open
    (`unrealised`), and by what was closed today (`realised`), in the account's currency. None is
    what the broker does not say; `reason` is why it says nothing of this one."""

    account: Account
    symbol: str = ""
    daily: Decimal | None = None
    unrealised: Decimal | None = None
    realised: Decimal | None = None
    quantity: Decimal | None = None
    value: Decimal | None = None
    reason: Text = ""

    def __post_init__(self) -> None:
        amounts = (self.daily, self.unrealised, self.realised, self.quantity, self.value)
        names = ("daily", "unrealised", "realised", "quantity", "value")
        require_finite("pnl", names, *amounts)


class SummaryPage(Event, frozen=True, tag="query.summary.page"):
    """The values of accounts, each at the time at which they were news."""

    ts_ns: TimeNs
    id: Name
    rows: tuple[AccountUpdated, ...]
    page: int = 1
    last: bool = True


class AccountPage(Event, frozen=True, tag="query.account.page"):
    """A part of what the broker lists about accounts."""

    ts_ns: TimeNs
    id: Name
    rows: tuple[AccountRow, ...]
    page: int = 1
    last: bool = True


class PortfolioPage(Event, frozen=True, tag="query.portfolio.page"):
    """A part of the positions."""

    ts_ns: TimeNs
    id: Name
    rows: tuple[PortfolioRow, ...]
    page: int = 1
    last: bool = True


class PnlPage(Event, frozen=True, tag="query.pnl.page"):
    """A part of what was gained."""

    ts_ns: TimeNs
    id: Name
    rows: tuple[PnlRow, ...]
    page: int = 1
    last: bool = True


AccountQueries = SummaryQuery | AccountQuery | PortfolioQuery | PnlQuery
AccountPages = SummaryPage | AccountPage | PortfolioPage | PnlPage
