"""What the broker reports of orders, and who has to know: registry, synchroniser, foreign orders.

The registry decides what a report means for an order. Here it is decided whose order it is about in
the first place, what has to be asked of the broker because of it, and what a person must know.

An error names its order by the order id alone, and two orders can have the same: a modify at TWS
may leave the old order and a new one. If such an error says that "the" order is over, it may be the
other one. Ours would not count any more while it works, and under a halt a second order could then
pass as reducing what ours is about to close. So once a conflict has shown that there are two, no
error ends ours. The order's own report does, which has its permanent id and comes with the error.
Should it not come, the lists have it: the broker is asked.
"""

from collections.abc import Callable
from typing import Final

from tapewire.common.amounts import text
from tapewire.common.clock import Now
from tapewire.common.events import (
    Event,
    Fill,
    OrderCancelled,
    OrderConflict,
    OrderFilled,
    OrderRejected,
)
from tapewire.gateway import broker, effects
from tapewire.gateway.broker import Broker, BrokerEvent
from tapewire.gateway.error_reports import ErrorReports
from tapewire.gateway.orders.foreign import ForeignWatch
from tapewire.gateway.orders.intent import Intent
from tapewire.gateway.orders.positions import PositionLists
from tapewire.gateway.orders.registry import Registry
from tapewire.gateway.orders.synchroniser import Synchroniser

ENDS: Final = (OrderCancelled, OrderRejected, OrderFilled)
"""How an order is over by the broker's word."""
TWO_WAYS_MAX: Final = 1_000


