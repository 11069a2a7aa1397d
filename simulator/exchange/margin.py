"""What positions have to be backed by: a simple margin model, and what it says of an account.

Stocks need a part of their value (Reg-T), futures an amount per contract, options their full
premium, and everything else its full value. In a cash account all need their full value, and
without margins nothing needs any.

The real margins of IB are higher or lower from contract to contract and day to day, and know about
offsetting positions; this model does not. An account's amounts are in its base currency.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from tapewire.common.instruments import Instrument
from tapewire.simulator.exchange.account import ZERO, Books, Holding, Mark
from tapewire.simulator.exchange.commissions import product_of
from tapewire.simulator.exchange.fill_models import MarginModel


class Margin(msgspec.Struct, frozen=True):
    """Initial and maintenance margin."""

    initial: Decimal = ZERO
    maintenance: Decimal = ZERO

    def __add__(self, other: "Margin") -> "Margin":
        return Margin(self.initial + other.initial, self.maintenance + other.maintenance)

    def at(self, rate: Decimal) -> "Margin":
        """In another currency."""
        return Margin(self.initial * rate, self.maintenance * rate)


RATES: Final[Mapping[str, Margin]] = {
    "STK": Margin(Decimal("0.50"), Decimal("0.25")),
    "FUT": Margin(Decimal("0.11"), Decimal("0.10")),
    "CASH": Margin(Decimal("0.03"), Decimal("0.03")),
}
FULL: Final = Margin(Decimal(1), Decimal(1))
FUTURES: Final[Mapping[str, Margin]] = {
    "ES": Margin(Decimal(22_000), Decimal(20_000)),
    "MES": Margin(Decimal(2_200), Decimal(2_000)),
    "FESX": Margin(Decimal(4_400), Decimal(4_000)),
}
"""Per contract, in the product's currency."""
LEVERAGE: Final = 2
"""What available funds can buy in stocks: the other side of their initial margin."""


def leverage(model: MarginModel) -> int:
    """What available funds can buy in stocks, as a multiple of them."""
    return 1 if model == "cash" else LEVERAGE


def required(
    instrument: Instrument, quantity: Decimal, price: Decimal, model: MarginModel = "ib"
) -> Margin:
    """The margin of a position, long or short."""
    if model == "none":
        return Margin()
    size = abs(quantity)
    if model == "cash":
        value = size * abs(price) * instrument.multiplier
        return Margin(value, value)
    fixed = FUTURES.get(product_of(instrument.symbol)) if instrument.sec_type == "FUT" else None
    if fixed is not None:
        return Margin(size * fixed.initial, size * fixed.maintenance)
    value = size * abs(price) * instrument.multiplier
    rate = RATES.get(instrument.sec_type, FULL)
    return Margin(value * rate.initial, value * rate.maintenance)


def net_liquidation(books: Books, mark_of: Mark) -> Decimal:
    """The account's worth, which is its equity with loan value too."""
    return books.total_cash(mark_of) + in_base(
        books, mark_of, lambda one: books.value(one, mark_of(one.instrument.symbol))
    )


def in_base(
    books: Books,
    mark_of: Mark,
    amount_of: Callable[[Holding], Decimal],
    held: Iterable[Holding] | None = None,
) -> Decimal:
    """An amount of each holding, or of those that are given, which is in its own currency, added up
    in the account's."""
    holdings = books.held() if held is None else held
    return sum((books.rate(one.currency, mark_of) * amount_of(one) for one in holdings), ZERO)


def account_margin(
    books: Books, mark_of: Mark, quantities: Iterable[tuple[Instrument, Decimal]] | None = None
) -> Margin:
    """The margin of what an account holds, or of `quantities` of instruments instead."""
    total = Margin()
    if quantities is None:
        quantities = [(one.instrument, one.quantity) for one in books.held()]
    for instrument, quantity in quantities:
        if quantity:
            price = mark_of(instrument.symbol)
            if price is None:
                price = books.holdings[instrument.symbol].average_price
            rate = books.rate(instrument.currency, mark_of)
            total += required(instrument, quantity, price, books.margin).at(rate)
    return total
