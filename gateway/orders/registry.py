"""The order registry: what became of each intent. It decides which events a report amounts to.

At most one broker order per intent
-----------------------------------
What could go wrong: the gateway writes an order, dies, and on its return cannot tell whether the
broker has it. If it asks too early, the order is still in a socket; if it sends it again, it may be
there twice. Why this is enough:

*   `OrderIntended` is on disk before a byte goes out, with the order id that it goes out under. So
    whatever may be at the broker is known here, after any crash.
*   A repeated intent is answered from the journal (`answer`) and never reaches the outbox again.
    An order leaves the outbox once; nothing reads it back in.
*   What was under way when the connection or the process ended becomes UNKNOWN (`unanswered`). The
    broker's word settles it, and its silence only after a whole snapshot that it had time for (see
    `snapshot`). UNKNOWN counts in every exposure meanwhile.
*   What the broker says is about an order of ours only if it is that order, and not one that bears
    its tag (see `common.accounting.identity`). Everything else under our tag is a conflict: it is
    reported once, and changes nothing of the order.
*   What a checkpoint left out (see `common.retention`) had expired by `expired_ns`. So an intent
    that is not known here, and that expired by then, is denied: it may be one that was left out.
*   The broker's later word wins: an order that was LOST, CANCELLED or REJECTED and turns up working
    or filled is taken at that word (see `common.accounting.lifecycle`).

State changes only in `apply`, from events that are on disk; everything else decides events.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.carried import execution_entry
from tapewire.common.accounting.exec_ids import supersedes
from tapewire.common.accounting.identity import Identity, identity
from tapewire.common.accounting.lifecycle import GIVEN_UP, UNCONFIRMED
from tapewire.common.accounting.orders import Orders
from tapewire.common.clock import Now
from tapewire.common.events import (
    TEXT_MAX,
    CheckpointCompleted,
    Commission,
    Event,
    ExecutionsCarried,
    Fill,
    OrderAccepted,
    OrderAnswer,
    OrderCancelled,
    OrderCancelRejected,
    OrderConflict,
    OrderDenied,
    OrderFilled,
    OrderIntended,
    OrderModified,
    OrderModifyIntended,
    OrderModifyRejected,
    OrderRejected,
    OrderUnknown,
    SubmitOrder,
)
from tapewire.gateway import broker, effects
from tapewire.gateway.orders.conflicts import of_execution, of_order, parts_text
from tapewire.gateway.orders.costs import Costs
from tapewire.gateway.orders.intent import Intent
from tapewire.gateway.orders.modify import Modifies

ORDER_REJECTED = 201


class Registry:
    """All intents of this gateway, by intent id and by the broker's order id."""

    def __init__(self, accounts: Accounts[Intent] | None = None) -> None:
        self.accounts = accounts or Accounts((), Intent)
        self.orders: Orders[Intent] = self.accounts.orders
        self.modifies = Modifies(self.orders)
        self._by_order_id: dict[tuple[str, str], Intent] = {}  # by client and order id
        self._denied: dict[str, str] = {}
        self.carried = self.accounts.book.carried_ids  # executions that are not kept
        self.costs = Costs(self.accounts.book, self.counts)
        self.expired_ns = 0  # intents that expired by then may have been forgotten
        self._on: Mapping[type[Event], Callable[[Any, Intent | None], None]] = {
            OrderIntended: self._numbered,
            OrderAccepted: self._numbered,
            OrderDenied: self._keep_denial,
            OrderModifyIntended: self._modify,
            OrderModified: self._modify,
            OrderModifyRejected: self._modify,
            Commission: self._cost,
            ExecutionsCarried: self._cost,
            CheckpointCompleted: self._forget,
        }

    # ---- state ---------------------------------------------------------------------------------

    def apply(self, event: Event) -> None:
        """Take in an event of this gateway's own journal, now or when it is read again."""
        intent = self.accounts.apply(event)
        handler = self._on.get(type(event))
        if handler is not None:
            handler(event, intent)

    def fill(self, exec_id: str) -> Fill | None:
        """The execution of this id, or what has corrected it; None if it is not known."""
        return self.accounts.book.fill(exec_id)

    def counts(self, exec_id: str) -> bool:
        """Whether an execution was counted, in this version or in a later one."""
        known = self.fill(exec_id)
        if known is not None:
            return not supersedes(exec_id, known.exec_id)
        return self.is_carried(exec_id)

    def is_carried(self, exec_id: str) -> bool:
        """Whether an execution that is not kept was counted, in this version or in a later one."""
        entry, newest = self._carried(exec_id)
        return entry is not None and newest is not None and newest >= entry

    def corrects_carried(self, exec_id: str) -> bool:
        """Whether it is a later version of an execution that is not kept."""
        entry, newest = self._carried(exec_id)
        return entry is not None and newest is not None and newest < entry

    def snapshot(self) -> dict[str, Any]:
        """The durable state as plain values."""
        return {
            "orders": self.orders.snapshot(),
            "foreign": self.orders.foreign.snapshot(),
            "denied": self._denied,
            "executions": sorted(self.accounts.book.exec_ids),
            "commissions": self.costs.snapshot(),
            "modifies": self.modifies.snapshot(),
        }

    def _carried(self, exec_id: str) -> tuple[bytes | None, bytes | None]:
        """The entry of an execution, and the newest that is carried of it; None where none is."""
        entry = execution_entry(exec_id) if self.carried else None  # which takes a hash
        return entry, self.carried.newest(entry) if entry is not None else None

    def _numbered(self, event: OrderIntended | OrderAccepted, intent: Intent | None) -> None:
        if intent is not None and event.order_id:
            self._by_order_id[intent.client_id, event.order_id] = intent

    def _keep_denial(self, event: OrderDenied, _intent: Intent | None) -> None:
        self._denied.setdefault(event.intent_id, event.reason)

    def _cost(self, event: Commission | ExecutionsCarried, _intent: Intent | None) -> None:
        self.costs.apply(event)

    def _forget(self, event: CheckpointCompleted, _intent: Intent | None) -> None:
        self.expired_ns = max(self.expired_ns, event.expired_ns)

    def _modify(self, event: Event, _intent: Intent | None) -> None:
        self.modifies.apply(event)

    # ---- what the executor asks ----------------------------------------------------------------

    def answer(self, intent_id: str) -> OrderAnswer | None:
        """What an intent was answered with before; None if it is new."""
        if intent_id in self._denied:
            return OrderAnswer(intent_id, accepted=False, reason=self._denied[intent_id])
        if intent_id in self.orders:
            return OrderAnswer(intent_id, accepted=True)
        return None

    def denial(self, order: SubmitOrder) -> str:
        """Why an intent that is not known cannot be taken: it could be one that was forgotten."""
        if order.expires_ns > self.expired_ns:
            return ""
        return "it expired so long ago that it may have been taken before"

    def by_order_id(self, order_id: str, client_id: str) -> Intent | None:
        """The intent of an order id of the broker's client `client_id`. Journals of before client
        ids were kept do not say whose id it is."""
        by_id = self._by_order_id
        return by_id.get((client_id, order_id)) or by_id.get(("", order_id))

    # ---- what the broker reports ---------------------------------------------------------------

    def identify(
        self, report: broker.OrderReport | broker.ExecutionReport
    ) -> tuple[Intent | None, Identity]:
        """The intent that a report claims to be about, None if there is none; and whether it is."""
        names, listed = report.names, type(report) is not broker.OrderReport or report.listed
        if report.reference or listed:  # a tag of nobody's is not overruled by an id that is ours
            intent = self.orders.get(report.reference)
        elif self.orders.foreign.is_open(*names):
            intent = None  # its open order had another tag
        else:
            intent = self.by_order_id(names.order_id, names.client_id)
        return (None, "other") if intent is None else (intent, identity(intent.names, names))

    def on_order(
        self, report: broker.OrderReport, about: tuple[Intent | None, Identity], now: Now
    ) -> list[Event]:
        """A report about one order: the events it amounts to; `about` is what `identify` gave."""
        intent, found = about
        if intent is None or found == "unclear":
            return []
        if found == "other":
            why = f"an order has its tag under {report.names}; ours has {intent.names}"
            return self._new(of_order(intent, report, why, now.wall_ns))
        if not _trades_alike(report, intent.order):
            why = (
                f"its order is {report.side} {report.symbol} at the broker, in account"
                f" {report.account or intent.order.account}; ours is {parts_text(intent.order)}"
            )
            return self._new(of_order(intent, report, why, now.wall_ns))
        if intent.state == "FILLED" and report.is_open and intent.filled < intent.terms.quantity:
            why = "it was resolved as filled without executions, and the broker has it open"
            return self._new(of_order(intent, report, why, now.wall_ns))
        events = self._on_status(intent, report, now.wall_ns)
        if report.terms is not None:
            events += self.modifies.on_terms(intent, report.terms, now)
        return events

    def _new(self, conflict: OrderConflict) -> list[Event]:
        """A conflict as an event, the first time."""
        return [] if conflict.id in self.orders.conflicts else [conflict]

    def _on_status(self, intent: Intent, report: broker.OrderReport, now_ns: int) -> list[Event]:
        status = report.status
        if status is None:
            return []
        # Over, with fills that are not known: it ends when they are listed, or not (see `silence`).
        lacks = report.is_over and report.claims_beyond(intent.filled)
        if status == "rejected" and not lacks:  # the error before it may have said why already
            if not intent.live:
                return []
            reason = report.reason[:TEXT_MAX] or "the broker reports the order as inactive"
            return [_rejected(intent, now_ns, ORDER_REJECTED, reason)]
        working = status == "working"
        events = self._accept(
            intent, report.permanent_id, now_ns, order_id=report.order_id, working=working
        )
        if status == "cancelled" and not lacks and (events or intent.state == "ACCEPTED"):
            events.append(OrderCancelled(now_ns, intent.order.account, intent.intent_id))
        return events

    def _accept(
        self,
        intent: Intent,
        permanent_id: str,
        now_ns: int,
        *,
        order_id: str = "",
        working: bool = False,
    ) -> list[Event]:
        """The broker has it; one that was given up comes back where it is reported working.

        A broker that gives the order its id may name it only after its first execution, and one may
        have no permanent id for it at first.
        """
        is_back = working and intent.state in GIVEN_UP
        news = (order_id and not intent.order_id) or (permanent_id and not intent.permanent_id)
        is_named = intent.live and bool(news)
        if intent.state not in UNCONFIRMED and not is_back and not is_named:
            return []
        written_ns = intent.written.wall_ns if intent.written else None
        return [
            OrderAccepted(
                now_ns, intent.order.account, intent.intent_id, intent.order_id or order_id,
                permanent_id, written_ns,
            )
        ]  # fmt: skip

    def on_execution(self, report: broker.ExecutionReport, now: Now) -> list[Event]:
        """A trade: counted once, and the order's end if it reaches the quantity.

        One that bears an order's tag and is not that order's, or is of another account, or of a
        symbol or side that the order does not trade, counts in its account, and not towards the
        order: that one may still fill.
        """
        if self.counts(report.exec_id):
            return []
        now_ns = now.wall_ns
        intent, found = self.identify(report)
        if intent is None or found == "unclear":
            return [_fill(report, None, now_ns)]
        if found == "other" or not _is_of(report, intent.order):
            return [*self.conflict_of(report, now), _fill(report, None, now_ns)]
        fill = _fill(report, intent, now_ns)
        events: list[Event] = [
            *self._accept(intent, report.permanent_id, now_ns, order_id=report.order_id), fill,
        ]  # fmt: skip
        filled = intent.executions.quantity_with(fill)
        if intent.state != "FILLED" and filled >= intent.worst_case_quantity:
            events.append(OrderFilled(now_ns, intent.order.account, intent.intent_id))
        return events

    def conflict_of(self, report: broker.ExecutionReport, now: Now) -> list[Event]:
        """An execution that bears an order's tag and cannot be that order's: the first time."""
        intent, _ = self.identify(report)
        return self._new(of_execution(intent, report, now.wall_ns)) if intent is not None else []

    def on_error(self, error: broker.OrderError, now_ns: int) -> list[Event]:
        """A complaint about an order: its end, the end of what was asked of it, or neither."""
        intent = self.by_order_id(error.order_id, error.client_id)
        if intent is None or not intent.live:
            return []
        account, text = intent.order.account, error.text[:TEXT_MAX]
        if error.effect in effects.CANCEL_REJECTED:
            return [OrderCancelRejected(now_ns, account, intent.intent_id, error.code, text)]
        if error.effect == "cancelled":
            return [OrderCancelled(now_ns, account, intent.intent_id, text)]
        ends = error.effect == "rejected"
        if error.effect in effects.MODIFY_REJECTED:
            rejected = self.modifies.on_error(intent, error, now_ns)
            if rejected:
                return rejected
            # Of an order that the broker has, something was refused; the order itself lives.
            lacks_parent = error.effect == "unknown_order" and intent.order.parent_id != ""
            ends = intent.state != "ACCEPTED" and (error.effect == "refused" or lacks_parent)
        return [_rejected(intent, now_ns, error.code, text)] if ends else []

    def ended(self, events: Iterable[Event]) -> list[Event]:
        """What ends with the orders that `events`, which are applied, have ended."""
        if not self.modifies.under_way:
            return []
        ended: list[Event] = []
        for event in events:
            intent = self.orders.get(getattr(event, "intent_id", None))
            if intent is not None and intent.modify is not None and not intent.live:
                ended += self.modifies.over([intent], getattr(event, "ts_ns", 0))
        return list(dict.fromkeys(ended))

    # ---- when the answer is out ----------------------------------------------------------------

    def unanswered(self, now_ns: int, reason: str) -> list[Event]:
        """Every intent whose bytes may be at the broker without an answer becomes UNKNOWN."""
        return [
            OrderUnknown(now_ns, intent.order.account, intent.intent_id, reason)
            for intent in self.orders.live()
            if intent.state == "INTENDED"
        ]

    def missing(self, seen: Iterable[str]) -> list[Intent]:
        """Live intents that a whole snapshot did not name, though it could have.

        One that is INTENDED and was not written waits for its turn here: no broker can know it.
        """
        named = set(seen)
        return [
            intent
            for intent in self.orders.live()
            if intent.intent_id not in named
            and not (intent.state == "INTENDED" and intent.written is None)
        ]