class OrderReports:
    """Handles them. What a person has to know goes to `complaints`; `apply` makes events the state
    and returns them."""

    def __init__(
        self,
        adapter: Broker,
        registry: Registry,
        sync: Synchroniser,
        positions: PositionLists,
        watch: ForeignWatch,
        *,
        complaints: list[tuple[str, bytes]],
        errors: ErrorReports,
        apply: Callable[[list[Event]], list[Event]],
    ) -> None:
        self._broker = adapter
        self._registry = registry
        self._sync = sync
        self._positions = positions
        self._watch = watch
        self._complaints = complaints
        self._errors = errors
        self._apply = apply
        self._two_ways: dict[str, None] = {}  # executions that were reported as two trades

    def on_order(self, report: broker.OrderReport, now: Now) -> list[Event]:
        """Executions are the truth: they are asked for where more is claimed than they show."""
        about = intent, found = self._registry.identify(report)
        if intent is None or found == "other":
            judged = self._judged(self._registry.on_order(report, about, now))
            return judged + self._foreign(report, now)
        if report.listed and found == "unclear":
            self._sync.tagged(intent.intent_id, report)
        elif report.listed:
            self._sync.named(intent.intent_id, working=report.status == "working")
        if found == "same" and (report.status == "filled" or report.is_over):
            self._sync.over(intent, report)
        if report.claims_beyond(intent.filled) and not report.is_over:  # listed once, and again
            self._sync.executions_missing(now)
        return self._judged(self._registry.on_order(report, about, now))

    def _foreign(self, report: broker.OrderReport, now: Now) -> list[Event]:
        """An order that is not ours: it counts, and nobody here touches it."""
        if unsized := self._watch.unsized(report):
            self._complaints.append((unsized, b""))
        account = next(iter(self._broker.accounts)) if len(self._broker.accounts) == 1 else ""
        return self._apply(self._watch.on_report(report, account, now))

    def on_returned(self, report: broker.OrderReturned, _now: Now) -> list[Event]:
        """An order was not taken, and waits for its turn again: no broker can know it. But one that
        is in doubt by now, or over, is never sent again."""
        intent = self._registry.orders.get(report.reference)
        if intent is not None and intent.state == "INTENDED":
            intent.written = None
        else:
            self._broker.withdraw(report.reference)
        return []

    def on_query_complete(self, report: broker.QueryComplete, now: Now) -> list[Event]:
        """A list has come to its end: foreign orders that it did not name are gone."""
        events = self._sync.on_query_complete(report, now)
        if report.query not in ("open_orders", "all_orders"):
            return events
        believed = not self._sync.is_server_lost
        gone = self._watch.completed(now, self._broker.accounts, believed=believed)
        return events + self._apply(gone)

    def on_execution(self, report: broker.ExecutionReport, now: Now) -> list[Event]:
        """A trade, or the correction of one."""
        corrected = self._registry.fill(report.exec_id)
        strange = self._registry.corrects_carried(report.exec_id)
        if corrected is not None and corrected.exec_id == report.exec_id:
            self._on_repeated(corrected, report)
        events = self._judged(self._registry.on_execution(report, now))
        if events:
            self._sync.executed()
        for fill in [one for one in events if type(one) is Fill]:
            self._on_fill(fill)
            events = events + self._apply(self._registry.costs.of(fill, now))
        if events and corrected is not None:
            self._on_correction(corrected)
        elif events and strange:
            self._on_late_correction(report)
        return events

    def on_commission(self, report: broker.CommissionReport, now: Now) -> list[Event]:
        """What a trade cost."""
        return self._apply(self._registry.costs.on_report(report, now, self._complaints))

    def on_outside(self, report: BrokerEvent, now: Now) -> list[Event]:
        """Something of an account that is not the login's: only a conflict comes of it."""
        if not isinstance(report, broker.ExecutionReport):
            return []
        return self._judged(self._registry.conflict_of(report, now))

    def _on_repeated(self, known: Fill, report: broker.ExecutionReport) -> None:
        """An execution is counted once, as it came first. If it comes again as another trade, one
        of the two is wrong, and nobody here knows which."""
        said = report.side, report.quantity, report.price
        if said == (known.side, known.quantity, known.price) or known.exec_id in self._two_ways:
            return
        self._two_ways[known.exec_id] = None
        if len(self._two_ways) > TWO_WAYS_MAX:
            del self._two_ways[next(iter(self._two_ways))]
        self._doubtful(
            f"execution {known.exec_id} is known as {_trade_of(known)} and was reported again as"
            f" {_trade_of(report)}; the first counts: compare the position in {known.symbol} and"
            " its cost with the broker's",
            "since an execution was reported in two ways",
        )

    def _on_fill(self, fill: Fill) -> None:
        """An order can be filled beyond its quantity, by a mistake of the broker's or in a race
        with a modify: it counts, and a person has to know."""
        intent = self._registry.orders.get(fill.intent_id)
        if intent is None or intent.filled <= intent.worst_case_quantity:
            return
        self._doubtful(
            f"{intent.intent_id} is filled with {text(intent.filled)} {fill.symbol}, and was an"
            f" order of {text(intent.worst_case_quantity)}; the position has all of it, so look at"
            " the order in the broker's own program",
            "since an order was filled beyond its quantity",
        )

    def _doubtful(self, complaint: str, why: str) -> None:
        """What a person has to know, with a reason to read positions again."""
        self._complaints.append((complaint, b""))
        self._positions.doubt(why)

    def _on_late_correction(self, report: broker.ExecutionReport) -> None:
        """A correction of what is not kept: readers of the journal count it in place of the first,
        but here nobody knows what it takes the place of."""
        self._doubtful(
            f"execution {report.exec_id} corrects one that was reported more than a day ago, to"
            f" {report.side} {report.quantity:f} {report.symbol}; compare the position in"
            f" {report.symbol} with the broker's",
            "since an execution was corrected",
        )

    def _on_correction(self, corrected: Fill) -> None:
        """A correction may leave an order that is over with less than it was filled with. It stays
        FILLED, for no more of it will be; but somebody has to know, and positions are read again.
        """
        intent = self._registry.orders.get(corrected.intent_id)
        if intent is None or intent.state != "FILLED" or intent.filled >= intent.terms.quantity:
            return
        self._doubtful(
            f"execution {corrected.exec_id} of {intent.intent_id} was corrected: of"
            f" {intent.terms.quantity:f}, which was FILLED, {intent.filled:f} are left; compare the"
            f" position in {corrected.symbol} with the broker's",
            "since an execution was corrected",
        )

    def on_error(self, error: broker.OrderError, now: Now) -> list[Event]:
        """A complaint about an order; one that belongs to no order becomes an alarm."""
        intent = self._registry.by_order_id(error.order_id, error.client_id)
        reported = self._errors.on_order(error, intent, now)
        is_refusal = error.effect in effects.CANCEL_REJECTED
        if intent is not None and is_refusal:
            self._sync.cancels.refused(intent, now, is_over=error.effect == "cancel_too_late")
        is_unclear = error.effect in effects.ENDS and self._may_be_of_two(intent)
        is_doubtful = is_refusal or is_unclear or error.effect == "unlisted"
        if intent is not None and intent.live and is_doubtful:
            self._sync.ask(intent, now)
        meant = [] if is_unclear else self._registry.on_error(error, now.wall_ns)
        return self._apply([*reported, *meant])

    def _may_be_of_two(self, intent: Intent | None) -> bool:
        """Whether another order may have the order id of `intent`: a conflict has shown one that
        only its permanent id tells apart, or that another client placed under the same tag."""
        if intent is None or not intent.permanent_id:
            return False  # until ours is named for good, its order id is what tells it apart
        names = ("", intent.permanent_id)
        conflicts = self._registry.orders.conflicts.values()
        return any(
            one.intent_id == intent.intent_id and one.permanent_id not in names for one in conflicts
        )

    def _judged(self, events: list[Event]) -> list[Event]:
        """What the broker said of an order, applied; a conflict raises an alarm."""
        for event in events:
            if type(event) is OrderConflict:
                self._complaints.append((f"conflict with {event.intent_id}: {event.reason}", b""))
        applied = self._apply(events)
        for event in applied:
            if isinstance(event, ENDS) and (uneven := self._uneven(event.intent_id)):
                self._complaints.append((uneven, b""))
        return applied

    def _uneven(self, intent_id: str) -> str:
        """What a person has to know of a combo that is over with one leg ahead of another."""
        intent = self._registry.orders.get(intent_id)
        if intent is None or not intent.uneven:
            return ""
        legs = " and ".join(f"{text(q)} {symbol}" for symbol, q in intent.uneven.items())
        return (
            f"combo {intent_id} is {intent.state} with {text(intent.filled)} whole ones filled, and"
            f" {legs} beyond them: what that has opened has no other leg"
        )


def _trade_of(one: Fill | broker.ExecutionReport) -> str:
    return f"{one.side} {text(one.quantity)} at {text(one.price)}"
