"""The ledger: what each execution came to, by account, strategy, symbol, currency and trading day.

It is worked out from the accounts that the journals were folded into: the book has each execution
once, in its order, a corrected one in the place and on the day of what it corrects. Nothing is
folded a second time here, and nothing is kept.

Two positions
-------------
A broker knows one position of a symbol in an account. Strategies that trade the symbol have one
each, and when one is long while another is short, the broker has less than either. So an execution
realises two amounts:

*   `realised`, of the position that its strategy has built up. It is what the strategy earned.
*   `account_realised`, of the account's position. Added up over all strategies it is what the
    broker reports.

The two agree where one strategy trades a symbol in an account, and once all of them are flat. What
no strategy of ours traded has a position of its own, under no name.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.book import ZERO
from tapewire.common.accounting.currencies import UNKNOWN
from tapewire.common.accounting.lots import Holding, Method, holding
from tapewire.common.accounting.orders import OrderT
from tapewire.common.events import Commission, Fill, signed
from tapewire.common.instruments import Instrument

SETTLED_IN_GAINS: Final = "FUT"
"""The kind of instrument of which cash pays the gains and losses alone, and not the price."""


class Owner(NamedTuple):
    """Whose position: an account's, of one of its strategies (empty: of none of ours)."""

    account: str
    strategy: str
    symbol: str


class Entry(NamedTuple):
    """One execution, and what it came to. Amounts are in `currency`; `position` is the strategy's
    after it. `cash` is what it moved, what it cost apart."""

    day: date
    reported_ns: int
    owner: Owner
    currency: str
    multiplier: Decimal
    fill: Fill
    realised: Decimal
    account_realised: Decimal
    position: Decimal
    cash: Decimal
    commission: Commission | None


class Ledger:
    """All executions up to and with a trading day (None: to the last), and what is held then.

    `instruments` say currencies and multipliers; of what is not among them the currency is unknown
    and the multiplier 1.
    """

    def __init__(
        self,
        accounts: Accounts[OrderT],
        instruments: Iterable[Instrument],
        method: Method = "average",
        until: date | None = None,
    ) -> None:
        self.holdings: dict[Owner, Holding] = {}
        self._accounts = accounts
        self._instruments = {one.symbol: one for one in instruments}
        self._method = method
        self._until = until
        found = (entry for key in accounts.book.traded() for entry in self._entries_of(*key))
        self.entries = sorted(found, key=lambda entry: entry.reported_ns)

    def __repr__(self) -> str:
        return f"<Ledger by {self._method}, {len(self.entries)} executions>"

    def currency(self, symbol: str) -> str:
        """The currency that a symbol is traded in."""
        known = self._instruments.get(symbol)
        return known.currency if known is not None else UNKNOWN

    def multiplier(self, symbol: str) -> Decimal:
        """Units of the underlying in one of it."""
        known = self._instruments.get(symbol)
        return known.multiplier if known is not None else Decimal(1)

    def _entries_of(self, account: str, symbol: str) -> Iterator[Entry]:
        whole, book = self._holding(symbol), self._accounts.book
        for execution in book.executions(account, symbol):
            if self._until is None or book.trading_day(execution) <= self._until:
                yield self._entry(execution, whole)

    def _entry(self, execution: str, whole: Holding) -> Entry:
        book = self._accounts.book
        fill = book.fill_of(execution)
        owner = Owner(fill.account, self._accounts.strategy_of(fill) or "", fill.symbol)
        own = self.holdings.setdefault(owner, self._holding(fill.symbol))
        change = signed(fill.side, fill.quantity)
        realised = own.trade(change, fill.price)
        account_realised = whole.trade(change, fill.price)
        return Entry(
            book.trading_day(execution), book.reported_ns(execution), owner,
            self.currency(fill.symbol), self.multiplier(fill.symbol), fill, realised,
            account_realised, own.quantity, self._cash(fill, change, account_realised),
            book.commission(fill.exec_id),
        )  # fmt: skip

    def _cash(self, fill: Fill, change: Decimal, realised: Decimal) -> Decimal:
        known = self._instruments.get(fill.symbol)
        if known is not None and known.sec_type == SETTLED_IN_GAINS:
            return realised
        return -change * fill.price * self.multiplier(fill.symbol)

    def _holding(self, symbol: str) -> Holding:
        return holding(self._method, symbol, self.multiplier(symbol))


# ---- sums ----------------------------------------------------------------------------------------


class Of(NamedTuple):
    """What sums are of: a position's trading day, in one currency."""

    day: date
    account: str
    strategy: str
    symbol: str
    currency: str


class Sums:
    """What a trading day came to. Money is in one currency; quantities are without a sign."""

    __slots__ = ("account_realised", "bought", "commission", "executions", "realised", "sold")

    def __init__(self) -> None:
        self.executions = 0
        self.bought = self.sold = ZERO
        self.realised = self.account_realised = self.commission = ZERO

    @property
    def net(self) -> Decimal:
        """What the strategy realised, less commission."""
        return self.realised - self.commission


def by_day(entries: Iterable[Entry]) -> Mapping[Of, Sums]:
    """The sums of each position and trading day, by day. A commission in another currency than the
    instrument's is an amount of that one's own."""
    sums: dict[Of, Sums] = {}
    for entry in entries:
        of = Of(entry.day, *entry.owner, entry.currency)
        one = sums.setdefault(of, Sums())
        one.executions += bool(entry.fill.quantity)
        one.bought += entry.fill.quantity if entry.fill.side == "BUY" else ZERO
        one.sold += entry.fill.quantity if entry.fill.side == "SELL" else ZERO
        one.realised += entry.realised
        one.account_realised += entry.account_realised
        if (cost := entry.commission) is not None:
            paid = of._replace(currency=cost.currency)
            sums.setdefault(paid, Sums()).commission += cost.amount
    return {of: sums[of] for of in sorted(sums)}


class CashOf(NamedTuple):
    """What cash is of: a trading day of an account, in one currency."""

    day: date
    account: str
    currency: str


class Cash(NamedTuple):
    """What executions did to an account's cash: on a day, and since the first of them."""

    trades: Decimal
    commission: Decimal
    balance: Decimal

    @property
    def change(self) -> Decimal:
        """What the day changed."""
        return self.trades - self.commission


def cash_by_day(entries: Iterable[Entry]) -> Mapping[CashOf, Cash]:
    """What executions did to the cash of each account, by day."""
    moved: dict[CashOf, tuple[Decimal, Decimal]] = {}
    for entry in entries:
        of = CashOf(entry.day, entry.owner.account, entry.currency)
        trades, paid = moved.get(of, (ZERO, ZERO))
        moved[of] = (trades + entry.cash, paid)
        if (cost := entry.commission) is not None:
            of = of._replace(currency=cost.currency)
            trades, paid = moved.get(of, (ZERO, ZERO))
            moved[of] = (trades, paid + cost.amount)
    balances: dict[tuple[str, str], Decimal] = {}
    found: dict[CashOf, Cash] = {}
    for of in sorted(moved):
        trades, paid = moved[of]
        balance = balances.get(of[1:], ZERO) + trades - paid
        found[of] = Cash(trades, paid, balance)
        balances[of.account, of.currency] = balance
    return found
