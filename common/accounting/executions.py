"""The executions of one order, and what they add up to; and whose order an execution is.

Two gateways report an execution, each in its own journal, and each may report its corrections. Only
the gateway that placed the order names it. The journals are read side by side while all runs, and
one after the other at a start, so a report that names the order may be read before or after a newer
one that does not. What counts must not depend on that: it follows from the set of all reports.

*   The newest version says what was executed.
*   It is the order's that it names. If it names none, it is still the order's that the newest
    report with a name gives, if it is an execution of the very same order at the broker: of its
    permanent id, in its account, symbol and side. A gateway that does not know the order does not
    take the execution from it, and its correction counts there.
*   Otherwise the correction has moved it to an order that is not ours, and that is as good as none:
    what is left of ours may still fill.
"""

from decimal import Decimal

import msgspec

from tapewire.common.accounting.book import ZERO
from tapewire.common.accounting.exec_ids import execution_key, supersedes
from tapewire.common.events import Fill


class Reports(msgspec.Struct, frozen=True, gc=False):
    """What all reports of one execution come to."""

    newest: Fill
    named: Fill | None  # the newest that names an order

    @classmethod
    def of(cls, fill: Fill) -> "Reports":
        """What the first report comes to."""
        return cls(fill, fill if fill.intent_id is not None else None)

    def with_report(self, fill: Fill) -> "Reports":
        """What they come to with one more; these very ones if it changes nothing."""
        newest = fill if _replaces(fill, self.newest) else self.newest
        named = self.named
        if fill.intent_id is not None and (named is None or _replaces(fill, named)):
            named = fill
        is_same = newest is self.newest and named is self.named
        return self if is_same else Reports(newest, named)

    @property
    def intent_id(self) -> str | None:
        """The intent that the execution counts for; None if it is none of ours."""
        named = self.named
        if named is None or (named is not self.newest and not _is_same_order(self.newest, named)):
            return None
        return named.intent_id


class Executions(dict[str, Fill]):
    """The executions of one order by their key, each once, with what they add up to."""

    def __init__(self) -> None:
        super().__init__()
        self.quantity = ZERO
        self.amount = ZERO  # sum of quantity x price

    @property
    def average_price(self) -> Decimal | None:
        """What an executed unit cost; None before the first."""
        return self.amount / self.quantity if self.quantity else None

    def on(self, symbol: str) -> Decimal:
        """What was executed of a symbol that the order trades."""
        return self.quantity

    def average_on(self, symbol: str) -> Decimal | None:
        """What a unit of that symbol cost; None before the first."""
        return self.average_price

    def quantity_with(self, fill: Fill) -> Decimal:
        """The quantity if `fill` counted, in the place of an earlier report of it."""
        known = self.get(execution_key(fill.exec_id))
        return self.quantity + fill.quantity - (known.quantity if known is not None else ZERO)

    def count(self, fill: Fill) -> bool:
        """Count a fill, in the place of an earlier report of it; False if it is counted."""
        key = execution_key(fill.exec_id)
        known = self.get(key)
        if known is fill:
            return False
        if known is not None:
            self.discard(key)
        self[key] = fill
        self._added(fill)
        return True

    def discard(self, key: str) -> None:
        """Take an execution out again: a correction has shown it to be another order's."""
        self._removed(self.pop(key))

    def _added(self, fill: Fill) -> None:
        self.quantity += fill.quantity
        self.amount += fill.quantity * fill.price

    def _removed(self, fill: Fill) -> None:
        self.quantity -= fill.quantity
        self.amount -= fill.quantity * fill.price


def _replaces(fill: Fill, known: Fill) -> bool:
    """Whether it is a later version; of the same version, one that names its order."""
    if fill.exec_id == known.exec_id:
        return fill.intent_id is not None and known.intent_id is None
    return supersedes(fill.exec_id, known.exec_id)


def _is_same_order(fill: Fill, known: Fill) -> bool:
    """Whether both are of one order at the broker; an order without a permanent id is never known
    again."""
    return bool(fill.permanent_id) and (
        (fill.permanent_id, fill.account, fill.symbol, fill.side)
        == (known.permanent_id, known.account, known.symbol, known.side)
    )
