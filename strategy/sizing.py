"""Sizing: how much to trade. Pure arithmetic on what a strategy knows, for use as its quantity.

Every function gives a quantity of 0 or more, rounded down to whole lots: never up, so that what was
asked for is a bound. What is given has to be in one currency, that of the price: nothing is
converted here. Where `equity` is None, because the broker has not reported it yet, nothing can be
sized and the quantity is 0.

`buying_power` bounds the quantity where it is known: quantity x `unit_cost` is never above it. One
unit costs price x multiplier, as a share that is paid in full does. A future takes its margin, not
its price: give that as `unit_cost`.

The formulae are the usual ones; fixed fractional sizing by stop distance and by volatility is
described in R. Vince, "Portfolio Management Formulas" (1990), and C. Faith, "Way of the Turtle"
(2007).
"""

from decimal import ROUND_FLOOR, Context, Decimal
from typing import Final

from tapewire.common.amounts import whole_lots
from tapewire.strategy.terms import Number, decimal_of

ZERO: Final = Decimal(0)
HUNDRED: Final = Decimal(100)
_DOWN: Final = Context(prec=100, rounding=ROUND_FLOOR)


def fixed(
    quantity: Number,
    price: Number | None = None,
    *,
    buying_power: Number | None = None,
    unit_cost: Number | None = None,
    multiplier: Number = 1,
    lot: Number = 1,
) -> Decimal:
    """`quantity`, in whole lots. `price` is needed where `buying_power` is to bound it.

    Raises ValueError for what is not a number, and for bounds that are not above 0.
    """
    wanted = _at_least_zero("quantity", quantity)
    if price is None and unit_cost is None:
        return whole_lots(wanted, _above_zero("lot", lot))
    return _bounded(wanted, price, buying_power, unit_cost, multiplier, lot)


def percent_of_equity(
    equity: Number | None,
    percent: Number,
    price: Number,
    *,
    buying_power: Number | None = None,
    unit_cost: Number | None = None,
    multiplier: Number = 1,
    lot: Number = 1,
) -> Decimal:
    """The quantity that is worth `percent` of equity:
    equity x percent / 100 / (price x multiplier).

    Raises ValueError for what is not a number, a percent below 0, and a price that is not above 0.
    """
    unit = _times(_above_zero("price", price), _above_zero("multiplier", multiplier))
    wanted = _share(equity, percent, unit)
    return _bounded(wanted, price, buying_power, unit_cost, multiplier, lot)


def risk_per_trade(
    equity: Number | None,
    percent: Number,
    price: Number,
    stop: Number,
    *,
    buying_power: Number | None = None,
    unit_cost: Number | None = None,
    multiplier: Number = 1,
    lot: Number = 1,
) -> Decimal:
    """The quantity that loses `percent` of equity between `price` and `stop`:
    equity x percent / 100 / (|price - stop| x multiplier).

    A stop may fill beyond its price; this is what it loses at it. Raises ValueError for what is no
    number, a percent below 0, a price that is not above 0, and a stop at the price.
    """
    distance = abs(_number("price", price) - _number("stop", stop))
    if not distance:
        raise ValueError(f"stop is {stop}, which is the price; it must be another")
    unit = _times(distance, _above_zero("multiplier", multiplier))
    wanted = _share(equity, percent, unit)
    return _bounded(wanted, price, buying_power, unit_cost, multiplier, lot)


def volatility(
    equity: Number | None,
    percent: Number,
    price: Number,
    deviation: Number,
    *,
    buying_power: Number | None = None,
    unit_cost: Number | None = None,
    multiplier: Number = 1,
    lot: Number = 1,
) -> Decimal:
    """The quantity that moves by `percent` of equity when the price moves by `deviation`:
    equity x percent / 100 / (deviation x multiplier).

    `deviation` is in the units of the price: the average true range, or a standard deviation of
    price changes over the time that matters. Raises ValueError for what is not a number, a percent
    below 0, and a price or a deviation that is not above 0.
    """
    unit = _times(_above_zero("deviation", deviation), _above_zero("multiplier", multiplier))
    wanted = _share(equity, percent, unit)
    return _bounded(wanted, price, buying_power, unit_cost, multiplier, lot)


def _share(equity: Number | None, percent: Number, unit: Decimal) -> Decimal:
    """How many times `unit` goes into `percent` of equity."""
    part = _at_least_zero("percent", percent)
    if equity is None:
        return ZERO
    amount = _times(max(_number("equity", equity), ZERO), part)
    return _DOWN.divide(amount, _times(unit, HUNDRED))


def _bounded(
    wanted: Decimal,
    price: Number | None,
    buying_power: Number | None,
    unit_cost: Number | None,
    multiplier: Number,
    lot: Number,
) -> Decimal:
    """`wanted` in whole lots, and no more than buying power allows where that is known."""
    if unit_cost is not None:
        cost = _above_zero("unit_cost", unit_cost)
    else:
        cost = _times(_above_zero("price", price), _above_zero("multiplier", multiplier))
    if buying_power is not None:
        power = max(_number("buying_power", buying_power), ZERO)
        wanted = min(wanted, _DOWN.divide(power, cost))
    return whole_lots(wanted, _above_zero("lot", lot))


def _number(name: str, value: Number | None) -> Decimal:
    number = decimal_of(name, value)
    if number is None or not number.is_finite():
        raise ValueError(f"{name} is {value}; it must be a number")
    return number


def _at_least_zero(name: str, value: Number) -> Decimal:
    number = _number(name, value)
    if number < 0:
        raise ValueError(f"{name} is {value}; it must be 0 or more")
    return number


def _above_zero(name: str, value: Number | None) -> Decimal:
    number = _number(name, value)
    if number <= 0:
        raise ValueError(f"{name} is {value}; it must be above 0")
    return number


def _times(one: Decimal, other: Decimal) -> Decimal:
    return _DOWN.multiply(one, other)
