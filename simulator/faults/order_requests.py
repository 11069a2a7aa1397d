"""Faults of order requests: what TWS does not do, or does otherwise."""

from decimal import Decimal

import msgspec

from tapewire.simulator.exchange.orders import TERMS, ZERO, Order
from tapewire.simulator.exchange.terms import terms_of
from tapewire.simulator.faults.connection import Seconds
from tapewire.simulator.faults.kinds import OnRequest, is_new_order
from tapewire.simulator.faults.tws import Tws
from tapewire.simulator.protocol.requests import BadRequest, CancelOrder, PlaceOrder, Request
from tapewire.simulator.protocol.session import Session


def twin_of(order: Order, quantity: Decimal, **changed: object) -> Order:
    """Another order like this one, which no client sent, and of which nothing is filled."""
    fresh = {
        "quantity": quantity, "perm_id": 0, "rank": 0, "is_sent": False, "resting": False,
        "filled": ZERO, "notional": ZERO, "cost": ZERO, "commission": ZERO, "last_price": ZERO,
        "executions": 0, "reason": "", "done_ns": 0, "status": "PreSubmitted", "hold": "",
        "touches": 0, "counted": -1, "released": None, "leg_orders": [],
    }  # fmt: skip
    twin: Order = msgspec.structs.replace(order, **(fresh | changed))
    return twin


class OfNewOrder(OnRequest, frozen=True, kw_only=True):
    """A fault of new orders."""

    def concerns(self, tws: Tws, session: Session, request: Request) -> bool:
        """A new order."""
        return is_new_order(tws, session, request)


class Swallowed(OfNewOrder, frozen=True, kw_only=True):
    """A new order."""

    does = "A new order is neither answered nor known: it was lost on its way."
    advice = "Ask for it; call it lost only after several clean looks, and never send it again."

    def serve(self, tws: Tws, session: Session, request: Request) -> bool:
        """Drop it."""
        return True


class Unanswered(OfNewOrder, frozen=True, kw_only=True):
    """A new order."""

    does = "TWS takes a new order and never says a word about it unless it is asked."
    advice = "After a while without an answer, ask for open orders, executions, completed orders."

    def serve(self, tws: Tws, session: Session, request: Request) -> bool:
        """Take it in silence."""
        if isinstance(request, PlaceOrder):
            tws.unanswered.add((session.client_id, request.order_id))
        return False


class LateOrder(OfNewOrder, frozen=True, kw_only=True):
    """A new order."""

    does = "A new order reaches TWS only `seconds` later; until then TWS does not know it."
    advice = "An order that you called lost may turn up working: take TWS's word for it."
    seconds: Seconds = 60.0
    client_id: int | None = None

    def concerns(self, tws: Tws, session: Session, request: Request) -> bool:
        """A new order of the client, or of any."""
        is_of = self.client_id in (None, session.client_id)
        return is_of and super().concerns(tws, session, request)

    def serve(self, tws: Tws, session: Session, request: Request) -> bool:
        """Enter it later."""
        assert isinstance(request, PlaceOrder)
        order = tws.parts.orders.order_of(session.client_id, request)
        tws.after(self.seconds, lambda: tws.parts.orders.enter(order, tws.now_ns))
        return True


class Rejected(OfNewOrder, frozen=True, kw_only=True):
    """Code 201 rejects it as the exchange does; any other code is an error and nothing else."""

    does = "A new order is rejected with the error `code`."
    advice = "The order is over; do not send it again."
    code: int = 201
    text: str = "Rejected by a fault"

    def serve(self, tws: Tws, session: Session, request: Request) -> bool:
        """Reject it."""
        assert isinstance(request, PlaceOrder)
        if self.code != 201:
            raise BadRequest(request.order_id, self.code, self.text)
        tws.parts.orders.place(session.client_id, request, tws.now_ns, refusal=self.text)
        return True


class CancelNotFound(OnRequest, frozen=True, kw_only=True):
    """A cancel of a working order."""

    does = "A cancel is answered with 10147 (not found), though the order works on."
    advice = "Do not take the order for cancelled: ask for it."

    def concerns(self, tws: Tws, session: Session, request: Request) -> bool:
        """A cancel of an order that could be cancelled."""
        if not isinstance(request, CancelOrder):
            return False
        order = tws.parts.orders.find(session.client_id, request.order_id)
        return order is not None and order.is_open

    def serve(self, tws: Tws, session: Session, request: Request) -> bool:
        """Deny that the order exists."""
        assert isinstance(request, CancelOrder)
        text = f"OrderId {request.order_id} that needs to be cancelled is not found."
        raise BadRequest(request.order_id, 10147, text)


class ModifySplit(OnRequest, frozen=True, kw_only=True):
    """A modify of a working order."""

    does = "A modify leaves two live orders under one order id and tag: the old terms and the new."
    advice = "Only the first permId is yours: halt the symbol and let a person decide."

    def concerns(self, tws: Tws, session: Session, request: Request) -> bool:
        """A modify of an order that works."""
        if not isinstance(request, PlaceOrder) or request.what_if:
            return False
        order = tws.parts.orders.find(session.client_id, request.order_id)
        return order is not None and order.is_open

    def serve(self, tws: Tws, session: Session, request: Request) -> bool:
        """Enter another order with the new terms."""
        assert isinstance(request, PlaceOrder)
        order = tws.parts.orders.find(session.client_id, request.order_id)
        assert order is not None
        terms = terms_of(request, order.instrument)
        if terms.quantity <= order.filled:
            return False  # TWS refuses such a modify
        changed = {name: getattr(terms, name) for name in TERMS}
        changed["quantity"] = terms.quantity - order.filled
        twin = twin_of(order, **changed, asked=terms)
        tws.parts.orders.enter(twin, tws.now_ns)
        return True
