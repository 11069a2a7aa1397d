"""The kinds of faults, by what they act on. A fault of one's own derives from one of them.

A fault's fields are its parameters. It has two sentences: what it `does`, and what a client should
do about it (`advice`).
"""

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from tapewire.simulator.exchange.orders import Order
from tapewire.simulator.faults.tws import OrderKey, Tws
from tapewire.simulator.protocol.requests import CancelOrder, PlaceOrder, Request
from tapewire.simulator.protocol.session import Session

Message = Sequence[str]


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Any fault."""

    does: ClassVar[str] = ""
    advice: ClassVar[str] = ""

    def refusal(self, _tws: Tws) -> str:
        """Why these parameters mean nothing to this TWS; empty if they do."""
        return ""


class OnTime(Fault, frozen=True, kw_only=True):
    """A fault that acts when it is its time, whatever happens then."""

    is_anytime: ClassVar[bool] = False  # also between two messages of one answer

    def act(self, tws: Tws) -> bool:
        """Do it. False: it is not possible yet, try again later."""
        raise NotImplementedError


class OnRequest(Fault, frozen=True, kw_only=True):
    """A fault that acts on a client's request, before TWS does."""

    def concerns(self, tws: Tws, session: Session, request: Request) -> bool:
        """Whether it could act on this request."""
        raise NotImplementedError

    def serve(self, tws: Tws, session: Session, request: Request) -> bool:
        """Act; true if TWS must not see the request. Raise BadRequest to answer with an error."""
        raise NotImplementedError


class OnOrder(Fault, frozen=True, kw_only=True):
    """A fault that acts on an order that a client sent, as soon as one `fits`: on the first that
    does, or with `tag` on one with that orderRef."""

    tag: str = ""

    def fits(self, tws: Tws, order: Order) -> bool:
        """Whether it can act on the order as it is now."""
        raise NotImplementedError

    def act(self, tws: Tws, order: Order) -> None:
        """Do it, once per order."""
        raise NotImplementedError


class OnMessage(Fault, frozen=True, kw_only=True):
    """A fault that acts on a message that TWS is about to send; not on market data."""

    def concerns(self, message: Message) -> bool:
        """Whether it could act on this message."""
        raise NotImplementedError

    def change(self, tws: Tws, session: Session, message: Message) -> list[Message]:
        """What is sent instead."""
        raise NotImplementedError


class OnClose(Fault, frozen=True, kw_only=True):
    """A fault that acts on a client's close: TWS notices it `seconds` later."""

    seconds: float = 30.0


def order_of(session: Session, request: Request) -> OrderKey | None:
    """The order that a request is about."""
    if isinstance(request, PlaceOrder | CancelOrder):
        return session.client_id, request.order_id
    return None


def is_new_order(tws: Tws, session: Session, request: Request) -> bool:
    """Whether the request is to place an order that TWS does not know."""
    return (
        isinstance(request, PlaceOrder)
        and not request.what_if
        and tws.parts.orders.find(session.client_id, request.order_id) is None
    )
