"""Greeks worked out here, for options of which the broker sends none: one function.

The formulas are QuantLib's, of the extra `options`; nothing else of Tapewire uses it. It takes 0.6
s to load, so a process loads it when it is put together (`load`), and 60 us for one option.
"""

import math
from functools import cache
from typing import Any, Final, NamedTuple

from tapewire.common import extras
from tapewire.common.options import Right

DAYS: Final = 365
POINT: Final = 100
"""Points of volatility in 1: vega is per point, as TWS has it."""
_ACCURACY: Final = 1e-9
_STEPS_MAX: Final = 200
_WIDTH_MAX: Final = 24.0
_FIRST_WIDTH: Final = 0.2


class ComputedGreeks(NamedTuple):
    """An option's price and greeks as TWS has them, per unit of the underlying: `gamma` is what
    `delta` changes by when the underlying goes up by 1, `vega` is for a point of volatility (0.01
    of `implied_vol`), `theta` for a day. What a price of several legs is made of adds up."""

    implied_vol: float
    delta: float
    gamma: float
    vega: float
    theta: float
    price: float


def lacking() -> str:
    """What to install before greeks can be computed; "" if nothing."""
    return extras.missing("QuantLib", extras.command("options"))


@cache
def load() -> Any:
    """QuantLib; raises ImportError where it is not installed."""
    import QuantLib

    return QuantLib


def compute(
    right: Right,
    strike: float,
    spot: float,
    years: float,
    *,
    price: float | None = None,
    vol: float | None = None,
    rate: float = 0.0,
    dividend: float = 0.0,
) -> ComputedGreeks | None:
    """The greeks of a European option at its `price`, or at a volatility of `vol` per year.

    `spot` is the price of the underlying, `years` the time to the expiry, `rate` and `dividend` are
    continuously compounded per year (Black and Scholes 1973, Merton 1973). With `dividend` equal to
    `rate`, `spot` is the price of a future: Black 1976.

    None where there are none: at or after the expiry, without a price above 0, or at a price that
    the option has at no volatility. Raises ImportError without QuantLib.
    """
    if not (years > 0 and strike > 0 and spot > 0 and math.isfinite(spot)):
        return None
    library = load()
    kind = library.Option.Call if right == "C" else library.Option.Put
    discount = math.exp(-rate * years)
    forward = spot * math.exp((rate - dividend) * years)
    width = _width(library, kind, strike, forward, discount, price, vol, years)
    if width is None:
        return None
    black = library.BlackCalculator(
        library.PlainVanillaPayoff(kind, strike), forward, width, discount
    )
    return ComputedGreeks(
        width / math.sqrt(years),
        black.delta(spot),
        black.gamma(spot),
        black.vega(years) / POINT,
        black.theta(spot, years) / DAYS,
        black.value(),
    )


def _width(
    library: Any,
    kind: Any,
    strike: float,
    forward: float,
    discount: float,
    price: float | None,
    vol: float | None,
    years: float,
) -> float | None:
    """The standard deviation of the underlying until the expiry, given or implied."""
    if vol is not None:
        return vol * math.sqrt(years) if 0 < vol < math.inf else None
    if price is None or not 0 < price < math.inf:
        return None
    try:
        width = float(
            library.blackFormulaImpliedStdDev(
                kind, strike, forward, price, discount, 0.0, _FIRST_WIDTH, _ACCURACY, _STEPS_MAX
            )
        )
    except RuntimeError:  # QuantLib's: the price is below what it would bring now, or too high
        return None
    return width if 0 < width < _WIDTH_MAX else None
