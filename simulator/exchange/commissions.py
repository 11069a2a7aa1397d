"""What an execution costs, after IB's fixed price list, in the instrument's currency.

https://www.interactivebrokers.com/en/pricing/commissions-home.php: US stocks 0.005 per share, at
least 1.00 and at most 1 % of what is traded, per order; US options by the premium, for up to 10,000
contracts a month, at least 1.00 per order; futures per contract, exchange and regulatory fees
included, by product.
"""

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import msgspec

from tapewire.common.instruments import Instrument
from tapewire.simulator.exchange.futures import MONTHS

ZERO = Decimal(0)
CENT = Decimal("0.01")


class Tariff(msgspec.Struct, frozen=True):
    """A commission: per unit, and a fraction of the notional; with a minimum per order, and at most
    a fraction of the notional, even if that is below the minimum."""

    per_unit: Decimal = ZERO
    of_notional: Decimal = ZERO
    minimum: Decimal = ZERO
    cap_of_notional: Decimal | None = None
    to_cents: bool = False


TARIFFS: Final[Mapping[str, Tariff]] = {
    "STK": Tariff(
        per_unit=Decimal("0.005"), minimum=Decimal("1.00"), cap_of_notional=Decimal("0.01")
    ),
    "OPT": Tariff(minimum=Decimal("1.00")),
    "FUT": Tariff(),
    "CRYPTO": Tariff(of_notional=Decimal("0.0018"), to_cents=True),
    "CASH": Tariff(of_notional=Decimal("0.00002"), minimum=Decimal("2.00"), to_cents=True),
    "BAG": Tariff(),  # its legs pay
}
"""By kind of contract. What a unit costs depends on the price for options, on the product for
futures."""

FUTURES: Final[Mapping[str, Decimal]] = {
    "ES": Decimal("2.15"),
    "MES": Decimal("0.57"),
    "FESX": Decimal("1.00"),
}
"""Per contract, in the product's currency: FESX in EUR."""
OTHER_FUTURES: Final = Decimal("2.25")

OPTION_TIERS: Final = (
    (Decimal("0.10"), Decimal("0.65")),
    (Decimal("0.05"), Decimal("0.50")),
    (ZERO, Decimal("0.25")),
)
"""Per contract, for premiums of at least so much."""

_EXPIRY = re.compile(rf"(.+?)[{MONTHS}]\d{{1,2}}")


def product_of(symbol: str) -> str:
    """A future's product: ES of ESZ6, FESX of `FESX 20261218 M`."""
    first = symbol.split(maxsplit=1)[0]
    found = _EXPIRY.fullmatch(first)
    return found[1] if found else first


def cost_of(instrument: Instrument, shares: Decimal, price: Decimal) -> Decimal:
    """What one execution adds to its order's commission, before minimum and cap."""
    tariff = TARIFFS.get(instrument.sec_type, TARIFFS["STK"])
    notional = abs(shares * price) * instrument.multiplier
    return _per_unit(instrument, tariff, price) * shares + tariff.of_notional * notional


def charged(instrument: Instrument, cost: Decimal, notional: Decimal) -> Decimal:
    """An order's commission so far: its executions' `cost`, within minimum and cap. `notional` is
    the sum of shares x price. Each execution is charged the difference that it makes, so the first
    one pays the minimum, once per order."""
    if not notional and not cost:
        return ZERO
    tariff = TARIFFS.get(instrument.sec_type, TARIFFS["STK"])
    if tariff.to_cents:
        cost = cost.quantize(CENT, rounding=ROUND_HALF_UP)
    amount = max(cost, tariff.minimum)
    if tariff.cap_of_notional is None:
        return amount
    return min(amount, abs(notional) * instrument.multiplier * tariff.cap_of_notional)


def commission_for(instrument: Instrument, shares: Decimal, price: Decimal) -> Decimal:
    """What an order costs that fills in one execution."""
    return charged(instrument, cost_of(instrument, shares, price), shares * price)


def _per_unit(instrument: Instrument, tariff: Tariff, price: Decimal) -> Decimal:
    if instrument.sec_type == "FUT":
        return FUTURES.get(product_of(instrument.symbol), OTHER_FUTURES)
    if instrument.sec_type == "OPT":
        return next(rate for least, rate in OPTION_TIERS if abs(price) >= least)
    return tariff.per_unit
