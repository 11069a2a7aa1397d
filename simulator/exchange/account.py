"""The broker's own books: positions by average cost, realised P&L, commissions, cash.

They share no code with the project's ledger, on purpose: the two are compared. Cash is kept in each
currency that was traded in, and a pair of currencies moves both of its own. What an account is
worth is in its base currency, at what the pairs of this market show, or else at fixed rates.
"""

from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from tapewire.common.amounts import reported, text
from tapewire.common.instruments import Instrument
from tapewire.simulator.exchange.fill_models import MarginModel
from tapewire.simulator.exchange.made import currencies_of, pair_level

ZERO = Decimal(0)
ONE = Decimal(1)
Mark = Callable[[str], Decimal | None]
"""A symbol's price; None where there is none yet."""
# An average cost is a quotient, so it has to be rounded. 60 digits are enough for no sum of
# such costs to show an error in the ten places that are reported.
_DEEP = Context(prec=60, rounding=ROUND_HALF_EVEN)


class Holding:
    """One symbol's position; `cost` is the sum of signed shares x price that built it up."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.currency = instrument.currency
        self.pair = currencies_of(instrument)
        self.quantity = ZERO
        self.cost = ZERO
        self.realised = ZERO
        self.commission = ZERO
        self.executions = 0

    @property
    def average_price(self) -> Decimal:
        """The average cost of one unit; 0 when flat."""
        if not self.quantity:
            return ZERO
        return reported(_DEEP.divide(self.cost, self.quantity))

    @property
    def average_cost(self) -> Decimal:
        """The average price times the multiplier, which is what TWS reports."""
        return reported(self.average_price * self.instrument.multiplier)

    def fill(self, signed: Decimal, price: Decimal) -> Decimal | None:
        """Book an execution; returns its gross realised P&L, or None if it closed nothing."""
        closing, realised = ZERO, None
        if signed * self.quantity < 0:
            closing = min(abs(signed), abs(self.quantity)).copy_sign(self.quantity)
            realised = self._close(closing, price)
        opening = signed + closing
        self.quantity += opening
        self.cost = _DEEP.add(self.cost, opening * price)
        return realised

    def _close(self, part: Decimal, price: Decimal) -> Decimal:
        cost = _DEEP.divide(_DEEP.multiply(self.cost, part), self.quantity)
        gain = _DEEP.multiply(part * price - cost, self.instrument.multiplier)
        self.quantity -= part
        self.cost = _DEEP.subtract(self.cost, cost) if self.quantity else ZERO
        self.realised = _DEEP.add(self.realised, gain)
        return gain

    def unrealised(self, mark: Decimal | None) -> Decimal:
        """The P&L that closing at `mark` would realise; 0 without a mark."""
        if mark is None:
            return ZERO
        return reported((self.quantity * mark - self.cost) * self.instrument.multiplier)

    def exposure(self, mark: Decimal | None) -> Decimal:
        """The position's size in money, at `mark` or at cost."""
        price = self.average_price if mark is None else mark
        return abs(self.quantity * price) * self.instrument.multiplier


Fill = tuple[str, Decimal, Decimal, Decimal]  # symbol, signed shares, price, commission


