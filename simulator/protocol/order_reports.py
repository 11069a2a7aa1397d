"""What became of orders, in TWS's messages and in the audit.

The messages and their order are those that a real TWS was seen to send. For a fill: execDetails,
openOrder and orderStatus, once more openOrder with the commission if the order is filled, and
commissionReport.
"""

from collections.abc import Callable
from decimal import Decimal

from tapewire.common.amounts import text
from tapewire.simulator import audit
from tapewire.simulator.exchange.credit import Impact
from tapewire.simulator.exchange.orders import Execution, Order
from tapewire.simulator.protocol import messages
from tapewire.simulator.protocol.order_messages import Estimate, open_order, what_if
from tapewire.simulator.protocol.outbox import Outbox
from tapewire.simulator.protocol.session import Session

REJECTED = 201
CANCELLED = 202


class TwsOrderReports:
    """The simulated TWS's `OrderReports`.

    `session_of` finds the connection that a client id has now. `filled` is called after each
    execution, for those who subscribed to positions.
    """

    def __init__(
        self,
        outbox: Outbox,
        session_of: Callable[[int], Session | None],
        filled: Callable[[Execution], None],
    ) -> None:
        self._outbox = outbox
        self._session_of = session_of
        self._filled = filled

    def placed(self, order: Order) -> None:
        """Note it: `changed` tells the client."""
        event = "placed" if order.is_sent else "made"
        self._note(audit.order(self._outbox.now_ns, event, order))

    def modified(self, order: Order) -> None:
        """Note it: `changed` or `executed` tells the client."""
        self._note(audit.order(self._outbox.now_ns, "modified", order))

    def changed(self, order: Order) -> None:
        """Send openOrder and orderStatus to the client, if it is connected."""
        self._note(audit.status(self._outbox.now_ns, order))
        session = self._session_of(order.client_id)
        if session is not None:
            self._outbox.send(session, open_order(session.version, order))
            self._outbox.send(session, messages.order_status(order))

    def warned(self, order: Order, code: int, text: str) -> None:
        """Send the warning."""
        session = self._session_of(order.client_id)
        if session is not None:
            self._outbox.error(session, code, text, order.order_id)

    def rejected(self, order: Order) -> None:
        """Send the error, and then that the order is Inactive."""
        self._note(audit.order(self._outbox.now_ns, "rejected", order))
        session = self._session_of(order.client_id)
        if session is not None:
            reason = order.reason.removeprefix("Rejected by System:")
            self._outbox.error(
                session, REJECTED, f"Order rejected - reason:{reason}", order.order_id
            )
        self.changed(order)

    def cancelled(self, order: Order) -> None:
        """Send the status, and then what TWS calls an error."""
        self._note(audit.status(self._outbox.now_ns, order))
        session = self._session_of(order.client_id)
        if session is not None:
            self._outbox.send(session, messages.order_status(order))
            self._outbox.error(session, CANCELLED, "Order Canceled - reason:", order.order_id)

    def executed(self, execution: Execution, realised: Decimal | None) -> None:
        """Send the execution, what it made of the order, and what it cost. Of a combo the legs come
        first, each with its cost, and then the whole with what became of the order."""
        order = execution.order
        self._note(audit.execution(execution))
        session = self._session_of(order.client_id)
        if session is not None:
            fields = messages.execution(session.version, messages.NO_ID, execution)
            self._outbox.send(session, fields)
        if not order.leg:
            self.changed(order)
            if session is not None and not order.remaining:
                self._outbox.send(session, open_order(session.version, order, with_commission=True))
        if not order.legs:
            self._charged(execution, realised)

    def _charged(self, execution: Execution, realised: Decimal | None) -> None:
        self._note(audit.commission(execution, realised))
        session = self._session_of(execution.order.client_id)
        if session is not None:
            self._outbox.send(session, messages.commission_report(execution, realised))
        self._filled(execution)

    def estimated(self, order: Order, commission: Decimal, impact: Impact) -> None:
        """Send the what-if order without its numbers, and then with them, as TWS does."""
        session = self._session_of(order.client_id)
        if session is not None:
            self._outbox.send(session, what_if(session.version, order))
            estimate = Estimate(text(commission), impact)
            self._outbox.send(session, what_if(session.version, order, estimate))

    def _note(self, line: audit.Line) -> None:
        self._outbox.audit.append(line)
