"""What an option is worth by Black and Scholes (1973), without interest and dividends.

So a call is worth as much now as at its end, and nobody exercises early: American and European
options are worth the same. The simulator makes its prices by it and says their greeks by it. The
gateway works out greeks by a library (`gateway.greeks`); tests hold each against the other.
"""

import math
from typing import Final, NamedTuple

from tapewire.common.options import Right

VOL_MIN: Final = 0.0001
VOL_MAX: Final = 10.0
_FIRST_VOL: Final = 0.25
_ACCURACY: Final = 1e-12
_STEPS_MAX: Final = 60
_DAYS: Final = 365
_ROOT_TAU: Final = math.sqrt(2 * math.pi)


class Worth(NamedTuple):
    """An option's price and greeks as TWS has them, per unit of the underlying: `gamma` per 1 of
    its price squared, `vega` for a point of volatility (0.01), `theta` for a day."""

    price: float
    delta: float
    gamma: float
    vega: float
    theta: float


def worth(right: Right, strike: float, spot: float, years: float, vol: float) -> Worth:
    """What an option is worth with the underlying at `spot`, both above 0, `years` before its end,
    at a volatility of `vol` per year."""
    sign = 1.0 if right == "C" else -1.0
    width = vol * math.sqrt(years)
    if width <= 0:
        inside = sign * (spot - strike)
        return Worth(max(0.0, inside), sign if inside > 0 else 0.0, 0.0, 0.0, 0.0)
    d1 = math.log(spot / strike) / width + width / 2
    likely, density = _normal(sign * d1), math.exp(-d1 * d1 / 2) / _ROOT_TAU
    price = sign * (spot * likely - strike * _normal(sign * (d1 - width)))
    vega = spot * density * math.sqrt(years)
    theta = -spot * density * vol / (2 * math.sqrt(years)) / _DAYS
    gamma = density / (spot * width)
    return Worth(max(0.0, price), sign * likely, gamma, vega / 100, theta)


def implied_vol(
    right: Right, strike: float, spot: float, years: float, price: float
) -> float | None:
    """The volatility at which an option is worth `price`; None if it is at none."""
    if years <= 0 or spot <= 0:
        return None
    low, high = VOL_MIN, VOL_MAX
    if (
        not _price(right, strike, spot, years, low)
        < price
        < _price(right, strike, spot, years, high)
    ):
        return None
    vol = _FIRST_VOL
    for _ in range(_STEPS_MAX):
        at = worth(right, strike, spot, years, vol)
        over = at.price - price
        if abs(over) < _ACCURACY * spot:
            break
        low, high = (low, vol) if over > 0 else (vol, high)
        newton = vol - over / (at.vega * 100) if at.vega > 0 else low
        vol = newton if low < newton < high else (low + high) / 2
    return vol


def _price(right: Right, strike: float, spot: float, years: float, vol: float) -> float:
    return worth(right, strike, spot, years, vol).price


def _normal(x: float) -> float:
    """The share of a normal distribution below `x`."""
    return math.erfc(-x / math.sqrt(2)) / 2
