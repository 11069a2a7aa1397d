"""Numbers as text: money, prices, quantities, counts. Here a Decimal becomes what is printed.

An average cost is a quotient, so what is worked out from it may have digits far behind those that
mean anything: -29.09999999999999999999999730. The arithmetic keeps all of them; here, at the edge,
they are rounded.
"""

from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from typing import Final

ZERO: Final = Decimal(0)
_DEEP: Final = Context(prec=60, rounding=ROUND_HALF_EVEN)
_EXACT: Final = Context(prec=100, rounding=ROUND_FLOOR)  # for any numbers that events may carry
PLACES_MAX: Final = 10
"""Of what is reported; more are what a quotient or a float leaves behind: 200.01999999999998."""
_REPORTED: Final = Decimal(1).scaleb(-PLACES_MAX)


def reported(value: Decimal) -> Decimal:
    """`value` to ten places, which is where the broker's and the project's books meet."""
    return value.quantize(_REPORTED, context=_DEEP)


def whole_lots(quantity: Decimal, lot: Decimal) -> Decimal:
    """`quantity`, 0 or more, rounded down to a whole number of lots; `lot` is above 0."""
    lots = _EXACT.divide(quantity, lot).to_integral_value(ROUND_FLOOR)
    return _EXACT.multiply(lots, lot)


def text(value: Decimal) -> str:
    """A Decimal as plain digits, for JSON: to ten places, with no exponent, no trailing zeros and
    no minus before 0."""
    return format(_DEEP.normalize(reported(value)) or ZERO, "f")


def text_or_none(value: Decimal | None) -> str | None:
    """As `text`; None stays None."""
    return None if value is None else text(value)


def money(value: Decimal, places: int = 2) -> str:
    """An amount for reading: rounded to `places`, thousands apart, no minus before 0."""
    return f"{value:z,.{places}f}"


def counted(number: int, noun: str) -> str:
    """A count with its noun: `1 order`, `2,000 orders`, `no orders`, `2 strategies`."""
    how_many = f"{number:,}" if number else "no"
    if number == 1:
        return f"{how_many} {noun}"
    ends_in_y = noun.endswith("y") and noun[-2:-1] not in "aeiou"
    return f"{how_many} {noun[:-1]}ies" if ends_in_y else f"{how_many} {noun}s"
