"""What becomes of orders at the exchange, reported to the gateways that placed them."""

from decimal import Decimal

from msgspec.structs import replace

from tapewire.gateway.tws.errors import order_error
from tapewire.simulator import audit
from tapewire.simulator.exchange.account import Accounts
from tapewire.simulator.exchange.credit import Impact
from tapewire.simulator.exchange.orders import Execution, Order
from tapewire.simulator.exchange.values import Refresh
from tapewire.virtual.direct import reports
from tapewire.virtual.direct.clients import Clients

REJECTED = 201


class DirectOrderReports:
    """The order handler's reports as objects, and a line of the audit for each; see `OrderReports`.
    `now_ns` is the time of what is being handled."""

    def __init__(self, clients: Clients, accounts: Accounts, refresh: Refresh) -> None:
        self.now_ns = 0
        self._clients = clients
        self._accounts = accounts
        self._refresh = refresh
        self._audit: list[audit.Line] = []

    def take_audit(self) -> list[audit.Line]:
        """What was done with orders, since the last call."""
        taken, self._audit = self._audit, []
        return taken

    def placed(self, order: Order) -> None:
        """Note it: `changed` tells the client."""
        self._audit.append(audit.order(self.now_ns, "placed", order))

    def modified(self, order: Order) -> None:
        """Note it: `changed` or `executed` tells the client."""
        self._audit.append(audit.order(self.now_ns, "modified", order))

    def changed(self, order: Order) -> None:
        """Report the order to its client, if that is connected."""
        self._audit.append(audit.status(self.now_ns, order))
        self._clients.send(order.client_id, reports.order_report(order))

    def warned(self, order: Order, code: int, text: str) -> None:
        """Report the warning."""
        order_id, client_id = str(order.order_id), str(order.client_id)
        warning = order_error(order_id, code, text, "warning", client_id)
        self._clients.send(order.client_id, warning)

    def rejected(self, order: Order) -> None:
        """Report why, and then what became of the order."""
        self._audit.append(audit.order(self.now_ns, "rejected", order))
        order_id, client_id = str(order.order_id), str(order.client_id)
        text = f"Order rejected - reason:{order.reason.removeprefix('Rejected by System:')}"
        error = order_error(order_id, REJECTED, text, "rejected", client_id)
        self._clients.send(order.client_id, error)
        self.changed(order)

    def cancelled(self, order: Order) -> None:
        """Report the order's end."""
        self.changed(order)

    def executed(self, execution: Execution, realised: Decimal | None) -> None:
        """Report the execution, what it made of the order and what it cost; then the position, to
        everybody who watches positions. Of a combo that is what its legs did, and then what became
        of the order."""
        order = execution.order
        self._refresh.moved(self.now_ns)
        self._audit.append(audit.execution(execution))
        if not order.leg:
            self._audit.append(audit.status(self.now_ns, order))
        if order.client_id in self._clients.serving:
            self._clients.send(order.client_id, *_of_execution(execution))
        if not order.legs:
            self._send_position(order)

    def _send_position(self, order: Order) -> None:
        holding = self._accounts.books[order.account].holdings[order.instrument.symbol]
        for one in self._clients.connected.values():
            if one.watches_positions:
                one.out.append(reports.position_report(order.account, holding))

    def estimated(self, order: Order, commission: Decimal, impact: Impact) -> None:
        """Report what the order would cost and do to the account."""
        self._clients.send(order.client_id, reports.what_if_report(order, commission, impact))


def _of_execution(execution: Execution) -> list[reports.Report]:
    """A combo's legs have executions with commissions, and its order is the whole. Two executions
    of one moment are told of apart, and each with the order as it is after both: so the first of
    them comes with a claim that goes beyond it."""
    order = execution.order
    found: list[reports.Report] = []
    if not order.legs:
        found.append(reports.execution_report(execution))
    if not order.leg:
        found.append(replace(reports.order_report(order), filled=None))
        found.append(reports.status_report(order))
    if not order.legs:
        found.append(reports.commission_report(execution))
    return found
