"""Order entry: what is asked of orders, and which of it may go to the broker.

Whatever is queued here is asked about again when its turn comes. What may not go then is denied in
an event, and nothing of it is written.
"""

from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from tapewire.common import roles
from tapewire.common.accounting.book import Key
from tapewire.common.accounting.exposure import (
    Exposure,
    Exposures,
    exposures_of,
    is_reducing,
)
from tapewire.common.accounting.oca import exposures_beside
from tapewire.common.clock import Now
from tapewire.common.events import (
    TEXT_MAX,
    CancelOrder,
    Event,
    GroupIntended,
    ModifyOrder,
    OrderAnswer,
    OrderDenied,
    OrderIntended,
    OrderModifyIntended,
    OrderModifyRejected,
    SubmitGroup,
    SubmitOrder,
    only_smaller,
)
from tapewire.common.events.expiry import has_expired
from tapewire.gateway.broker import Broker, Verdict
from tapewire.gateway.orders.admission import Gate
from tapewire.gateway.orders.group_queue import GroupQueue, fault_of, last_of_families
from tapewire.gateway.orders.holdings import Holdings
from tapewire.gateway.orders.intent import Intent
from tapewire.gateway.orders.limits import Limits
from tapewire.gateway.orders.registry import Registry

Answered = tuple[OrderAnswer, list[Event]]
WITHDRAWN = "it was cancelled before it was sent"
TOO_EARLY = "it was cancelled before it arrived"


