"""Money, prices and durations as a person reads them in a back-test."""

from decimal import Decimal
from typing import Final

from tapewire.common import amounts

CENTS_BELOW: Final = 100_000


def money(value: Decimal, places: int = 2) -> str:
    """An amount for reading, with cents unless it is large."""
    if places == 0 and value != value.to_integral_value():
        places = 2
    return amounts.money(value, 0 if abs(value) >= CENTS_BELOW else places)


def price(value: Decimal) -> str:
    """A price with up to eight significant digits."""
    return f"{float(value):.8g}"


def duration(seconds: float) -> str:
    """A duration in one unit, such as 90s, 12m or 3.5h."""
    if seconds < 120:
        return f"{seconds:.0f}s" if seconds >= 10 else f"{seconds:.1f}s"
    if seconds < 3600:
        return f"{seconds / 60:.0f}m"
    return f"{seconds / 3600:.1f}h" if seconds < 172_800 else f"{seconds / 86_400:.0f}d"
