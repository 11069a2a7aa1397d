"""What changes orders: places, modifies and cancels, as they wait in the outbox, and what becomes
of each.

The Gateway may turn a request away at its door: there were too many, or the token has just expired.
Then it has not looked at it, and nothing was done. An order goes back to the outbox, under the same
tag, and is asked about again before it is sent: what may not go any more by then is denied. So does
a cancel. A modify is rejected, for its terms are of a moment that is over.
"""

from collections.abc import Iterable, Iterator
from functools import partial

from tapewire.common import roles
from tapewire.common.events import SubmitOrder
from tapewire.gateway import broker
from tapewire.gateway.broker import BrokerEvent
from tapewire.gateway.effects import Effect
from tapewire.gateway.outbox import Outbox
from tapewire.gateway.projectx import requests
from tapewire.gateway.projectx.asked import Answer, Asked
from tapewire.gateway.projectx.orders import Orders
from tapewire.gateway.projectx.rows import each
from tapewire.gateway.projectx.words import Json, identifier


class Changes:
    """Queues them; `orders` knows whose each order is."""

    def __init__(self, outbox: Outbox[bytes], asked: Asked, orders: Orders) -> None:
        self._outbox, self._asked, self._orders = outbox, asked, orders

    def place(self, order: SubmitOrder, contract_id: str) -> None:
        """Queue a new order."""
        self._place(order, requests.place(order, contract_id))

    def _place(self, order: SubmitOrder, body: Json) -> None:
        line = self._asked.line(requests.PLACE, body, partial(self._placed, order, body))
        self._outbox.order(line, order.intent_id, closes=order.strategy == roles.RISK)

    def _placed(self, order: SubmitOrder, body: Json, answer: Answer) -> Iterator[BrokerEvent]:
        """An answer names the order, or says that there is none. Without one nobody knows."""
        if answer.is_turned_away:
            self._place(order, body)
            yield broker.OrderReturned(order.intent_id)
        elif refusal := answer.refusal:
            if not requests.TAG.search(refusal):  # then it is there: all orders are asked for
                yield broker.OrderReport(
                    reference=order.intent_id, status="rejected", account=order.account,
                    reason=refusal,
                )  # fmt: skip
        elif answer.found is not None:
            yield self._taken(order, answer.found.get("orderId"))
        elif not answer.is_uncertain:
            yield _in_doubt(f"{order.intent_id} was not answered: {answer.fault}")

    def _taken(self, order: SubmitOrder, number: object) -> BrokerEvent:
        """It is at the Gateway, under an id. Without one it is there, or it is not."""
        try:
            order_id = identifier(number)
        except ValueError as error:
            return _in_doubt(f"ProjectX has taken {order.intent_id} and does not name it ({error})")
        self._orders.taken(order_id, order.intent_id, order.account)
        return broker.OrderReport(
            reference=order.intent_id, order_id=order_id, permanent_id=order_id,
            status="accepted", account=order.account,
        )  # fmt: skip

    def modify(self, order_id: str, order: SubmitOrder, modify_id: str) -> None:
        """Queue new terms for an order."""
        body = requests.modify(order_id, order)
        take = partial(self._changed, order_id, "modify_rejected")
        line = self._asked.line(requests.MODIFY, body, take)
        self._outbox.order(line, modify_id, closes=order.strategy == roles.RISK)

    def cancel(self, order_id: str, account: str) -> None:
        """Queue a cancel."""
        body = {"accountId": int(account), "orderId": int(order_id)}
        take = partial(self._cancelled, order_id, account)
        self._outbox.cancel(self._asked.line(requests.CANCEL, body, take))

    def _cancelled(self, order_id: str, account: str, answer: Answer) -> Iterator[BrokerEvent]:
        if answer.is_turned_away:
            self.cancel(order_id, account)
        else:
            yield from self._changed(order_id, "cancel_rejected", answer)

    def _changed(self, order_id: str, effect: Effect, answer: Answer) -> Iterator[BrokerEvent]:
        """What became of a modify or a cancel; its success shows the order itself."""
        reason = answer.fault if answer.is_turned_away else answer.refusal
        if reason:
            yield broker.OrderError(order_id, answer.code, reason, effect, error_class="order")

    def cancel_all(self, accounts: Iterable[str]) -> None:
        """The Gateway has no such request, so the open orders are asked for, and each that is
        found is cancelled."""
        for one in accounts:
            take = partial(self._found, one)
            line = self._asked.line("/Order/searchOpen", {"accountId": int(one)}, take)
            self._outbox.cancel_everything(line, one)

    def _found(self, account: str, answer: Answer) -> Iterator[BrokerEvent]:
        if answer.is_turned_away:
            self.cancel_all([account])
            return
        if why := answer.lacks("orders"):
            yield broker.Complaint(f"orders may be left: ProjectX does not list them: {why}")
            return
        yield from each(answer.rows("orders"), partial(self._cancel_found, account))

    def _cancel_found(self, account: str, found: Json) -> Iterator[BrokerEvent]:
        """One that cannot be read goes too, as long as it has an id."""
        self.cancel(identifier(found["id"]), account)
        yield from self._orders.on_order(found, listed=False)


def _in_doubt(what: str) -> broker.Complaint:
    return broker.Complaint(f"{what}; all orders are asked for, and show what became of it")
