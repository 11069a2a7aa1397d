"""OCA sets: orders of which the broker lets only one fill. They count once in every exposure.

A target and a stop of one position are two orders to sell it, and together they sell it once: the
broker reduces or cancels the one when the other fills, and has only one of them at the market at a
time ("with block"). Counted as two, every protected position would look as if it could turn round,
and no exit could be told from a sale that goes short.

What a set could still fill, in the worst case, is the least of two numbers:

*   what could still fill of its largest order. It is never less than the broker's: a fill reduces
    the order that was filled here too.
*   the largest quantity that was ever asked for in it, less all that it has filled. Between a fill
    of one order and the word that another was reduced by it, the first number is too large by as
    much, and a limit would be called broken that holds.

A set is what one group has on one side of one symbol under one name. An order that names an OCA
group and belongs to no group of ours counts in full: nobody here knows who else is in it. So does a
combo, which trades several symbols.
"""

from collections.abc import Callable, Collection, Iterable
from decimal import Decimal
from typing import NamedTuple, Protocol

from tapewire.common.accounting.book import ZERO
from tapewire.common.accounting.exposure import Exposure, Exposures
from tapewire.common.events import Side, SubmitOrder


class SetKey(NamedTuple):
    """What makes orders one set."""

    account: str
    symbol: str
    side: Side
    group_id: str
    name: str


class Member(Protocol):
    """An order, as far as a set looks at it."""

    @property
    def order(self) -> SubmitOrder:
        """What was asked for."""

    @property
    def intent_id(self) -> str:
        """Its id."""

    @property
    def filled(self) -> Decimal:
        """What its executions add up to."""

    @property
    def remaining(self) -> Decimal:
        """What could still fill."""

    @property
    def worst_case_quantity(self) -> Decimal:
        """The whole quantity, in the worst case."""


class OcaSet:
    """The orders of one set by intent, and what of them is counted at present."""

    __slots__ = ("counted", "members")

    def __init__(self) -> None:
        self.members: dict[str, Member] = {}
        self.counted = ZERO

    def left(self, gone: Collection[str] = ()) -> Decimal:
        """What could still fill of all of them together; `gone` are intents known to be over."""
        members = self.members.values()
        most = max(
            (one.remaining for one in members if one.intent_id not in gone), default=ZERO
        )  # fmt: skip
        if not most:
            return ZERO
        asked = max(max(one.order.terms.quantity, one.worst_case_quantity) for one in members)
        filled = sum((one.filled for one in members), ZERO)
        return min(most, max(asked - filled, ZERO))


class OcaSets:
    """All sets, by what makes them one."""

    def __init__(self) -> None:
        self._sets: dict[SetKey, OcaSet] = {}

    def of(self, order: SubmitOrder) -> OcaSet | None:
        """The set that an order is in; None where it counts by itself."""
        key = key_of(order)
        return self._sets.get(key) if key is not None else None

    def change(self, one: Member) -> Decimal | None:
        """An event was about an order: by how much its set counts for more now. None where it is
        in no set."""
        key = key_of(one.order)
        if key is None:
            return None
        found = self._sets.setdefault(key, OcaSet())
        found.members[one.intent_id] = one
        before, found.counted = found.counted, found.left()
        return found.counted - before


def key_of(order: SubmitOrder) -> SetKey | None:
    """The set of an order; None where it counts by itself."""
    terms = order.terms
    if not (terms.oca and order.group_id) or order.legs:
        return None
    return SetKey(order.account, order.symbol, terms.side, order.group_id, terms.group)


def exposures_beside(
    order: SubmitOrder, others: Iterable[SubmitOrder], of: Callable[[str, str], Exposure]
) -> Exposures:
    """Where an order trades, with the `others` that come with it (see `with_others`); `of` gives
    the exposure of an account and symbol without any of them."""
    beside = [leg for other in others if other is not order for leg in other.singles]
    return {
        (leg.account, leg.symbol): with_others(of(leg.account, leg.symbol), leg, beside)
        for leg in order.singles
    }


def with_others(exposure: Exposure, order: SubmitOrder, others: Iterable[SubmitOrder]) -> Exposure:
    """`exposure`, which has all but `order` and its set, with the `others` that come with it: what
    an order of a group is judged by before any of the group counts."""
    mine, most = key_of(order), dict[object, SubmitOrder]()
    for other in others:
        key = key_of(other) or other.intent_id
        is_there = (other.account, other.symbol) == (order.account, order.symbol)
        if other is order or not is_there or (mine is not None and key == mine):
            continue
        known = most.get(key)
        if known is None or known.terms.quantity < other.terms.quantity:
            most[key] = other
    for other in most.values():
        exposure = exposure.with_order(other.terms)
    return exposure
