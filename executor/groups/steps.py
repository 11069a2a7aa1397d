"""What a group may want done, and what it is decided on."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final, NamedTuple

from tapewire.common.accounting.book import ZERO
from tapewire.common.events import LegRole, OrderTerms
from tapewire.executor.orders import ExecutorOrder

SECOND_NS: Final = 1_000_000_000
SETTLE_NS: Final = 2 * SECOND_NS
"""How long a group must have had no news before anything is concluded from what is missing: a
fill may be reported after the end of the order that it has cancelled."""


TELL_NS: Final = 10 * SECOND_NS
"""How long a group has no news, where nothing can be done, before that is reported."""


class Look(NamedTuple):
    """The moment of a decision. `quiet_ns` is how long the group has had no news, `entered_ns` how
    long it has been known to have entered something. `held` is what its account holds on its side,
    by its fills and by the broker's word, whichever is less; `most` is its share of whichever is
    more. `room` gives how much more may be closed: `held`, less what works on that side already and
    could fill, whoever placed it. `contested`: somebody else may have closed what it has open (see
    `shares`)."""

    quiet_ns: int = 0
    entered_ns: int = 0
    held: Decimal = ZERO
    most: Decimal = ZERO
    contested: bool = False
    room: Callable[[], Decimal] = lambda: ZERO

    @property
    def settled(self) -> bool:
        """Whether what is missing may be taken for missing."""
        return self.quiet_ns >= SETTLE_NS


class Cancel(NamedTuple):
    """Cancel an order."""

    order: ExecutorOrder


class Shrink(NamedTuple):
    """Modify an order to a smaller quantity, what is filled included."""

    order: ExecutorOrder
    quantity: Decimal


class Place(NamedTuple):
    """Add an order that only reduces."""

    role: LegRole
    part: int
    terms: OrderTerms


class Continue(NamedTuple):
    """Send the later order of the plan, for this quantity."""

    quantity: Decimal


class Release(NamedTuple):
    """Of what it has entered, this much is not held any more."""

    quantity: Decimal
    reason: str


class Tell(NamedTuple):
    """A person has to know why nothing can be done, if it stays like that; `what` is a clause about
    the group. `again`: it is looked at again all the same, as nothing may say when it is over."""

    what: str
    again: bool = False


Wanted = Cancel | Shrink | Place | Continue | Release | Tell


def subject_of(wanted: Wanted) -> str:
    """What it is about, in words: steps with the same subject are tries of one thing."""
    match wanted:
        case Cancel(order):
            return f"cancel {order.intent_id}"
        case Shrink(order):
            return f"shrink {order.intent_id}"
        case Place(role, part):
            return f"{role} {part}"
        case _:
            return type(wanted).__name__.lower()
