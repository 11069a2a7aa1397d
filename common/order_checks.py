"""Checks of an order before it goes, that need the instrument and the time and nothing else.

Executor and gateway ask them about every order that could add risk. What needs prices, positions or
counts is a rule (see `risk.rules`), and is configured.
"""

from decimal import Context, Decimal
from typing import Final

from tapewire.common.accounting.book import ZERO
from tapewire.common.events import OrderTerms
from tapewire.common.instruments import Instrument

IN_FRACTIONS: Final = ("CRYPTO", "CASH")
"""Security types that trade in fractions: a lot of 1, the default, says nothing of them."""
EXACT: Final = Context(prec=100)
"""Beyond what quantities and prices may have in digits: their remainders are exact."""
DEFAULT_TICK: Final = Instrument(symbol="").min_tick
PENNY: Final = Decimal(1)
PENNY_TICK: Final = Decimal("0.0001")
"""Below this price a share has this tick, whatever it has above (SEC rule 612)."""
ON_TICK: Final = ("limit", "stop")


def terms_denial(
    terms: OrderTerms, instrument: Instrument, now_ns: int, filled: Decimal = ZERO
) -> str:
    """Why an order of these terms cannot be placed on `instrument` now (wall), in a sentence; empty
    if it can. Of an order that is modified `terms` have what remains of it, and `filled` the rest:
    only the whole need be in lots."""
    return (
        _lot_denial(terms.quantity + filled, instrument)
        or _tick_denial(terms, instrument)
        or _time_denial(terms, now_ns)
    )


def tick_at(price: Decimal, instrument: Instrument) -> Decimal | None:
    """The step of prices around `price`; None where nobody has said it.

    The default is the tick of US shares. Of anything else it only says that none was configured: a
    currency pair has 0.00005, a bond future 1/64.
    """
    is_default = instrument.min_tick == DEFAULT_TICK
    is_share = instrument.sec_type == "STK"
    if is_default and not (is_share and instrument.currency == "USD"):
        return None
    if is_share and abs(price) < PENNY:
        return min(instrument.min_tick, PENNY_TICK)
    return instrument.min_tick


def _lot_denial(quantity: Decimal, instrument: Instrument) -> str:
    lot = instrument.lot
    if not EXACT.remainder(quantity, lot) or (lot == 1 and instrument.sec_type in IN_FRACTIONS):
        return ""
    return (
        f"quantity is {quantity:f}; {instrument.symbol} trades in lots of {lot:f}"
        " (lot in its [[instruments]] entry)"
    )


def _tick_denial(terms: OrderTerms, instrument: Instrument) -> str:
    for name in ON_TICK:
        price: Decimal | None = getattr(terms, name)
        tick = tick_at(price, instrument) if price is not None else None
        if price is not None and tick is not None and EXACT.remainder(price, tick):
            return (
                f"{name} price is {price:f}; prices of {instrument.symbol} are multiples of"
                f" {tick:f} (min_tick in its [[instruments]] entry)"
            )
    return ""


def _time_denial(terms: OrderTerms, now_ns: int) -> str:
    if terms.good_till_ns is None or terms.good_till_ns > now_ns:
        return ""
    return f"good_till_ns is {terms.good_till_ns}, which is over"
