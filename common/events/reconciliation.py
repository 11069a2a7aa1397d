"""Reconciliation: what the broker had that we did not, and what was done about it."""

from decimal import Decimal
from typing import Annotated, Final, Literal

import msgspec

from tapewire.common.events.accounts import CURRENCY_MAX
from tapewire.common.events.base import Account, Event, Name, Text, TimeNs

Rule = Literal["adopt", "alarm", "halt"]
"""What follows from a difference: the broker's word counts; a person has to look as well; and
until that person resumes, nothing adds risk there."""
Trigger = Literal["start", "reconnect", "interval", "request"]
DIFFERENCES_MAX: Final = 500
GAPS_MAX: Final = 10_000


class Difference(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One thing on which the two sides differ: what it is about, what each side has, and by how
    much they are apart. `account` and `symbol` are empty where it is about neither."""

    kind: Name
    subject: Text
    ours: Text
    theirs: Text
    amount: Decimal
    rule: Rule = "alarm"
    account: Account = ""
    symbol: str = ""

    def __str__(self) -> str:
        what = self.kind.replace("_", " ")
        return f"{what} {self.subject}: we have {self.ours}, the broker has {self.theirs}"


class Gap(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """By how much the broker's position is above what the executions that we know add up to."""

    account: Account
    symbol: Name
    quantity: Decimal


class CashGap(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """By how much an account's cash is above what the executions that we know have moved."""

    account: Account
    currency: Annotated[str, msgspec.Meta(max_length=CURRENCY_MAX)]
    amount: Decimal


class Reconcile(Event, frozen=True, tag="reconciliation.run"):
    """Compare everything with the broker now; `ReconciliationCompleted` has the same id."""

    id: Name
    ts_ns: TimeNs


class ReconciliationCompleted(Event, frozen=True, tag="reconciliation.completed"):
    """The broker has listed what it knows, and this is how it differed from what we knew.

    The counts are of the broker's side. `reason` says what was not compared, empty if all was.
    `omitted` is how many differences beyond `DIFFERENCES_MAX` there were. `gaps` are all positions
    that executions do not explain, and the next reconciliation reports what has changed about them;
    None where positions were never compared. `cash` has the same of accounts.
    """

    ts_ns: TimeNs
    trigger: Trigger
    id: str
    reason: Text
    orders: int
    executions: int
    positions: int
    differences: Annotated[tuple[Difference, ...], msgspec.Meta(max_length=DIFFERENCES_MAX)] = ()
    omitted: int = 0
    gaps: Annotated[tuple[Gap, ...], msgspec.Meta(max_length=GAPS_MAX)] | None = None
    cash: Annotated[tuple[CashGap, ...], msgspec.Meta(max_length=GAPS_MAX)] = ()

    def cause_id(self, one: Difference) -> str:
        """What a halt for a difference answers. A conflict is one of `OrderConflict` too, and has
        its id: it is answered once."""
        if one.kind == "conflict":
            return one.subject
        return f"{self.ts_ns} {one.kind} {one.subject}"