def _rejected(intent: Intent, now_ns: int, code: int, reason: str) -> OrderRejected:
    return OrderRejected(now_ns, intent.order.account, intent.intent_id, code, reason)


def _is_of(report: broker.ExecutionReport, order: SubmitOrder) -> bool:
    return report.account in ("", order.account) and order.side_on(report.symbol) == report.side


def _trades_alike(report: broker.OrderReport, order: SubmitOrder) -> bool:
    """Whether a report that says what an order trades, and where, says it of `order`."""
    if report.account not in ("", order.account):
        return False
    if not report.symbol or report.side is None or order.legs:
        return True
    return order.side_on(report.symbol) == report.side


def _fill(report: broker.ExecutionReport, intent: Intent | None, now_ns: int) -> Fill:
    order = intent.order if intent else None
    return Fill(
        ts_ns=now_ns,
        account=report.account or (order.account if order else ""),
        exec_id=report.exec_id,
        permanent_id=report.permanent_id,
        symbol=report.symbol,
        side=report.side,
        quantity=report.quantity,
        price=report.price,
        intent_id=intent.intent_id if intent else None,
        strategy=order.strategy if order else None,
        cause_id=order.cause_id if order else "",
        cause_ns=order.cause_ns if order else 0,
        signal_ns=order.signal_ns if order else 0,
    )
