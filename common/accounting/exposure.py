"""Exposure: where a position may get to, with all that could still fill. The one calculation."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from tapewire.common.accounting.book import ZERO, Key
from tapewire.common.events import OrderTerms, Side, SubmitOrder


class Exposure(msgspec.Struct, frozen=True, gc=False):
    """One symbol of one account: its position, and what may still be bought and sold.

    `position` is what the fills add up to; `reported` is what the broker says, if it said: it alone
    knows what was held before the first fill. Each may be behind the other by a message.
    """

    position: Decimal = ZERO
    buying: Decimal = ZERO
    selling: Decimal = ZERO
    reported: Decimal | None = None

    @property
    def ends(self) -> tuple[Decimal, Decimal]:
        """The position if all that works on the buying side fills and nothing else, and the same of
        the selling side. Limits of an account ask it of every symbol before each order."""
        high = low = self.position
        reported = self.reported
        if reported is not None and reported > high:
            high = reported
        elif reported is not None:
            low = reported
        return high + self.buying, low - self.selling

    @property
    def highest(self) -> Decimal:
        """The position if all that works on the buying side fills, and nothing else."""
        return self.ends[0]

    @property
    def lowest(self) -> Decimal:
        """The position if all that works on the selling side fills, and nothing else."""
        return self.ends[1]

    @property
    def worst(self) -> Decimal:
        """The larger of both, without a sign: how many contracts it could come to."""
        high, low = self.ends
        return max(high, -low)

    @property
    def certain(self) -> Decimal:
        """The worst that the fills and what works could come to, or what the broker reports.

        What the broker reports is not added to what works: it may have the same fills in it.
        """
        filled = max(self.position + self.buying, self.selling - self.position)
        return filled if self.reported is None else max(filled, abs(self.reported))

    @property
    def nearest_zero(self) -> Decimal:
        """The smaller of both positions, 0 where their signs differ: what an order may reduce."""
        position, reported = self.position, self.held
        if not position or not reported or (position > 0) != (reported > 0):
            return ZERO
        return min(position, reported, key=abs)

    @property
    def held(self) -> Decimal:
        """The position by the broker's word, or by the fills where it has said nothing."""
        return self.position if self.reported is None else self.reported

    def with_order(self, terms: OrderTerms) -> "Exposure":
        """The exposure if an order of these terms worked too."""
        buying, selling = self.buying, self.selling
        if terms.side == "BUY":
            buying += terms.quantity
        else:
            selling += terms.quantity
        return Exposure(self.position, buying, selling, self.reported)

    def reduced_by(self, terms: OrderTerms) -> bool:
        """Whether an order of these terms can only bring the position nearer to zero, even if
        everything that works on its side fills first."""
        held = self.nearest_zero
        if not held:
            return False
        if terms.side == "SELL":
            return held > 0 and self.selling + terms.quantity <= held
        return held < 0 and self.buying + terms.quantity <= -held

    def only_reduces(self, side: Side) -> bool:
        """Whether all that works on a side can only bring the position nearer to zero."""
        return self.reduced_by(OrderTerms(side, ZERO))


Exposures = Mapping[Key, Exposure]
"""Those that an order is judged by: of its account and symbol, or of each symbol that a combo's
legs trade; without the order itself."""
NOTHING: Final[Exposures] = {}


def exposures_of(order: SubmitOrder, of: Callable[[str, str], Exposure]) -> Exposures:
    """The exposures where an order trades; `of` gives that of an account and symbol without it."""
    account = order.account
    return {(account, symbol): of(account, symbol) for symbol in order.symbols}


def is_reducing(order: SubmitOrder, exposures: Exposures) -> bool:
    """Whether an order can only bring positions nearer to zero: a combo, if each of its legs can.
    While one leg of it may open something, the whole adds risk."""
    if not order.legs:
        return exposures[order.account, order.symbol].reduced_by(order.terms)
    return all(exposures[leg.account, leg.symbol].reduced_by(leg.terms) for leg in order.singles)
