"""The order registry: what became of each intent. It decides whether a byte may go to TWS.

An intent goes one way through these states; only TWS's word moves it on from INTENDED:

    INTENDED -> ACCEPTED -> FILLED | CANCELLED | REJECTED
        |          |
        +----> UNKNOWN -> ACCEPTED | REJECTED | LOST
        +----> REFUSED      (not one byte of it was written)

UNKNOWN is entered when the connection or the process ended while TWS's answer was out. It is
left when open orders, executions or completed orders name the intent, or when all three, asked
again after TWS had time to read what was still in its socket, do not: then the order is LOST. It
is never sent a second time. What TWS says later still counts: a LOST, CANCELLED or REJECTED order
that turns up working or fills is taken at TWS's word.

State changes only in `apply`, from events that are on disk; everything else decides events.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Final

from tapewire.common.accounting.book import execution_key
from tapewire.common.events import (
    Commission,
    Event,
    Fill,
    OrderAccepted,
    OrderAnswer,
    OrderCancelled,
    OrderCancelRejected,
    OrderFilled,
    OrderIntended,
    OrderLost,
    OrderRefused,
    OrderRejected,
    OrderState,
    OrderUnknown,
)
from tapewire.gateway.orders.intent import Intent
from tapewire.gateway.orders.modify import Changes
from tapewire.gateway.tws import messages as tws
from tapewire.gateway.tws.errors import is_warning

UNCONFIRMED: Final = ("INTENDED", "UNKNOWN", "LOST")
GIVEN_UP: Final = ("CANCELLED", "REJECTED")
WORKING: Final = ("PreSubmitted", "Submitted")  # TWS's words for an order that can fill
ORDER_CANCELLED: Final = 202
ORDER_REJECTED: Final = 201
CANCEL_REFUSED: Final = frozenset({161, 10147, 10148})


class Orders:
    """All intents of this gateway, by intent id and by order id."""

    def __init__(self, client_id: int) -> None:
        self.client_id = client_id
        self.intents: dict[str, Intent] = {}
        self.states: Counter[OrderState] = Counter()  # how many intents are in each
        self._live: dict[str, Intent] = {}
        self._by_order_id: dict[int, Intent] = {}
        self._refused: dict[str, str] = {}
        self._exec_ids: dict[str, str] = {}
        self._quantities: dict[str, Decimal] = {}
        self._commissions: set[str] = set()
        self._order_id_max = 0
        self.changes = Changes(self.intents)

    # ---- state -------------------------------------------------------------------------------

    def apply(self, event: Event) -> None:
        """Take in an event of this gateway's own journal, now or when it is read again."""
        if isinstance(event, OrderIntended):
            intent = Intent(event.order, event.order_id)
            self.intents[event.order.intent_id] = self._by_order_id[event.order_id] = intent
            self._live[event.order.intent_id] = intent
            self.states[intent.state] += 1
            self._order_id_max = max(self._order_id_max, event.order_id)
        elif isinstance(event, OrderRefused):
            self._refused[event.intent_id] = event.reason
            self._move(event.intent_id, "REFUSED", event.reason)
        elif isinstance(event, OrderAccepted):
            self._move(event.intent_id, "ACCEPTED")
            self.intents[event.intent_id].perm_id = event.perm_id
        elif isinstance(event, Fill):
            self._count(event)
        elif isinstance(event, Commission):
            self._commissions.add(event.exec_id)
        elif isinstance(event, OrderRejected):
            self._move(event.intent_id, "REJECTED", event.reason)
        elif isinstance(event, OrderCancelled):
            self._move(event.intent_id, "CANCELLED", event.reason)
        elif isinstance(event, OrderFilled):
            self._move(event.intent_id, "FILLED")
        elif isinstance(event, OrderUnknown):
            self._move(event.intent_id, "UNKNOWN", event.reason)
        elif isinstance(event, OrderLost):
            self._move(event.intent_id, "LOST", event.reason)
        else:
            self.changes.apply(event)

    def counted(self, exec_id: str) -> Decimal:
        """What an execution, or the one that it corrects, was counted with; 0 if it is new."""
        return self._quantities.get(execution_key(exec_id), Decimal(0))

    def _move(self, intent_id: str, state: OrderState, reason: str = "") -> None:
        intent = self.intents.get(intent_id)
        if intent is None:
            return
        self.states[intent.state] -= 1
        self.states[state] += 1
        intent.state, intent.reason = state, reason
        if intent.live:
            self._live[intent_id] = intent
        else:
            self._live.pop(intent_id, None)

    def _count(self, fill: Fill) -> None:
        key = execution_key(fill.exec_id)
        change = fill.quantity - self.counted(fill.exec_id)
        self._exec_ids[key], self._quantities[key] = fill.exec_id, fill.quantity
        if fill.intent_id is not None and fill.intent_id in self.intents:
            self.intents[fill.intent_id].filled += change

    # ---- what the executor asks --------------------------------------------------------------

    def answer(self, intent_id: str) -> OrderAnswer | None:
        """What an intent was answered with before; None if it is new."""
        if intent_id in self._refused:
            return OrderAnswer(intent_id, accepted=False, reason=self._refused[intent_id])
        if intent_id in self.intents:
            return OrderAnswer(intent_id, accepted=True)
        return None

    def next_order_id(self, next_valid_id: int) -> int:
        """An id that this client never used, whatever TWS believes after its restart."""
        return max(next_valid_id, self._order_id_max + 1)

    def by_order_id(self, order_id: int, client_id: int) -> Intent | None:
        """The intent of an order id, if that is one of this client."""
        return self._by_order_id.get(order_id) if client_id == self.client_id else None

    def knows(self, order_id: int) -> bool:
        """Whether an order of this client has that id."""
        return order_id in self._by_order_id

    def live(self) -> Collection[Intent]:
        """The intents that are working, or may be."""
        return self._live.values()

    # ---- what TWS says -----------------------------------------------------------------------

    def on_tws(self, message: tws.TwsMessage, now_ns: int, symbol: str = "") -> list[Event]:
        """The events that a message of TWS amounts to; `symbol` is an execution's, as ours."""
        if isinstance(message, tws.Execution):
            return self._on_execution(message, now_ns, symbol)
        if isinstance(message, tws.CommissionReported):
            return self._on_commission(message, now_ns)
        if isinstance(message, tws.TwsError):
            return self._on_error(message, now_ns)
        return self._on_order(message, now_ns)

    def _on_order(self, message: tws.TwsMessage, now_ns: int) -> list[Event]:
        if isinstance(message, tws.OpenOrder):
            events = self._on_status(message.order_ref, message, message.status, now_ns)
            return events + self.changes.told(message, now_ns)
        if isinstance(message, tws.OrderStatus):
            return self._on_order_status(message, now_ns)
        if isinstance(message, tws.CompletedOrder):
            status = message.status or message.completed_status.partition(" ")[0]
            return self._on_status(message.order_ref, message, status, now_ns)
        return []

    def _on_order_status(self, message: tws.OrderStatus, now_ns: int) -> list[Event]:
        intent = self.by_order_id(message.order_id, message.client_id)
        if intent is None:
            return []
        if message.status == "Inactive" and message.why_held:  # for a locate: it still lives
            return self._accept(intent, message.perm_id, now_ns, working=True)
        return self._on_status(intent.order.intent_id, message, message.status, now_ns)

    def _on_status(
        self,
        intent_id: str,
        message: tws.OpenOrder | tws.OrderStatus | tws.CompletedOrder,
        status: str,
        now_ns: int,
    ) -> list[Event]:
        intent = self.intents.get(intent_id)
        if intent is None:
            return []
        if status == "Inactive":  # refused; the error before it may have said why already
            # An open order does not tell whether it is only held; its orderStatus follows and does.
            if not intent.live or isinstance(message, tws.OpenOrder):
                return []
            return [OrderRejected(now_ns, intent_id, ORDER_REJECTED, "TWS holds it inactive")]
        events = self._accept(intent, message.perm_id, now_ns, working=status in WORKING)
        if status in ("Cancelled", "ApiCancelled") and (events or intent.state == "ACCEPTED"):
            events.append(OrderCancelled(now_ns, intent_id))
        return events

    def _accept(
        self, intent: Intent, perm_id: int, now_ns: int, *, working: bool = False
    ) -> list[Event]:
        """TWS has it; one that was given up comes back where TWS says that it is working."""
        if intent.state not in UNCONFIRMED and not (working and intent.state in GIVEN_UP):
            return []
        return [
            OrderAccepted(now_ns, intent.order.intent_id, intent.order_id, perm_id, intent.sent_ns)
        ]

    def _on_execution(self, message: tws.Execution, now_ns: int, symbol: str) -> list[Event]:
        known = self._exec_ids.get(execution_key(message.exec_id))
        if known is not None and message.exec_id <= known:
            return []
        intent = self.intents.get(message.order_ref)
        order = intent.order if intent else None
        fill = Fill(
            ts_ns=now_ns,
            exec_id=message.exec_id,
            perm_id=message.perm_id,
            symbol=symbol,
            side="BUY" if message.side == "BUY" else "SELL",
            quantity=message.quantity,
            price=message.price,
            intent_id=message.order_ref or None,
            strategy=order.strategy if order else None,
            cause_id=order.cause_id if order else "",
            cause_ns=order.cause_ns if order else 0,
            signal_ns=order.signal_ns if order else 0,
        )
        if intent is None:
            return [fill]
        events: list[Event] = [*self._accept(intent, message.perm_id, now_ns), fill]
        filled = intent.filled + message.quantity - self.counted(message.exec_id)
        if intent.state != "FILLED" and filled >= intent.larger:
            events.append(OrderFilled(now_ns, intent.order.intent_id))
        return events

    def _on_commission(self, message: tws.CommissionReported, now_ns: int) -> list[Event]:
        if message.exec_id in self._commissions:
            return []
        return [Commission(now_ns, message.exec_id, message.amount, message.currency)]

    def _on_error(self, message: tws.TwsError, now_ns: int) -> list[Event]:
        intent = self._by_order_id.get(message.request_id)
        if intent is None or not intent.live:
            return []
        intent_id = intent.order.intent_id
        if message.code in CANCEL_REFUSED:
            return [OrderCancelRejected(now_ns, intent_id, message.code, message.text[:512])]
        if message.code not in (ORDER_CANCELLED, ORDER_REJECTED):
            refused = self.changes.refused(intent, message, now_ns)
            if refused or is_warning(message.code):
                return refused
        if message.code == ORDER_CANCELLED:
            return [OrderCancelled(now_ns, intent_id, message.text[:512])]
        if intent.state != "ACCEPTED" or message.code == ORDER_REJECTED:
            return [OrderRejected(now_ns, intent_id, message.code, message.text[:512])]
        return []  # something that was asked of it was refused; the order itself lives

    # ---- when the answer is out --------------------------------------------------------------

    def unanswered(self, now_ns: int, reason: str) -> list[Event]:
        """Every intent whose bytes may be at TWS without an answer becomes UNKNOWN."""
        return [
            OrderUnknown(now_ns, i.order.intent_id, reason)
            for i in self.live()
            if i.state == "INTENDED"
        ]

    def missing(self, seen: Iterable[str]) -> list[Intent]:
        """Live intents that a whole snapshot of TWS did not name, though it could have.

        One that is INTENDED and was not sent waits for its turn here: TWS cannot know it.
        """
        named = set(seen)
        return [
            i
            for i in self.live()
            if i.order.intent_id not in named and not (i.state == "INTENDED" and i.sent_ns is None)
        ]
