"""The executor's core: a signal becomes one intent, or a denial, and is followed to its end.

Once and only once comes of three things: the intent's id is made from the signal's, so a signal
that is sent again is an intent that is known; the gateway takes an intent once, so asking it
again is harmless; and what the executor does not know after a crash, the gateway's journal tells.
"""

from collections.abc import Iterable, Sequence

from tapewire.common.events import (
    AccountPosition,
    AnySignal,
    Commission,
    Event,
    Fill,
    OrderAnswer,
    OrderChanged,
    OrderCreated,
    OrderDenied,
    OrderExpired,
    OrderIntended,
    OrderRefused,
    Signal,
    SubmitOrder,
)
from tapewire.common.instruments import Instrument
from tapewire.executor.changes import CHANGES, OWN, Changes, Command, intent_id_of
from tapewire.executor.ledger import Ledger, Order
from tapewire.executor.order_state import after
from tapewire.risk.rules import Rule


class Executor:
    """Decides what becomes of signals; state changes in `apply` and `on_broker` alone.

    After a start the gateways' journals are read again from their beginning, and orders go once
    more through all their states. Nothing of that is news: `caught_up` ends it, and tells what is.
    """

    def __init__(
        self, rules: Sequence[Rule], instruments: Iterable[Instrument], *, retry_ms: int = 500
    ) -> None:
        self.rules = rules
        self.instruments = {i.symbol: i for i in instruments}
        self.ledger = Ledger(self.instruments.values())
        self.live = False
        self._answered: set[str] = set()
        self.untraded = 0  # signals that were denied or had expired
        self.changes = Changes(self.ledger, rules, self._answered)
        self._retry_ns = retry_ms * 1_000_000

    def __repr__(self) -> str:
        return f"<Executor {len(self.ledger.orders)} orders, {len(self._answered)} signals>"

    # ---- state -------------------------------------------------------------------------------

    def apply(self, event: Event) -> None:
        """Take in an event of the own journal, now or when it is read again."""
        if isinstance(event, OrderCreated):
            self._answered.add(event.signal_id)
            self.ledger.add(event.order)
        elif isinstance(event, OWN):
            self._answered.add(event.signal_id)
            self.untraded += isinstance(event, OrderDenied | OrderExpired)
            self.changes.apply(event)
        elif isinstance(event, OrderChanged):
            entry = self.ledger.orders[event.intent_id]
            entry.told_state, entry.told_filled = event.state, event.filled
            entry.reason = event.reason

    # ---- signals -----------------------------------------------------------------------------

    def on_signal(self, signal: AnySignal, now_ns: int) -> tuple[list[Event], list[SubmitOrder]]:
        """The answer to a signal, and the order to send; nothing for one that was answered.

        What a cancel or a change asks for comes with `tick`.
        """
        if signal.id in self._answered:
            return [], []
        if signal.expires_ns < now_ns:
            return self._applied([OrderExpired(now_ns, signal.id, signal.strategy)]), []
        if not isinstance(signal, Signal):
            return self._applied(self.changes.on_signal(signal, now_ns)), []
        order = _intent(signal, now_ns)
        reason = self._refusal(order)
        if reason:
            denied = OrderDenied(now_ns, signal.id, signal.strategy, reason[:512])
            return self._applied([denied]), []
        events = self._applied([OrderCreated(now_ns, signal.id, order)])
        self.ledger.orders[order.intent_id].asked_ns = now_ns
        return events, [order]

    def _refusal(self, order: SubmitOrder) -> str:
        if order.symbol not in self.instruments:
            return f"symbol {order.symbol} is not configured; expected one of [[instruments]]"
        if order.quantity <= 0:
            return f"quantity is {order.quantity}, must be above 0"
        if (order.order_type == "LMT") != (order.limit_price is not None):
            return f"a {order.order_type} order with limit_price {order.limit_price}"
        exposure = self.ledger.exposure(order.symbol)
        return next((r for rule in self.rules if (r := rule.refusal(order, exposure))), "")

    # ---- the gateway -------------------------------------------------------------------------

    def on_broker(self, event: Event, now_ns: int) -> list[Event]:
        """An event of a gateway's journal: what changed by it."""
        if isinstance(event, Fill):
            entry = self.ledger.apply_fill(event)
            return self._changes(entry, now_ns) if entry else []
        if isinstance(event, Commission | AccountPosition):
            self.ledger.apply_account(event)
            return []
        if isinstance(event, CHANGES):
            return self._applied(self.changes.on_broker(event, now_ns, live=self.live))
        if isinstance(event, OrderIntended) and event.order.intent_id not in self.ledger.orders:
            return self._adopt(event, now_ns)
        if isinstance(event, OrderIntended):
            entry = self.ledger.orders[event.order.intent_id]
        else:
            entry = self.ledger.orders.get(getattr(event, "intent_id", ""))
        if entry is None:
            return []
        state = after(entry.state, event)
        if state != entry.state:
            self.ledger.move(entry, state, getattr(event, "reason", ""))
        return self._changes(entry, now_ns)

    def on_answer(self, answer: OrderAnswer, now_ns: int) -> list[Event]:
        """The gateway answered for an intent: it need not be asked again.

        What it did comes from its journal, all but one thing: an intent that it had refused
        before this executor knew of it (an earlier one asked, and died) it refuses without a
        new event.
        """
        if answer.intent_id in self.changes:
            return self._applied(self.changes.on_answer(answer, now_ns))
        entry = self.ledger.orders.get(answer.intent_id)
        if entry is None:
            return []
        entry.answered = True
        if answer.accepted:
            return []
        refused = OrderRefused(now_ns, answer.intent_id, answer.reason)
        self.ledger.move(entry, after(entry.state, refused), answer.reason)
        return self._changes(entry, now_ns)

    def tick(self, now_ns: int) -> list[Command]:
        """What is late to be answered, to be asked for again; the gateway knows it or not."""
        late: list[Command] = []
        for entry in self.ledger.live():
            if entry.answered and entry.cancel is None and entry.modify is None:
                continue
            late += self.changes.due(entry, now_ns, self._retry_ns)
            if (
                entry.state == "CREATED"
                and not entry.answered
                and now_ns - entry.asked_ns >= self._retry_ns
            ):
                entry.asked_ns = now_ns
                late.append(entry.order)
        return late

    def caught_up(self, now_ns: int) -> list[Event]:
        """The gateways' journals are known to their ends: what the own one does not say yet."""
        if self.live:
            return []
        self.live = True
        events: list[Event] = []
        for entry in list(self.ledger.orders.values()):
            if entry.state == "CREATED":  # a gateway that lost its journal does not undo an order
                self.ledger.move(entry, entry.told_state, entry.reason)
            events += self._changes(entry, now_ns)
            events += self._applied(self.changes.news(entry, now_ns))
        return events

    # ---- inside ------------------------------------------------------------------------------

    def _adopt(self, event: OrderIntended, now_ns: int) -> list[Event]:
        """An order that was sent before this process wrote it down: the gateway's word counts."""
        if event.order.strategy == "risk":
            return []
        signal_id = event.order.signal_id or event.order.intent_id
        created = OrderCreated(now_ns, signal_id, event.order)
        self._applied([created])
        entry = self.ledger.orders[event.order.intent_id]
        self.ledger.move(entry, "INTENDED", "")
        return [created, *self._changes(entry, now_ns)]

    def _changes(self, entry: Order, now_ns: int) -> list[Event]:
        """What the own journal does not say yet about an order."""
        if not entry.live:
            entry.cancel = None
        told = entry.state == entry.told_state and entry.filled == entry.told_filled
        if told or not self.live:
            return []
        order = entry.order
        changed = OrderChanged(
            now_ns, order.intent_id, order.strategy, entry.state, entry.filled, entry.reason
        )
        return self._applied([changed])

    def _applied(self, events: list[Event]) -> list[Event]:
        for event in events:
            self.apply(event)
        return events


def _intent(signal: Signal, now_ns: int) -> SubmitOrder:
    """The one order that a signal stands for; its id is the signal's, with the leg's number."""
    return SubmitOrder(
        intent_id=intent_id_of(signal.id),
        ts_ns=now_ns,
        strategy=signal.strategy,
        symbol=signal.symbol,
        action=signal.action,
        quantity=signal.quantity,
        order_type=signal.order_type,
        expires_ns=signal.expires_ns,
        limit_price=signal.limit_price,
        signal_id=signal.id,
        signal_ns=signal.ts_ns,
        cause_id=signal.cause_id,
        cause_ns=signal.cause_ns,
    )
