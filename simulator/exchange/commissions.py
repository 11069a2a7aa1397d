"""What an execution costs, in the instrument's currency: by IB's fixed price list, or by other
tariffs.

https://www.interactivebrokers.com/en/pricing/commissions-home.php: US stocks 0.005 per share, at
least 1.00 and at most 1 % of what is traded, per order; US options by the premium, for up to 10,000
contracts a month, at least 1.00 per order; futures per contract, exchange and regulatory fees
included, by product.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from tapewire.common.costs.tariffs import ALL, Tariff, Tariffs
from tapewire.common.instruments import Instrument
from tapewire.simulator.exchange.futures import MONTHS
from tapewire.simulator.exchange.orders import Order

ZERO = Decimal(0)
CENT = Decimal("0.01")


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
NS_PER_S: Final = 1_000_000_000

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


class Commissions:
    """Charges orders. With `tariffs` the kinds of contracts that they name cost what they say; all
    others, and all without, cost what IB's price list says."""

    def __init__(self, tariffs: Tariffs | None = None) -> None:
        self._tariffs = tariffs or {}
        self._volumes: dict[tuple[str, str, int], Decimal] = {}  # by account, kind and month

    def charge(self, order: Order, shares: Decimal, price: Decimal, now_ns: int) -> None:
        """Add an execution, which is in the order's totals already, to what the order costs. Each
        is charged the difference that it makes, so the first one pays the minimum, once."""
        instrument = order.instrument
        tariff = self._tariff(instrument)
        if tariff.tiers:
            order.cost += self._tiered(tariff, order, shares, price, now_ns)
        else:
            order.cost += self._cost(tariff, instrument, shares, price)
        order.commission = _charged(tariff, instrument, order.cost, order.notional)

    def estimate(self, instrument: Instrument, shares: Decimal, price: Decimal) -> Decimal:
        """What an order would cost that fills in one execution, the month's first one."""
        tariff = self._tariff(instrument)
        if tariff.tiers:
            cost = tariff.tiered(ZERO, _volume(tariff, instrument, shares, price))
        else:
            cost = self._cost(tariff, instrument, shares, price)
        return _charged(tariff, instrument, cost, shares * price)

    def _tariff(self, instrument: Instrument) -> Tariff:
        kind = instrument.sec_type
        given = self._tariffs.get(kind) or self._tariffs.get(ALL)
        if given is None or kind == "BAG":  # its legs pay
            return TARIFFS.get(kind, TARIFFS["STK"])
        return given

    def _cost(
        self, tariff: Tariff, instrument: Instrument, shares: Decimal, price: Decimal
    ) -> Decimal:
        """What one execution adds to its order's commission, before minimum and cap."""
        notional = _notional(instrument, shares, price)
        per_unit = tariff.per_unit
        if tariff is TARIFFS.get(instrument.sec_type):
            per_unit = _per_unit(instrument, tariff, price)
        return per_unit * shares + tariff.of_notional * notional

    def _tiered(
        self, tariff: Tariff, order: Order, shares: Decimal, price: Decimal, now_ns: int
    ) -> Decimal:
        instrument = order.instrument
        moment = datetime.fromtimestamp(now_ns // NS_PER_S, UTC)
        kind = instrument.sec_type if instrument.sec_type in self._tariffs else ALL
        key = (order.account, kind, moment.year * 12 + moment.month)
        before = self._volumes.get(key, ZERO)
        volume = _volume(tariff, instrument, shares, price)
        self._volumes[key] = before + volume
        return tariff.tiered(before, volume)


def commission_for(instrument: Instrument, shares: Decimal, price: Decimal) -> Decimal:
    """What an order costs by IB's price list that fills in one execution."""
    return Commissions().estimate(instrument, shares, price)


def _notional(instrument: Instrument, shares: Decimal, price: Decimal) -> Decimal:
    return abs(shares * price) * instrument.multiplier


def _volume(tariff: Tariff, instrument: Instrument, shares: Decimal, price: Decimal) -> Decimal:
    """What an execution is to the tiers."""
    return _notional(instrument, shares, price) if tariff.by_value else shares


def _charged(tariff: Tariff, instrument: Instrument, cost: Decimal, notional: Decimal) -> Decimal:
    """An order's commission so far: its executions' `cost`, within minimum and cap. `notional` is
    the sum of shares x price."""
    if not notional and not cost:
        return ZERO
    if tariff.to_cents:
        cost = cost.quantize(CENT, rounding=ROUND_HALF_UP)
    amount = max(cost + tariff.per_order, tariff.minimum)
    if tariff.cap_of_notional is None:
        return amount
    return min(amount, abs(notional) * instrument.multiplier * tariff.cap_of_notional)


def _per_unit(instrument: Instrument, tariff: Tariff, price: Decimal) -> Decimal:
    if instrument.sec_type == "FUT":
        return FUTURES.get(product_of(instrument.symbol), OTHER_FUTURES)
    if instrument.sec_type == "OPT":
        return next(rate for least, rate in OPTION_TIERS if abs(price) >= least)
    return tariff.per_unit
