"""What becomes of orders at the exchange, for the user hub."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from tapewire.simulator import audit
from tapewire.simulator.exchange.account import Accounts
from tapewire.simulator.exchange.credit import Impact
from tapewire.simulator.exchange.orders import Execution, Order
from tapewire.simulator.projectx.hubs import EVERY
from tapewire.simulator.projectx.records import Records, trade_id
from tapewire.simulator.projectx.words import CHANGED, GONE, NEW, Json

Tell = Callable[[str, str, str, Json], None]
"""Sends a subject about something to whoever wants it: by the method that it calls there."""
TARGETS: Final = {
    "Accounts": "GatewayUserAccount",
    "Orders": "GatewayUserOrder",
    "Positions": "GatewayUserPosition",
    "Trades": "GatewayUserTrade",
}


class UserReports:
    """The order handler's reports as messages of the user hub, and a line of the audit for each;
    see `OrderReports`. `now_ns` is the time of what is being handled."""

    def __init__(self, records: Records, accounts: Accounts, tell: Tell) -> None:
        self.now_ns = 0
        self.audit: list[audit.Line] = []
        self._records = records
        self._accounts = accounts
        self._tell = tell

    def placed(self, order: Order) -> None:
        """Note it, and report the new order."""
        self._records.placed(order, self.now_ns)
        self.audit.append(audit.order(self.now_ns, "placed", order))

    def modified(self, order: Order) -> None:
        """Note it: `changed` or `executed` reports it."""
        self.audit.append(audit.order(self.now_ns, "modified", order))

    def changed(self, order: Order) -> None:
        """Report the order as it is now."""
        self._records.changed(order, self.now_ns)
        self.audit.append(audit.status(self.now_ns, order))
        self._send_order(order)

    def warned(self, order: Order, code: int, text: str) -> None:
        """The Gateway has no warnings."""

    def rejected(self, order: Order) -> None:
        """Report that it was rejected."""
        if order.perm_id not in self._records.placed_ns:  # it was never `placed`
            self._records.placed(order, self.now_ns)
        self.audit.append(audit.order(self.now_ns, "rejected", order))
        self.changed(order)

    def cancelled(self, order: Order) -> None:
        """Report the order's end."""
        self.changed(order)

    def executed(self, execution: Execution, realised: Decimal | None) -> None:
        """Report the trade, what it made of the order and of the position, and the balance."""
        order = execution.order
        trade = f"{trade_id(execution)}.01"  # as its books have it
        self.audit.append({**audit.execution(execution), "exec_id": trade})
        self.audit.append(audit.status(self.now_ns, order))
        self._records.traded(execution)
        self._send("Trades", order.account, NEW, self._records.trade(execution, realised))
        self._send_order(order)
        self._send_position(order)
        self._tell_account(order.account)

    def estimated(self, order: Order, commission: Decimal, impact: Impact) -> None:
        """The Gateway has no what-if orders."""

    def _send_order(self, order: Order) -> None:
        self._send("Orders", order.account, CHANGED, self._records.order(order))

    def _send_position(self, order: Order) -> None:
        symbol = order.instrument.symbol
        holding = self._accounts.books[order.account].holdings[symbol]
        position = self._records.position(order.account, holding)
        self._send("Positions", order.account, CHANGED if holding.quantity else GONE, position)
        if not holding.quantity:
            self._records.closed(order.account, symbol)

    def _tell_account(self, name: str) -> None:
        self._tell(
            "Accounts", EVERY, TARGETS["Accounts"],
            {"action": CHANGED, "data": self._records.account(name)},
        )  # fmt: skip

    def _send(self, subject: str, account: str, action: int, data: Json) -> None:
        about = str(self._records.account_ids[account])
        self._tell(subject, about, TARGETS[subject], {"action": action, "data": data})
