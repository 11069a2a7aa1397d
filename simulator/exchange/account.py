"""The broker's own books: positions by average cost, realised P&L, commissions, cash.

They share no code with the project's ledger, on purpose: the two are compared.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from tapewire.common.amounts import reported, text
from tapewire.common.instruments import Instrument

ZERO = Decimal(0)
# An average cost is a quotient, so it has to be rounded. 60 digits are enough for no sum of
# such costs to show an error in the ten places that are reported.
_DEEP = Context(prec=60, rounding=ROUND_HALF_EVEN)


class Holding:
    """One symbol's position; `cost` is the sum of signed shares x price that built it up."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
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
    """One account: holdings and cash. Shares and crypto are paid in full; futures settle gains."""

    def __init__(self, instruments: Iterable[Instrument], cash: Decimal) -> None:
        self.holdings = {one.symbol: Holding(one) for one in instruments}
        self.cash = cash
        self.opening_cash = cash
        self.transfers: list[Fill] = []  # what came without an execution

    def fill(
        self, symbol: str, signed: Decimal, price: Decimal, commission: Decimal
    ) -> Decimal | None:
        """Book one execution of `signed` shares (negative: sold); see `Holding.fill`."""
        holding = self.holdings[symbol]
        realised = holding.fill(signed, price)
        holding.commission += commission
        holding.executions += 1
        self.cash -= commission
        if holding.instrument.sec_type == "FUT":
            self.cash = _DEEP.add(self.cash, realised or ZERO)
        else:
            self.cash -= signed * price * holding.instrument.multiplier
        return realised

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
        self.cash = self.opening_cash
        self.holdings = {name: Holding(one.instrument) for name, one in self.holdings.items()}
        for transfer in self.transfers:
            self.fill(*transfer)
        return [self.fill(*fill) for fill in fills]

    def value(self, holding: Holding, mark: Decimal | None) -> Decimal:
        """A holding's part of the account's net liquidation value at `mark`."""
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
        }


class Accounts:
    """The books of every account of the login, by its name."""

    def __init__(
        self, names: Iterable[str], instruments: Iterable[Instrument], cash: Decimal
    ) -> None:
        instruments = list(instruments)
        self.books = {name: Books(instruments, cash) for name in names}

    def add(self, instrument: Instrument) -> None:
        """Make room for another instrument in every account."""
        for books in self.books.values():
            books.add(instrument)

    def resolve(self, name: str) -> str:
        """The account that a client means: an empty name is the only account. "" if unknown."""
        if not name and len(self.books) == 1:
            return next(iter(self.books))
        return name if name in self.books else ""
