"""What an execution costs, after IB's price list."""

from decimal import ROUND_HALF_UP, Decimal

import msgspec

from tapewire.simulator.exchange.orders import Order

ZERO = Decimal(0)
CENT = Decimal("0.01")


class Tariff(msgspec.Struct, frozen=True):
    """A commission: per unit, or a fraction of the notional, with a minimum per order."""

    per_unit: Decimal = ZERO
    of_notional: Decimal = ZERO
    minimum: Decimal = ZERO
    to_cents: bool = False


# After IB's fixed price list, in the instrument's currency.
TARIFFS = {
    "STK": Tariff(per_unit=Decimal("0.005"), minimum=Decimal("1.00")),
    "OPT": Tariff(per_unit=Decimal("0.65"), minimum=Decimal("1.00")),
    "FUT": Tariff(per_unit=Decimal("2.25")),
    "CRYPTO": Tariff(of_notional=Decimal("0.0018"), to_cents=True),
    "CASH": Tariff(of_notional=Decimal("0.00002"), minimum=Decimal("2.00"), to_cents=True),
}


def commission_of(order: Order) -> Decimal:
    """The order's commission so far. Each execution is charged the difference it makes, so the
    first execution pays the minimum, once per order."""
    if not order.filled:
        return ZERO
    tariff = TARIFFS.get(order.instrument.sec_type, TARIFFS["STK"])
    notional = abs(order.notional) * order.instrument.multiplier
    amount = tariff.per_unit * order.filled + tariff.of_notional * notional
    if tariff.to_cents:
        amount = amount.quantize(CENT, rounding=ROUND_HALF_UP)
    return max(amount, tariff.minimum)
