"""Checks of an order before it goes, that need the instrument and the time and nothing else.

Executor and gateway ask them about every order that could add risk. What needs prices, positions or
counts is a rule (see `risk.rules`), and is configured.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import msgspec

from tapewire.common.accounting.book import ZERO
from tapewire.common.events import (
    InstrumentDescribed,
    OrderTerms,
    PriceStep,
    SubmitOrder,
    terms_fault,
)
from tapewire.common.instruments import PENNY, Instrument
from tapewire.common.price_steps import (
    EXACT,
    Steps,
    is_on_step,
    nearest,
    remainder,
    step_at,
    steps_of,
)

IN_FRACTIONS: Final = ("CRYPTO", "CASH")
"""Security types that trade in fractions: a lot of 1, the default, says nothing of them."""
BELOW_ZERO: Final = ("FUT",)
"""Security types whose prices may be 0 or less, as oil was in April 2020; a combo's may be too."""
DISTANCES: Final = ("trail", "limit_offset")
"""Distances between prices: multiples of the step too, as the prices at both ends are."""


class Stepped(msgspec.Struct, frozen=True, gc=False):
    """A price or a distance of an order, and the price `at` which its step is looked up."""

    name: str
    value: Decimal
    at: Decimal


def order_fault(order: SubmitOrder) -> str:
    """Why no broker could take this order, in a sentence; empty if it makes sense."""
    fault = terms_fault(order.terms)
    if fault or not order.legs:
        return fault
    symbols = order.symbols
    if len(symbols) < 2 or len(set(symbols)) < len(symbols):
        return f"a combo trades two symbols or more, each in one leg; its legs are {list(symbols)}"
    if order.terms.quantity % 1:
        return f"quantity is {order.terms.quantity:f}; there are whole combos only"
    return ""


def order_denial(
    order: SubmitOrder,
    instruments: Mapping[str, Instrument],
    described: Mapping[str, InstrumentDescribed],
    now_ns: int,
    filled: Decimal = ZERO,
) -> str:
    """As `terms_denial`, of an order on what is in `instruments`; of a combo, on its legs."""
    if order.legs:
        return _combo_denial(order, instruments, described, now_ns, filled)
    instrument = instruments.get(order.symbol)
    if instrument is None:
        return ""
    return terms_denial(order.terms, instrument, now_ns, filled, described.get(order.symbol))


def _combo_denial(
    order: SubmitOrder,
    instruments: Mapping[str, Instrument],
    described: Mapping[str, InstrumentDescribed],
    now_ns: int,
    filled: Decimal,
) -> str:
    """Each leg is in lots of its own. The price is a net one of the whole, which has the finest
    step of the legs; where that of one is not known, nobody can say that it is off."""
    steps: list[Decimal | None] = []
    for symbol, _, ratio in order.parts:
        if (instrument := instruments.get(symbol)) is None:
            return ""
        if reason := _lot_denial(ratio * (order.terms.quantity + filled), instrument):
            return f"leg {symbol}: {reason}"
        # A net price may be below 1 without its legs being penny stocks.
        steps.append(step_at(PENNY, steps_of(instrument, described.get(symbol))))
    known = [step for step in steps if step is not None]
    if len(known) == len(steps):
        for one in _stepped(order.terms):
            if remainder(one.value, min(known)):
                return (
                    f"{one.name} is {one.value:f}; prices of {order.symbol} are multiples of"
                    f" {min(known):f}, the finest step of its legs"
                )
    return _time_denial(order.terms, now_ns)


def terms_denial(
    terms: OrderTerms,
    instrument: Instrument,
    now_ns: int,
    filled: Decimal = ZERO,
    described: InstrumentDescribed | None = None,
) -> str:
    """Why an order of these terms cannot be placed on `instrument` now (wall), in a sentence; empty
    if it can. Of an order that is modified `terms` have what remains of it, and `filled` the rest:
    only the whole need be in lots. `described` is what the broker says of the instrument."""
    return (
        _lot_denial(terms.quantity + filled, instrument)
        or _step_denial(terms, instrument, described)
        or _time_denial(terms, now_ns)
    )


