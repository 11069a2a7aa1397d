"""Spans: how far a position could go, to either side."""

from decimal import Decimal

from tapewire.common.accounting.exposure import Exposure

Span = tuple[Decimal, Decimal, Decimal]
"""The most that a position could come to without its sign, the highest and the lowest with it."""


def worst(exposure: Exposure) -> Span:
    """Where it could get to with all that works on one side filled: before an order goes."""
    high, low = exposure.ends
    return max(high, -low), high, low


def certain(exposure: Exposure) -> Span:
    """What is certain once it has happened: see `Exposure.certain`. While the broker and the fills
    differ, one is behind the other, or it was held before the first fill. Then what works is left
    out of highest and lowest, as it may be in what the broker reports."""
    position, reported = exposure.position, exposure.reported
    if reported is not None and reported != position:
        return exposure.certain, reported, reported
    return exposure.certain, position + exposure.buying, position - exposure.selling