class OrderEntry:
    """Takes orders, groups of them, modifies and cancels.

    `blocked` says why no order may go now, "" if it may; `logged_out` says the same of cancels,
    which need a session and may go while the broker's orders are still being read; `unsure` says
    why positions are not relied on. `apply` makes events the state and gives them back.
    """

    def __init__(
        self,
        broker: Broker,
        registry: Registry,
        gate: Gate,
        holdings: Holdings,
        limits: Limits,
        *,
        blocked: Callable[[], str],
        logged_out: Callable[[], str],
        unsure: Callable[[Now], str],
        apply: Callable[[list[Event]], list[Event]],
    ) -> None:
        self._broker = broker
        self._registry = registry
        self._orders = registry.orders
        self._modifies = registry.modifies
        self._gate = gate
        self._holdings = holdings
        self._limits = limits
        self._blocked = blocked
        self._logged_out = logged_out
        self._unsure = unsure
        self._apply = apply
        self._taken: set[str] = set()  # since the last commit began
        self._sealed: set[str] = set()  # in the commit that is under way
        self._groups = GroupQueue()

    # ---- orders and modifies -------------------------------------------------------------------

    def submit(self, order: SubmitOrder, now: Now) -> Answered:
        """Take an order once: a repeated intent gets the answer that it got first."""
        before = self._registry.answer(order.intent_id)
        if before is not None:
            return before, []
        denial = self._registry.denial(order) or self._denial(order, now, arriving=True)
        if denial:
            return self._denied(order, denial, now)
        order_id = self._broker.new_order_id()
        try:
            self._broker.submit(order_id, order)
        except ValueError as error:
            return self._denied(order, str(error), now)
        self._taken.add(order.intent_id)
        intended = OrderIntended(now.wall_ns, order_id, order, self._broker.client_id)
        return OrderAnswer(order.intent_id, accepted=True), self._apply([intended])

    def submit_group(self, group: SubmitGroup, now: Now) -> Answered:
        """Take all orders of a group once, or none of them."""
        known = [self._registry.answer(order.intent_id) for order in group.orders]
        if any(answer is not None and answer.accepted for answer in known):
            return OrderAnswer(group.id, accepted=True), []
        denied = next((answer.reason for answer in known if answer is not None), "")
        denial = denied or fault_of(group) or self._group_denial(group.orders, now, arriving=True)
        queued = [] if denial else self._queue(group)
        if isinstance(queued, str) or denial:
            denial = denial or str(queued)
            news = [o for o, before in zip(group.orders, known, strict=True) if before is None]
            events: list[Event] = [_denial_of(order, denial, now) for order in news]
            return OrderAnswer(group.id, False, denial[:TEXT_MAX]), self._apply(events)
        self._taken.add(group.id)
        intended = [
            OrderIntended(now.wall_ns, order_id, order, self._broker.client_id)
            for order_id, order in zip(queued, group.orders, strict=True)
        ]
        events = self._apply([GroupIntended(now.wall_ns, group), *intended])
        return OrderAnswer(group.id, accepted=True), events

    def _queue(self, group: SubmitGroup) -> list[str] | str:
        """Queue a group as one piece; returns the order ids, or why it cannot be put into the
        broker's terms."""
        ids: dict[str, str] = {}
        last = last_of_families(group)
        for order in group.orders:
            order_id = ids[order.intent_id] = self._broker.new_order_id()
            self._broker.used_order_id(order_id)  # or the next would get the same
            is_last = order.intent_id in last
            try:
                self._broker.submit(order_id, order, ids.get(order.parent_id, ""), transmit=is_last)
            except ValueError as error:
                for intent_id in ids:
                    self._broker.withdraw(intent_id)
                return str(error)
        self._broker.join(group.id, list(ids))
        self._groups.add(group)
        return list(ids.values())

    def modify(self, modify: ModifyOrder, now: Now) -> Answered:
        """Take new terms for an order once: a repeated one gets the answer that it got first."""
        before = self._modifies.answer(modify.id)
        if before is not None:
            return before, []
        denial = self._modify_denial(modify, now, arriving=True)
        intent = self._orders.get(modify.intent_id)
        if not denial and intent is not None:
            new = replace(intent.order, terms=modify.terms)
            parent = self._orders.get(new.parent_id)
            try:
                self._broker.modify(
                    intent.order_id, new, modify.id, parent.order_id if parent else ""
                )
            except ValueError as error:
                denial = str(error)
        account = intent.order.account if intent is not None else ""
        if denial or intent is None:
            rejected = OrderModifyRejected(
                now.wall_ns, account, modify.intent_id, modify.id, 0, denial[:TEXT_MAX]
            )
            return OrderAnswer(modify.id, False, rejected.reason), self._apply([rejected])
        events = self._apply([OrderModifyIntended(now.wall_ns, account, modify)])
        self._modifies.queued.add(modify.id)
        self._taken.add(modify.id)
        return OrderAnswer(modify.id, accepted=True), events

    # ---- cancels -------------------------------------------------------------------------------

    def cancel(self, command: CancelOrder, now: Now) -> Answered:
        """Ask the broker to cancel an order; what becomes of it comes as an event.

        One that still waits for its turn is taken out of the queue, with its group: a cancel would
        overtake it.
        One that has not arrived yet is denied when it arrives.
        """
        name = command.id or command.intent_id
        if self._registry.answer(command.intent_id) is None:
            denied = OrderDenied(
                now.wall_ns, "", "", roles.GATEWAY, TOO_EARLY, intent_id=command.intent_id
            )
            return OrderAnswer(name, accepted=True), self._apply([denied])
        intent = self._orders.get(command.intent_id)
        queued_as = self._groups.name_of(command.intent_id)
        names = self._broker.withdraw(queued_as)
        if intent is not None and intent.modify is not None:
            names += self._broker.withdraw(intent.modify.id)
        events = self._apply(self.unsent(names, WITHDRAWN, now))
        if queued_as in names:
            return OrderAnswer(name, accepted=True), events
        reason = "" if intent and intent.remaining else "no live order with this id"
        reason = reason or self._logged_out()
        if intent is not None and not (reason or intent.order_id):
            reason = "the broker has not confirmed the order yet, so it has no id to cancel"
        if intent is not None and intent.client_id not in ("", self._broker.client_id):
            reason = reason or f"only client id {intent.client_id} can cancel it, which placed it"
        if intent is not None and not reason:
            reason = _refusal(self._broker.cancel, intent.order_id)
        return OrderAnswer(name, not reason, reason[:TEXT_MAX]), events

    def cancel_all(self, now: Now) -> Answered:
        """Ask the broker to cancel every order of the login; nothing that waits here goes."""
        withdrawn = self._apply(self.unsent(self._broker.withdraw(), WITHDRAWN, now))
        reason = self._logged_out()
        if not reason:
            self._broker.cancel_all()
        return OrderAnswer("", not reason, reason[:TEXT_MAX]), withdrawn

    # ---- what goes to the broker ---------------------------------------------------------------

    def seal(self) -> None:
        """A commit begins: what was taken so far is in it."""
        self._sealed, self._taken = self._sealed | self._taken, set()

    def durable(self) -> None:
        """That commit is on disk: what was sealed may go to the broker."""
        self._sealed.clear()

    def release(self, now: Now) -> tuple[bytes, list[Intent], list[Event]]:
        """The bytes that may be written now, the intents whose orders are among them, denials."""
        denied: list[Event] = []

        def verdict(name: str) -> Verdict:
            if name in self._taken or name in self._sealed:
                return "wait"
            reason = self._denial_when_due(name, now)
            if reason:
                denied.extend(self._apply(self.unsent([name], reason, now)))
            return "drop" if reason else "send"

        data, names = self._broker.release(now, verdict)
        intents = []
        for name in names:
            if name in self._modifies:
                self._modifies.written(name, now)
                continue
            for intent_id in self._groups.taken(name):
                intent = self._orders[intent_id]
                intent.written = now
                intents.append(intent)
        return data, intents, denied

    def unsent(self, names: Iterable[str], reason: str, now: Now) -> list[Event]:
        """What is to be reported of orders and modifies that were queued and will not be sent."""
        events: list[Event] = []
        for name in names:
            if name in self._modifies:
                events += self._modifies.dropped(name, reason, now.wall_ns)
                continue
            for intent_id in self._groups.taken(name):
                events.append(_denial_of(self._orders[intent_id].order, reason, now))
        return events

    # ---- admission -----------------------------------------------------------------------------

    def _group_denial(
        self, orders: Sequence[SubmitOrder], now: Now, *, arriving: bool = False
    ) -> str:
        """Why a group may not go: one of its orders may not, beside the others."""
        for order in orders:
            reason = self._registry.denial(order) if arriving else ""
            others = orders if arriving else ()  # later they count already
            if reason := reason or self._denial(order, now, others, arriving=arriving):
                return f"{order.role} {order.intent_id}: {reason}"
        return ""

    def _denial(
        self,
        order: SubmitOrder,
        now: Now,
        others: Sequence[SubmitOrder] = (),
        *,
        arriving: bool = False,
    ) -> str:
        reason = self._unconfigured(order) or self._blocked()
        if reason:
            return reason
        if order.account not in self._broker.accounts:
            return "the order's account is not one of this login's"
        exposures = self._exposures(order, others)
        if order.reduces_only:
            exposures = {key: self._without_waiting(key, order, e) for key, e in exposures.items()}
        reason = self._gate.denial(order, now, exposures, self._unsure(now))
        if reason or is_reducing(order, exposures):
            return reason
        known = self._orders.get(order.intent_id)
        return self._limits.denial(order, known, exposures, now, arriving=arriving, beside=others)

    def _exposures(self, order: SubmitOrder, others: Sequence[SubmitOrder]) -> Exposures:
        """Where an order trades, without itself, and with the others of its group."""

        def of(account: str, symbol: str) -> Exposure:
            return self._holdings.exposure(account, symbol, self._orders, without=order)

        return exposures_beside(order, others, of) if others else exposures_of(order, of)

    def _without_waiting(self, key: Key, order: SubmitOrder, exposure: Exposure) -> Exposure:
        """What an order that only reduces is judged by: the exits of a bracket that has entered
        nothing are not in its way, or a position would have no stop for as long as another
        bracket waits."""
        side = order.terms.side
        waiting = self._orders.waiting(*key, side)
        if side == "BUY":
            return replace(exposure, buying=exposure.buying - waiting)
        return replace(exposure, selling=exposure.selling - waiting)

    def _modify_denial(self, modify: ModifyOrder, now: Now, *, arriving: bool = False) -> str:
        """Admission is asked about what remains of the order with its new terms.

        Only one that makes the order smaller, and changes nothing else, needs no leave.
        """
        reason = self._modifies.denial(modify) or self._blocked()
        if reason:
            return reason
        intent = self._orders[modify.intent_id]
        if reason := self._unconfigured(intent.order):
            return reason
        if has_expired(modify, now):
            return "it expired before it could be sent"
        if only_smaller(modify.terms, intent.terms):
            return ""
        remaining = replace(modify.terms, quantity=modify.terms.quantity - intent.filled)
        new = replace(
            intent.order, terms=remaining,
            expires_ns=modify.expires_ns, expires_mono_ns=modify.expires_mono_ns,
        )  # fmt: skip
        return self._denial(new, now, arriving=arriving)

    def _unconfigured(self, order: SubmitOrder) -> str:
        for symbol in order.symbols:
            if not self._broker.trades(symbol):
                return f"symbol {symbol} is not configured; it must be one of [[instruments]]"
        return ""

    def _denial_when_due(self, name: str, now: Now) -> str:
        """Why the order, the group or the modify `name` may not be written at this moment."""
        if group := self._groups.orders(name):
            return self._group_denial(group, now)
        if name not in self._modifies:
            return self._denial(self._orders[name].order, now)
        modify = self._modifies.of(name)
        return self._modify_denial(modify, now) if modify else "it is over"

    def _denied(self, order: SubmitOrder, reason: str, now: Now) -> Answered:
        denied = _denial_of(order, reason, now)
        return OrderAnswer(order.intent_id, False, denied.reason), self._apply([denied])


def _refusal(ask: Callable[[str], None], order_id: str) -> str:
    """Why the adapter does not take what is asked of an order; empty if it does."""
    try:
        ask(order_id)
    except ValueError as error:
        return str(error)
    return ""


def _denial_of(order: SubmitOrder, reason: str, now: Now) -> OrderDenied:
    return OrderDenied(
        now.wall_ns, order.account, order.strategy, roles.GATEWAY, reason[:TEXT_MAX],
        intent_id=order.intent_id,
    )  # fmt: skip