def _lot_denial(quantity: Decimal, instrument: Instrument) -> str:
    lot = instrument.lot
    if not remainder(quantity, lot) or (lot == 1 and instrument.sec_type in IN_FRACTIONS):
        return ""
    return (
        f"quantity is {quantity:f}; {instrument.symbol} trades in lots of {lot:f}"
        " (lot in its [[instruments]] entry)"
    )


def _step_denial(
    terms: OrderTerms, instrument: Instrument, described: InstrumentDescribed | None
) -> str:
    steps = steps_of(instrument, described)
    for one in _stepped(terms):
        is_price = one.name not in DISTANCES
        if is_price and one.value <= 0 and instrument.sec_type not in BELOW_ZERO:
            return f"{one.name} is {one.value:f}; a price of {instrument.symbol} is above 0"
        if not is_on_step(one.value, one.at, steps):
            return _off_step(one, instrument, described)
    return ""


def _stepped(terms: OrderTerms) -> list[Stepped]:
    """What of an order must be a multiple of a step.

    A distance leads from the stop to another price, so it has the step of the stop. Without a stop,
    nobody knows yet where that will be. The distance has the step at its own size then: no price
    that it can lead to has a smaller one, so nothing is denied that the broker would take.
    """
    found: list[Stepped] = []
    stop = terms.stop
    if terms.limit is not None:
        found.append(Stepped("limit", terms.limit, terms.limit))
    if stop is not None:
        found.append(Stepped("stop", stop, stop))
    if terms.trail is not None:
        found.append(Stepped("trail", terms.trail, terms.trail if stop is None else stop))
    if terms.limit_offset is not None:
        offset = terms.limit_offset
        found.append(Stepped("limit_offset", offset, offset if stop is None else stop))
    return found


def _off_step(one: Stepped, instrument: Instrument, described: InstrumentDescribed | None) -> str:
    steps = steps_of(instrument, described)
    step = step_at(one.at, steps)
    assert step is not None  # or there would be nothing to be off
    is_distance = one.name in DISTANCES
    low, high = nearest(one.value, (PriceStep(ZERO, step),) if is_distance else steps)
    has_low = low or not is_distance
    around = f"are {_plain(low)} and {_plain(high)}" if has_low else f"is {_plain(high)}"
    return (
        f"{one.name}{'' if is_distance else ' price'} is {one.value:f}; prices of"
        f" {instrument.symbol}{_where(one.at, steps)} are multiples of {step:f}"
        f" ({_source(step, instrument, described)}), and the nearest to it {around}"
    )


def _where(at: Decimal, steps: Steps) -> str:
    """The prices that have the step of `at`; empty if all of them do."""
    begin, end = max(0, sum(one.from_price <= abs(at) for one in steps) - 1), len(steps)
    if steps[begin].from_price:
        return f" from {_plain(steps[begin].from_price)} on"
    return f" below {_plain(steps[begin + 1].from_price)}" if begin + 1 < end else ""


def _source(step: Decimal, instrument: Instrument, described: InstrumentDescribed | None) -> str:
    """Where a step is from; where the broker and the configuration agree, what a person can set."""
    if described is not None and step != instrument.min_tick:
        if described.price_steps:
            return "the broker's market rule"
        if described.min_tick > 0:
            return "the smallest step that the broker names"
    return "min_tick in its [[instruments]] entry"


def _plain(price: Decimal) -> str:
    return f"{EXACT.normalize(price):f}"


def _time_denial(terms: OrderTerms, now_ns: int) -> str:
    if terms.good_till_ns is None or terms.good_till_ns > now_ns:
        return ""
    return f"good_till_ns is {terms.good_till_ns}, which is over"
