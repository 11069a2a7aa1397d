"""Amounts and names in what TWS wrote, refused where no journal could keep them."""

import math
from decimal import Decimal
from typing import Final

from ibapi.common import UNSET_DOUBLE

from tapewire.common.events.base import NAME_MAX, PRICE_MAX, SIZE_MAX, TEXT_MAX
from tapewire.common.events.query_terms import WORDS_MAX
from tapewire.gateway.tws.fields import ABSENT

SECOND_NS: Final = 1_000_000_000
EXACT_BELOW: Final = 10**15  # a float has 15 digits for certain


def decimal(value: float) -> Decimal:
    """The decimal that TWS wrote: a float's shortest text is the text it was read from.

    Exact up to 15 significant digits; TWS's "unset" and infinities are refused.
    """
    if value == UNSET_DOUBLE or not math.isfinite(value):
        raise ValueError(f"{value} was found where an amount was expected")
    whole = int(value)
    if whole == value:
        is_exact = -EXACT_BELOW < whole < EXACT_BELOW
        return Decimal(whole) if is_exact else Decimal(repr(value)).to_integral_value()
    return Decimal(repr(value))


def amount(value: float) -> Decimal | None:
    """The decimal that TWS wrote, None where it wrote none: an order may do without."""
    return None if value == UNSET_DOUBLE or not math.isfinite(value) else decimal(value)


def given(what: str, value: float) -> Decimal:
    """The decimal that TWS wrote, where it must write one: ibapi reads an empty field as 0."""
    if value is ABSENT:
        raise ValueError(f"{what} is missing")
    return decimal(value)


def named(what: str, text: str, most: int = NAME_MAX, least: int = 1) -> str:
    """A name that a journal can keep: one too long would be written and never read again, and one
    with control characters would act on the terminal that shows it."""
    if least <= len(text) <= most and text.isprintable():
        return text
    raise ValueError(
        f"{what} is {text!r:.80}; it must have {least} to {most} characters, all printable"
    )


def words(text: str, most: int = WORDS_MAX) -> str:
    """A text of TWS's that a person may be shown as it is."""
    if len(text) <= most and text.isascii() and text.isprintable():
        return text
    raise ValueError(f"{text!r:.80} was found where up to {most} characters were expected")


def sentence(text: str) -> str:
    """A longer text of TWS's, in any language."""
    if len(text) <= TEXT_MAX and text.isprintable():
        return text
    raise ValueError(f"{text!r:.80} was found where up to {TEXT_MAX} characters were expected")


def price(value: float) -> float:
    """A price of the market."""
    if not -PRICE_MAX <= value <= PRICE_MAX:
        raise ValueError(f"{value} was found where a price was expected")
    return value


def size(value: float) -> float | None:
    """A size of the market; TWS writes -1 where there is none."""
    if value == -1:
        return None
    if not 0 <= value <= SIZE_MAX:
        raise ValueError(f"{value} was found where a size was expected")
    return float(value)


def moment_ns(second: int) -> int:
    """A time that TWS wrote in seconds since 1970."""
    if not 0 <= second < 2**63 // SECOND_NS:
        raise ValueError(f"{second} was found where a time was expected")
    return int(second) * SECOND_NS
