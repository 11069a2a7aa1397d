"""What clients ask of orders: it reaches the exchange at once, or after its latency."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tapewire.simulator.answers.family import Handler
from tapewire.simulator.exchange.order_handler import OrderHandler
from tapewire.simulator.faults.wiring import FaultyOutbox
from tapewire.simulator.protocol import requests as ask
from tapewire.simulator.protocol.session import Session, State


@contextmanager
def answering(session: Session, outbox: FaultyOutbox) -> Iterator[None]:
    """Whatever a client did wrong is answered by an error, if it is still there."""
    try:
        yield
    except ask.BadRequest as bad:
        if session.state is State.SERVING:
            outbox.error(session, bad.code, bad.text, bad.req_id)


def order_handlers(orders: OrderHandler, outbox: FaultyOutbox) -> dict[type[ask.Request], Handler]:
    """By the kind of a request what is done with it."""

    def arrives(do: Callable[[Session, Any], None]) -> Handler:
        def do_later(session: Session, request: ask.Request) -> None:
            def act() -> None:
                with answering(session, outbox):
                    do(session, request)

            orders.arrive(outbox.now_ns, act)

        return do_later

    return {
        ask.PlaceOrder: arrives(lambda s, one: orders.place(s.client_id, one, outbox.now_ns)),
        ask.CancelOrder: arrives(lambda s, one: orders.cancel(s.client_id, one, outbox.now_ns)),
        ask.GlobalCancel: arrives(lambda _session, _one: orders.cancel_all(outbox.now_ns)),
    }
