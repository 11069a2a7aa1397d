"""What the Gateway keeps about orders, trades and positions beside what the exchange does, and how
each of them is written."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from tapewire.simulator.exchange.account import Accounts, Holding
from tapewire.simulator.exchange.orders import Execution, Order
from tapewire.simulator.projectx.listing import Listing
from tapewire.simulator.projectx.words import (
    BUY,
    LONG,
    SELL,
    SHORT,
    Json,
    number,
    stamp,
    status_of,
    type_of,
)

FIRST_ACCOUNT: Final = 1001
TRADES_PER_ORDER: Final = 10_000
"""Trades are numbered behind the order id: an order has fewer executions than this."""


class Records:
    """Writes accounts, orders, trades and positions in the Gateway's words."""

    def __init__(self, listing: Listing, accounts: Accounts) -> None:
        self._listing = listing
        self._accounts = accounts
        self.account_ids: Mapping[str, int] = {
            name: int(name) if name.isdecimal() else FIRST_ACCOUNT + n
            for n, name in enumerate(accounts.books)
        }
        self.account_names = {number: name for name, number in self.account_ids.items()}
        self.placed_ns: dict[int, int] = {}
        self.changed_ns: dict[int, int] = {}
        self._opened: dict[tuple[str, str], tuple[int, int]] = {}  # number and time, while it holds
        self._positions = 0

    # ---- what happens ----------------------------------------------------------------------------

    def placed(self, order: Order, now_ns: int) -> None:
        """The exchange has taken an order."""
        self.placed_ns[order.perm_id] = self.changed_ns[order.perm_id] = now_ns

    def changed(self, order: Order, now_ns: int) -> None:
        """Something became of an order."""
        self.changed_ns[order.perm_id] = now_ns

    def traded(self, execution: Execution) -> None:
        """An execution was booked: a position may begin or end with it."""
        order = execution.order
        key = order.account, order.instrument.symbol
        self.changed_ns[order.perm_id] = execution.ts_ns
        if key not in self._opened:
            self._positions += 1
            self._opened[key] = self._positions, execution.ts_ns

    def closed(self, account: str, symbol: str) -> None:
        """A position has ended: the next one is another."""
        del self._opened[account, symbol]

    # ---- how it is written -----------------------------------------------------------------------

    def account(self, name: str) -> Json:
        """An account."""
        return {
            "id": self.account_ids[name],
            "name": name,
            "balance": number(self._accounts.books[name].cash),
            "canTrade": True,
            "isVisible": True,
            "simulated": True,
        }

    def order(self, order: Order) -> Json:
        """An order as it is now."""
        symbol = order.instrument.symbol
        return {
            "id": order.perm_id,
            "accountId": self.account_ids[order.account],
            "contractId": self._listing.id_of(symbol),
            "symbolId": self._listing.symbol_id(symbol),
            "creationTimestamp": stamp(self.placed_ns[order.perm_id]),
            "updateTimestamp": stamp(self.changed_ns[order.perm_id]),
            "status": status_of(order),
            "type": type_of(order),
            "side": BUY if order.side == "BUY" else SELL,
            "size": int(order.quantity),
            "fillVolume": int(order.filled),
            "limitPrice": number(order.limit),
            "stopPrice": number(order.stop),
            "filledPrice": number(order.average_price) if order.filled else None,
            "customTag": order.order_ref or None,
        }

    def trade(self, execution: Execution, realised: Decimal | None) -> Json:
        """An execution, with the gross P&L that it realised if it closed something."""
        order = execution.order
        return {
            "id": trade_id(execution),
            "accountId": self.account_ids[order.account],
            "contractId": self._listing.id_of(order.instrument.symbol),
            "creationTimestamp": stamp(execution.ts_ns),
            "price": number(execution.price),
            "profitAndLoss": number(realised),
            "fees": number(execution.commission),
            "side": BUY if order.side == "BUY" else SELL,
            "size": int(execution.shares),
            "voided": False,
            "orderId": order.perm_id,
        }

    def position(self, account: str, holding: Holding) -> Json:
        """A position; its size is 0 once it has been closed."""
        symbol = holding.instrument.symbol
        opened_number, opened_ns = self._opened[account, symbol]
        return {
            "id": opened_number,
            "accountId": self.account_ids[account],
            "contractId": self._listing.id_of(symbol),
            "contractDisplayName": symbol,
            "creationTimestamp": stamp(opened_ns),
            "type": LONG if holding.quantity > 0 else SHORT if holding.quantity < 0 else 0,
            "size": int(abs(holding.quantity)),
            "averagePrice": number(holding.average_price),
        }

    def positions(self, account: str) -> Sequence[Json]:
        """All positions of an account that are open."""
        held = self._accounts.books[account].held()
        return [self.position(account, one) for one in held if one.quantity]

    def held(self, account: str, symbol: str) -> Decimal:
        """How much an account holds, negative for short."""
        return self._accounts.books[account].holdings[symbol].quantity


def trade_id(execution: Execution) -> int:
    """The number of an execution, which no other of this or another run has."""
    within = int(execution.exec_id.split(".")[2], 16)
    return execution.order.perm_id * TRADES_PER_ORDER + within
