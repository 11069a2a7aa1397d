"""An option's computations, as TWS makes them of its bid, ask, last trade and of a model.

The model is the midpoint's. All are by Black and Scholes, as the synthetic market is; of a file's
quotes they say the volatility at which those would be right.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from tapewire.common.options import OptionTerms, years_left
from tapewire.simulator.exchange.black_scholes import implied_vol, worth

BID, ASK, LAST, MODEL = "10", "11", "12", "13"
SIDES: Final = (BID, ASK, LAST)
UNSET: Final = ["-1", "-2", "-1", "-1", "-2", "-2", "-2", "-1"]
"""What TWS sends before it has computed anything."""


def price_of(prices: Sequence[str | None]) -> float | None:
    """The midpoint of bid and ask, or else the last trade's price."""
    bid, ask, last = prices
    if bid is not None and ask is not None and float(bid) > 0 and float(ask) > 0:
        return (float(bid) + float(ask)) / 2
    return float(last) if last is not None else None


def computations(
    terms: OptionTerms, prices: Sequence[str | None], spot: float | None, now_ns: int
) -> Iterator[tuple[str, list[str]]]:
    """The tick type and the eight values of each computation that `prices` (bid, ask and last)
    allow, with the underlying at `spot`."""
    for kind, text in zip(SIDES, prices, strict=True):
        if text is not None:
            yield kind, values_of(terms, float(text), spot, now_ns)
    if (middle := price_of(prices)) is not None:
        yield MODEL, values_of(terms, middle, spot, now_ns)


def values_of(terms: OptionTerms, price: float, spot: float | None, now_ns: int) -> list[str]:
    """The eight values of an option at a price, with the underlying at `spot`."""
    years, strike = years_left(terms.expiry, now_ns), float(terms.strike)
    vol = implied_vol(terms.right, strike, spot, years, price) if spot is not None else None
    if vol is None or spot is None:
        return UNSET
    return values_at(terms, price, spot, years, vol)


def values_at(terms: OptionTerms, price: float, spot: float, years: float, vol: float) -> list[str]:
    """The eight values of an option at a volatility."""
    _, delta, gamma, vega, theta = worth(terms.right, float(terms.strike), spot, years, vol)
    values = (vol, delta, price, 0.0, gamma, vega, theta, spot)
    return [repr(round(value, 10)) for value in values]
