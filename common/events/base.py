"""The base of all events and the types their fields are made of."""

from decimal import Decimal
from typing import Annotated, Final, Literal

import msgspec


class Event(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A past fact, or a command on its way; on the wire an array that begins with its name.

    Fields are only ever appended, each with a default, so that older and newer writers are read.
    """


def name_of(event: Event) -> str:
    """The event's dotted wire name, such as `order.accepted`."""
    return str(event.__struct_config__.tag)


def types_by_name() -> dict[str, type[Event]]:
    """Every event class by its dotted wire name."""
    return {str(cls.__struct_config__.tag): cls for cls in Event.__subclasses__()}


# NaN and the infinities fail these bounds, so a decoder refuses them and names their path.
Price = Annotated[float, msgspec.Meta(ge=-1e12, le=1e12)]
Size = Annotated[float, msgspec.Meta(ge=0, le=1e15)]
Unit = Annotated[float, msgspec.Meta(ge=0, le=1)]
TimeNs = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Text = Annotated[str, msgspec.Meta(max_length=512)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Side = Literal["BUY", "SELL"]
OrderType = Literal["MKT", "LMT"]
DIGITS_MAX: Final = 30  # a Decimal beyond this overflows the arithmetic that it enters


def require_finite(event: Event, *fields: str) -> None:
    """Refuse a Decimal that is NaN, infinite or of an absurd size; the error names it."""
    for field in fields:
        value = getattr(event, field)
        if isinstance(value, Decimal) and not value.is_finite():
            raise ValueError(f"{name_of(event)}.{field} is {value}, expected a finite number")
        if isinstance(value, Decimal) and abs(value.adjusted()) > DIGITS_MAX:
            raise ValueError(
                f"{name_of(event)}.{field} is {value:.3E},"
                f" expected at most {DIGITS_MAX} digits before or after the point"
            )


def signed(side: Side, quantity: Decimal) -> Decimal:
    """`quantity` with the sign that it moves a position by."""
    return quantity if side == "BUY" else -quantity
