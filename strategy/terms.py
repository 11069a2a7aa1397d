"""What a strategy writes as arguments, as the terms of an order."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import get_args

from tapewire.common.events import (
    ORDER_TYPES,
    PRICES,
    OrderTerms,
    Side,
    TermChanges,
    TimeInForce,
    type_for,
)

Number = Decimal | int | str | float
"""A price or a quantity. A float stands for its shortest text: 0.1 is exactly one tenth."""
DURATIONS: tuple[str, ...] = get_args(TimeInForce)
SIDES: tuple[str, ...] = get_args(Side)


def decimal_of(name: str, value: Number | None) -> Decimal | None:
    """`value` as a Decimal; None stays None. Raises ValueError for what is not a number."""
    if value is None or isinstance(value, Decimal):
        return value
    shortest = repr(float(value)) if isinstance(value, float) else str(value)
    try:
        return Decimal(shortest)
    except InvalidOperation:
        raise ValueError(f"{name} is {value!r:.60}; it must be a number") from None


def prices_of(
    limit: Number | None,
    stop: Number | None,
    trail: Number | None,
    trail_percent: Number | None,
    limit_offset: Number | None,
) -> dict[str, Number | None]:
    """The prices of an order by the names that its terms have for them."""
    return {
        "limit": limit, "stop": stop, "trail": trail, "trail_percent": trail_percent,
        "limit_offset": limit_offset,
    }  # fmt: skip


def terms_of(
    side: Side,
    quantity: Number,
    prices: dict[str, Number | None],
    *,
    kind: str | None = None,
    tif: TimeInForce | None = None,
    good_till: datetime | int | None = None,
    outside_hours: bool = False,
) -> OrderTerms:
    """An order's terms: `prices` by name, `kind` its type if the prices alone do not say it.

    Raises ValueError where no order type, or not this one, has exactly these prices, and for an
    unknown side or duration.
    """
    if side not in SIDES:
        raise ValueError(f"side is {side!r:.40}; it must be BUY or SELL")
    whole = decimal_of("quantity", quantity)
    if whole is None:
        raise ValueError("quantity is None; it must be a number")
    numbers = {name: decimal_of(name, price) for name, price in prices.items()}
    given = {name: number for name, number in numbers.items() if number is not None}
    return OrderTerms(
        side,
        whole,
        type_for(given) if kind is None else _checked(kind, given),
        time_in_force=_duration(tif, good_till),
        good_till_ns=None if good_till is None else _ns_of(good_till),
        outside_hours=outside_hours,
        limit=given.get("limit"),
        stop=given.get("stop"),
        trail=given.get("trail"),
        trail_percent=given.get("trail_percent"),
        limit_offset=given.get("limit_offset"),
    )


def _checked(kind: str, given: dict[str, Decimal]) -> str:
    """The order type, if it can have these prices."""
    known = ORDER_TYPES.get(kind)
    if known is None:
        raise ValueError(f"type is {kind!r:.40}; the types are {', '.join(ORDER_TYPES)}")
    if fault := known.fault(given):
        raise ValueError(f"a {kind} order {fault}")
    return kind


def _duration(tif: TimeInForce | None, good_till: datetime | int | None) -> TimeInForce:
    """The time in force; an order with an end is good till then."""
    if tif is None:
        return "DAY" if good_till is None else "GTD"
    if tif not in DURATIONS:
        raise ValueError(f"tif is {tif!r:.40}; it must be one of {', '.join(DURATIONS)}")
    if (tif == "GTD") != (good_till is not None):
        raise ValueError(f"tif is {tif} and good_till is {good_till}; a GTD order alone has one")
    return tif


def _ns_of(moment: datetime | int) -> int:
    """Nanoseconds since the epoch, UTC."""
    if isinstance(moment, int):
        return moment
    if moment.tzinfo is None:
        raise ValueError(f"good_till is {moment}, without a time zone; give it one, such as UTC")
    return int(moment.timestamp()) * 1_000_000_000


def changes_of(quantity: Number | None, prices: dict[str, Number | None]) -> TermChanges:
    """The terms that a modify replaces."""
    assert prices.keys() <= set(PRICES)
    return TermChanges(
        decimal_of("quantity", quantity),
        **{name: decimal_of(name, price) for name, price in prices.items()},
    )
