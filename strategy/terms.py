"""What a strategy writes as arguments, as the terms of an order."""

from decimal import Decimal, InvalidOperation

from tapewire.common.events import OrderTerms, Side, TermChanges, type_for

Number = Decimal | int | str | float
"""A price or a quantity. A float stands for its shortest text: 0.1 is exactly one tenth."""


def decimal_of(name: str, value: Number | None) -> Decimal | None:
    """`value` as a Decimal; None stays None. Raises ValueError for what is no number."""
    if value is None or isinstance(value, Decimal):
        return value
    shortest = repr(float(value)) if isinstance(value, float) else str(value)
    try:
        return Decimal(shortest)
    except InvalidOperation:
        raise ValueError(f"{name} is {value!r:.60}; it must be a number") from None


def terms_of(
    side: Side, quantity: Number, limit: Number | None = None, stop: Number | None = None
) -> OrderTerms:
    """An order's terms; raises ValueError where no order type has exactly these prices."""
    whole = decimal_of("quantity", quantity)
    if whole is None:
        raise ValueError("quantity is None; it must be a number")
    at, trigger = decimal_of("limit", limit), decimal_of("stop", stop)
    prices = {"limit": at, "stop": trigger}
    kind = type_for([name for name, price in prices.items() if price is not None])
    return OrderTerms(side, whole, kind, at, trigger)


def changes_of(
    quantity: Number | None = None, limit: Number | None = None, stop: Number | None = None
) -> TermChanges:
    """The terms that a modify replaces."""
    return TermChanges(
        decimal_of("quantity", quantity), decimal_of("limit", limit), decimal_of("stop", stop)
    )
