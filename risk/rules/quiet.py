"""Quiet: how far prices and the time may go until a rule could find anything new.

A back-test leaves out the moments at which a rule finds what it found before. What a limit is held
against grows evenly with each price, so it stays below the limit while every price stays within a
bound of its own. The bounds hold whichever of the prices moves, and in whatever order they come.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from tapewire.risk.rules.view import View


class PriceBound(NamedTuple):
    """The price of a symbol may not get to this one: from below, where it `is_rise`."""

    symbol: str
    price: Decimal
    is_rise: bool


class Quiet(NamedTuple):
    """Until a time (UTC, None: for ever), and while no price has come to its bound."""

    bounds: tuple[PriceBound, ...] = ()
    until_ns: int | None = None


def below(
    amount: Decimal, limit: Decimal, slopes: Mapping[str, Decimal], view: View
) -> Quiet | None:
    """How long an amount stays below a limit that grows by `slopes` with the prices of symbols, by
    that much per unit of price. None where it is not below, or a price is missing."""
    moving = {symbol: slope for symbol, slope in slopes.items() if slope}
    if not moving:
        return Quiet()
    prices = view.prices(moving)
    if amount >= limit or len(prices) < len(moving):
        return None
    share = (limit - amount) / len(moving)
    return Quiet(
        tuple(
            PriceBound(symbol, prices[symbol] + share / slope, slope > 0)
            for symbol, slope in moving.items()
        )
    )
