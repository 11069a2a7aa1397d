"""The broker's own books: positions by average cost, realised P&L, commissions, cash.

Written apart from the ledger of the project on purpose: the two are compared.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal

from tapewire.common.amounts import reported
from tapewire.common.instruments import Instrument

ZERO = Decimal(0)
# An average cost is a quotient, so it is rounded: deep in the digits, where no sum of it
# shows in the ten places that are reported.
_DEEP = Context(prec=60, rounding=ROUND_HALF_EVEN)


class Holding:
    """One symbol's position; `cost` is the sum of signed shares x price that built it."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.quantity = ZERO
        self.cost = ZERO
        self.realised = ZERO
        self.commission = ZERO
        self.executions = 0

    @property
    def average_price(self) -> Decimal:
        """What one unit cost; 0 when flat."""
        if not self.quantity:
            return ZERO
        return reported(_DEEP.divide(self.cost, self.quantity))

    @property
    def average_cost(self) -> Decimal:
        """The average price times the multiplier, which is what TWS reports."""
        return reported(self.average_price * self.instrument.multiplier)

    def fill(self, signed: Decimal, price: Decimal) -> Decimal | None:
        """Book an execution; what it realised (gross), or None if it closed nothing."""
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
        """What closing at `mark` would realise; 0 without a mark."""
        if mark is None:
            return ZERO
        return reported((self.quantity * mark - self.cost) * self.instrument.multiplier)

    def exposure(self, mark: Decimal | None) -> Decimal:
        """The position's size in money, at `mark` or at cost."""
        price = self.average_price if mark is None else mark
        return abs(self.quantity * price) * self.instrument.multiplier


class Books:
    """The account: holdings and cash. Shares and crypto are paid for; futures settle gains."""

    def __init__(self, instruments: Iterable[Instrument], cash: Decimal) -> None:
        self.holdings = {one.symbol: Holding(one) for one in instruments}
        self.cash = cash

    def fill(
        self, symbol: str, signed: Decimal, price: Decimal, commission: Decimal
    ) -> Decimal | None:
        """Book one execution of `signed` shares (below 0: sold); see `Holding.fill`."""
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

    def value(self, holding: Holding, mark: Decimal | None) -> Decimal:
        """What a holding adds to the account's net liquidation at `mark`."""
        if holding.instrument.sec_type == "FUT" or mark is None:
            return holding.unrealised(mark)
        return holding.quantity * mark * holding.instrument.multiplier

    def held(self) -> list[Holding]:
        """Holdings that were ever traded, flat ones with their realised P&L included."""
        return [one for one in self.holdings.values() if one.executions]
