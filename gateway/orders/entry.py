"""The order desk: what is asked of orders, and the bytes of it that may go to TWS.

Whatever is queued here is asked about again when its turn comes; what then may not go is said in
an event, and no byte of it is written.
"""

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from tapewire.common.events import (
    CancelOrder,
    Event,
    ModifyOrder,
    OrderAnswer,
    OrderIntended,
    OrderModifyIntended,
    OrderModifyRejected,
    OrderRefused,
    SubmitOrder,
)
from tapewire.gateway.orders.admission import Gate
from tapewire.gateway.orders.holdings import Holdings
from tapewire.gateway.orders.intent import Intent
from tapewire.gateway.orders.registry import Orders
from tapewire.gateway.tws.contracts import Contracts
from tapewire.gateway.tws.pacing import Outbox
from tapewire.gateway.tws.session import TwsSession

Answered = tuple[OrderAnswer, list[Event]]
WITHDRAWN = "it was cancelled before it was sent"
TOO_EARLY = "it was cancelled before it came"


class OrderDesk:
    """Takes orders, changes and cancels. `blocked` says why nothing may go now, "" if it may;
    `apply` makes events the state and gives them back."""

    def __init__(
        self,
        orders: Orders,
        outbox: Outbox,
        gate: Gate,
        holdings: Holdings,
        session: TwsSession,
        contracts: Contracts,
        *,
        blocked: Callable[[], str],
        apply: Callable[[list[Event]], list[Event]],
    ) -> None:
        self.orders = orders
        self.changes = orders.changes
        self.outbox = outbox
        self.gate = gate
        self.holdings = holdings
        self.session = session
        self.contracts = contracts
        self._blocked = blocked
        self._apply = apply

    # ---- orders and changes ------------------------------------------------------------------

    def submit(self, order: SubmitOrder, now_ns: int) -> Answered:
        """Take an order once: a repeated intent gets the answer that it got first."""
        before = self.orders.answer(order.intent_id)
        if before is not None:
            return before, []
        refusal = self._refusal(order, now_ns)
        if refusal:
            return self._refused(order.intent_id, refusal, now_ns)
        order_id = self.orders.next_order_id(self.session.next_valid_id or 1)
        contract = self.contracts.contract(order.symbol)
        try:
            data = self.session.encode.place_order(order_id, order, contract)
        except ValueError as error:
            return self._refused(order.intent_id, str(error), now_ns)
        self.outbox.order(data, order.intent_id)
        intended = OrderIntended(now_ns, order_id, order)
        return OrderAnswer(order.intent_id, accepted=True), self._apply([intended])

    def modify(self, change: ModifyOrder, now_ns: int) -> Answered:
        """Take new terms for an order once: a repeated change gets the answer that it got first."""
        before = self.changes.answer(change.id)
        if before is not None:
            return before, []
        refusal = self._change_refusal(change, now_ns)
        if refusal:
            rejected = OrderModifyRejected(now_ns, change.intent_id, change.id, 0, refusal[:512])
            return OrderAnswer(change.id, False, refusal[:512]), self._apply([rejected])
        intent = self.orders.intents[change.intent_id]
        new = replace(intent.order, quantity=change.quantity, limit_price=change.limit_price)
        contract = self.contracts.contract(new.symbol)
        self.outbox.order(
            self.session.encode.place_order(intent.order_id, new, contract), change.id
        )
        events = self._apply([OrderModifyIntended(now_ns, change)])
        self.changes.queued.add(change.id)
        return OrderAnswer(change.id, accepted=True), events

    # ---- cancels -----------------------------------------------------------------------------

    def cancel(self, command: CancelOrder, now_ns: int) -> Answered:
        """Ask TWS to cancel an order; what became of it comes as an event.

        One that still waits for its turn is taken out of the queue: a cancel would overtake it.
        One that has not come yet is refused when it comes.
        """
        name = command.id or command.intent_id
        if self.orders.answer(command.intent_id) is None:
            refused = OrderRefused(now_ns, command.intent_id, TOO_EARLY)
            return OrderAnswer(name, accepted=True), self._apply([refused])
        intent = self.orders.intents.get(command.intent_id)
        names = self.outbox.withdraw(command.intent_id)
        if intent is not None and intent.change is not None:
            names += self.outbox.withdraw(intent.change.id)
        events = self._apply(self.unsent(names, WITHDRAWN, now_ns))
        if command.intent_id in names:
            return OrderAnswer(name, accepted=True), events
        reason = "" if intent and intent.remaining else "no live order of this id"
        if intent is None or reason or self.session.state != "UP":
            return OrderAnswer(name, False, (reason or self._blocked())[:512]), events
        self.outbox.cancel(self.session.encode.cancel_order(intent.order_id))
        return OrderAnswer(name, accepted=True), events

    def cancel_all(self, now_ns: int) -> Answered:
        """Ask TWS to cancel every order of the account; none that waits here goes any more."""
        withdrawn = self._apply(self.unsent(self.outbox.withdraw(), WITHDRAWN, now_ns))
        if self.session.state != "UP":
            return OrderAnswer("", accepted=False, reason=self._blocked()[:512]), withdrawn
        self.outbox.cancel(self.session.encode.global_cancel())
        return OrderAnswer("", accepted=True), withdrawn

    # ---- what goes to TWS --------------------------------------------------------------------

    def release(self, now_ns: int) -> tuple[bytes, list[Intent], list[Event]]:
        """The bytes that may be written now, the intents whose orders are among them, refusals."""
        refused: list[Event] = []

        def may_send(name: str) -> bool:
            reason = self._refusal_when_due(name, now_ns)
            if reason:
                refused.extend(self._apply(self.unsent([name], reason, now_ns)))
            return not reason

        data, sent = self.outbox.release(now_ns, may_send)
        intents = []
        for name in sent:
            if name in self.changes:
                self.changes.sent(name, now_ns)
            else:
                intent = self.orders.intents[name]
                intent.sent_ns = now_ns
                intents.append(intent)
        return data, intents, refused

    def unsent(self, names: Iterable[str], reason: str, now_ns: int) -> list[Event]:
        """What is to be said of orders and changes that were queued and will not be sent."""
        events: list[Event] = []
        for name in names:
            if name in self.changes:
                events += self.changes.dropped(name, reason, now_ns)
            else:
                events.append(OrderRefused(now_ns, name, reason[:512]))
        return events

    # ---- admission ---------------------------------------------------------------------------

    def _refusal(self, order: SubmitOrder, now_ns: int) -> str:
        if order.symbol not in self.contracts.instruments:
            return f"symbol {order.symbol} is not configured; expected one of [[instruments]]"
        blocked = self._blocked()
        if blocked:
            return blocked
        return self.gate.refusal(order, now_ns, self.holdings.smallest(), self.orders.live())

    def _change_refusal(self, change: ModifyOrder, now_ns: int) -> str:
        """Admission is asked about what remains of the order with its new terms.

        Only one that makes the order smaller, and changes nothing else, needs no leave.
        """
        reason = self.changes.refusal(change) or self._blocked()
        if reason:
            return reason
        if change.expires_ns < now_ns:
            return "it expired before it could be sent"
        intent = self.orders.intents[change.intent_id]
        quantity, limit_price = intent.terms
        if change.quantity <= quantity and change.limit_price == limit_price:
            return ""
        remaining = change.quantity - intent.filled
        new = replace(intent.order, quantity=remaining, expires_ns=change.expires_ns)
        return self._refusal(new, now_ns)

    def _refusal_when_due(self, name: str, now_ns: int) -> str:
        """Why the order or the change `name` may not be written at this moment."""
        if name not in self.changes:
            return self._refusal(self.orders.intents[name].order, now_ns)
        change = self.changes.of(name)
        return self._change_refusal(change, now_ns) if change else "it is over"

    def _refused(self, intent_id: str, reason: str, now_ns: int) -> Answered:
        refused = OrderRefused(now_ns, intent_id, reason[:512])
        return OrderAnswer(intent_id, False, reason[:512]), self._apply([refused])