class Books:
    """One account: holdings and cash. Shares and crypto are paid in full; futures settle gains.

    `balances` is the cash in each currency; it begins with `cash` in the base `currency`. What its
    positions have to be backed by is the `margin` model's.
    """

    def __init__(
        self,
        instruments: Iterable[Instrument],
        cash: Decimal,
        currency: str = "USD",
        margin: MarginModel = "ib",
    ) -> None:
        self.margin: MarginModel = margin
        self.holdings = {one.symbol: Holding(one) for one in instruments}
        self.currency = currency
        self.opening_cash = cash
        self.balances = {currency: cash}
        self.transfers: list[Fill] = []  # what came without an execution

    def fill(
        self, symbol: str, signed: Decimal, price: Decimal, commission: Decimal
    ) -> Decimal | None:
        """Book one execution of `signed` shares (negative: sold); see `Holding.fill`."""
        holding = self.holdings[symbol]
        realised = holding.fill(signed, price)
        holding.commission += commission
        holding.executions += 1
        self._pay(holding.currency, commission)
        if holding.instrument.sec_type == "FUT":
            self._pay(holding.currency, -(realised or ZERO))
        else:
            self._pay(holding.currency, signed * price * holding.instrument.multiplier)
        if holding.pair is not None:
            self._pay(holding.pair[0], -signed)
        return realised

    def _pay(self, currency: str, amount: Decimal) -> None:
        self.balances[currency] = _DEEP.subtract(self.balances.get(currency, ZERO), amount)

    def add(self, instrument: Instrument) -> None:
        """Make room for another instrument."""
        self.holdings.setdefault(instrument.symbol, Holding(instrument))

    def transfer(self, symbol: str, signed: Decimal, price: Decimal) -> None:
        """A position that comes or goes without an execution, as by an assignment."""
        self.transfers.append((symbol, signed, price, ZERO))
        self.fill(*self.transfers[-1])

    def rebook(self, fills: Iterable[Fill]) -> list[Decimal | None]:
        """Book everything again, with `fills` for the account's executions so far; returns what
        each of them realised."""
        self.balances = {self.currency: self.opening_cash}
        self.holdings = {name: Holding(one.instrument) for name, one in self.holdings.items()}
        for transfer in self.transfers:
            self.fill(*transfer)
        return [self.fill(*fill) for fill in fills]

    @property
    def cash(self) -> Decimal:
        """The cash in the base currency alone."""
        return self.balances[self.currency]

    def rate(self, currency: str, mark_of: Mark) -> Decimal:
        """What one unit of a currency is worth in the base currency."""
        if currency == self.currency:
            return ONE
        for pair, is_turned in (
            (f"{currency}.{self.currency}", False),
            (f"{self.currency}.{currency}", True),
        ):
            mark = mark_of(pair) if pair in self.holdings else None
            if mark:
                return _DEEP.divide(ONE, mark) if is_turned else mark
        return Decimal(repr(pair_level(currency, self.currency)))

    def total_cash(self, mark_of: Mark) -> Decimal:
        """The cash in all currencies, in the base currency."""
        return sum((self.rate(c, mark_of) * cash for c, cash in self.balances.items()), ZERO)

    def value(self, holding: Holding, mark: Decimal | None) -> Decimal:
        """A holding's part of the account's net liquidation value at `mark`, in the holding's own
        currency. That of a pair of currencies is cash already."""
        return ZERO if holding.pair is not None else self.market_value(holding, mark)

    def market_value(self, holding: Holding, mark: Decimal | None) -> Decimal:
        """What a holding would bring at `mark`, in its own currency; of a future, its gain."""
        if holding.instrument.sec_type == "FUT" or mark is None:
            return holding.unrealised(mark)
        return holding.quantity * mark * holding.instrument.multiplier

    def held(self) -> list[Holding]:
        """Holdings that ever traded, those that are flat now included."""
        return [one for one in self.holdings.values() if one.executions]

    def as_dict(self) -> dict[str, Any]:
        """The account in JSON values: each amount as decimal text, by symbol."""
        held = self.held()
        return {
            "positions": {one.instrument.symbol: text(one.quantity) for one in held},
            "average_price": {one.instrument.symbol: text(one.average_price) for one in held},
            "realised": {one.instrument.symbol: text(one.realised) for one in held},
            "commissions": {one.instrument.symbol: text(one.commission) for one in held},
            "cash": text(self.cash),
            "balances": {currency: text(cash) for currency, cash in self.balances.items()},
        }


class Accounts:
    """The books of every account of the login, by its name."""

    def __init__(
        self,
        names: Iterable[str],
        instruments: Iterable[Instrument],
        cash: Decimal,
        currency: str = "USD",
        margin: MarginModel = "ib",
    ) -> None:
        instruments = list(instruments)
        self.books = {name: Books(instruments, cash, currency, margin) for name in names}

    def add(self, instrument: Instrument) -> None:
        """Make room for another instrument in every account."""
        for books in self.books.values():
            books.add(instrument)

    def resolve(self, name: str) -> str:
        """The account that a client means: an empty name is the only account. "" if unknown."""
        if not name and len(self.books) == 1:
            return next(iter(self.books))
        return name if name in self.books else ""
