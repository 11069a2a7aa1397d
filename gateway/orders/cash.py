"""Cash: what executions have done to an account's cash, where that can be known.

It needs no fold of its own. What was paid for a position and received for it is what it realised,
less what it cost to build up what is still held: the book has both. Futures are not paid for, and
the broker settles their gains every day at prices that we do not know. So nothing is known of an
account that has traded one, or that has trades in a currency other than its own.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from tapewire.common.accounting.book import ZERO, Book
from tapewire.common.amounts import text
from tapewire.common.instruments import Instrument

PAID_IN_FULL: Final = frozenset({"STK", "CRYPTO", "OPT"})
"""The kinds of instruments that cash pays the price of."""


def moved(
    book: Book, instruments: Mapping[str, Instrument], account: str, currency: str
) -> Decimal | None:
    """What all executions together, with what they cost, have done to the cash of `account` in its
    `currency`, to ten places; None where that is not known."""
    total = ZERO
    for position in book.of(account):
        known = instruments.get(position.symbol)
        if known is None or known.currency != currency or known.sec_type not in PAID_IN_FULL:
            return None
        held = position.quantity * position.average_cost * known.multiplier
        total += position.realised - position.fees - held
    return Decimal(text(total))
