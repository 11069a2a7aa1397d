"""One field of a person's file: a time, a symbol, a price or a size, read or refused.

Whatever reads a file, line by line or in columns, reads its fields by these functions.
"""

import re
from datetime import tzinfo
from decimal import Decimal, InvalidOperation
from typing import Final

from tapewire.common.config.text import quoted
from tapewire.common.instruments import SYMBOL_PATTERN
from tapewire.common.ticks.stamps import Moment, UnknownZone, moment_of

_SYMBOL: Final = re.compile(SYMBOL_PATTERN)
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")
_ABSENT: Final = frozenset(["", "nan", "na", "n/a", "null", "none", "-"])


def time_in(day: str | None, text: str, zone: tzinfo, after_ns: int = 0) -> Moment:
    """A time, after the `day` that stands apart from it, if one does; see `moment_of`."""
    if day is not None:
        text = f"{day.strip()}T{text.strip()}"
    try:
        return moment_of(text, zone, after_ns)
    except UnknownZone:
        raise
    except ValueError:
        raise ValueError(
            f"the time is {quoted(text)}, expected ISO (2024-01-08T14:30:00Z), 08.01.2024 14:30:00,"
            " 20240108 14:30:00 US/Eastern, or an epoch in s, ms, us or ns"
        ) from None


def symbol_in(text: str) -> str:
    """A symbol."""
    if not _SYMBOL.fullmatch(text):
        raise ValueError(
            f"the symbol is {quoted(text)}, expected 1 to 64 printable ASCII characters"
        )
    return text


def price_in(text: str, name: str) -> str | None:
    """A price as plain digits; None where the file does not carry it."""
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        if text.lower() in _ABSENT:
            return None
        return _digits(text, name)
    return text


def size_in(text: str, name: str, unit: int = 1) -> str | None:
    """As `price_in`, 0 or above, and in units of which each stands for so many."""
    found = price_in(text, name)
    if found is not None and found.startswith("-"):
        raise ValueError(f"{name} is {found}, expected 0 or above")
    if unit == 1 or found is None:
        return found
    return plain(Decimal(found) * unit)


def plain(value: Decimal) -> str:
    """A number as digits, without zeros at its end that mean nothing."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _digits(text: str, name: str) -> str:
    """A number written in another way, such as +1.5 or 1e-05."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise ValueError(f"{name} is {quoted(text)}, expected a decimal number or nothing")
    return format(value, "f")
