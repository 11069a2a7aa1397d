"""The order handler: takes clients' order requests to the exchange and reports what became of them.

It speaks no protocol. Whoever owns it gives it `OrderReports`: the simulated TWS writes messages
there, a gateway that is attached without a protocol gets what they mean.
"""

from collections import Counter
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from tapewire.common.ticks.rows import Row
from tapewire.simulator.exchange.account import Accounts
from tapewire.simulator.exchange.commissions import commission_of
from tapewire.simulator.exchange.contracts import Contracts
from tapewire.simulator.exchange.deadlines import Deadlines
from tapewire.simulator.exchange.hours import Hours
from tapewire.simulator.exchange.matching import Exchange
from tapewire.simulator.exchange.order_checks import (
    BAD_GTD,
    OrderChecks,
    is_same_order,
    rejection,
)
from tapewire.simulator.exchange.orders import ZERO, Execution, Order, Terms
from tapewire.simulator.exchange.timing import AT_ONCE, Timing
from tapewire.simulator.protocol.requests import BadRequest, CancelOrder, PlaceOrder

DUPLICATE_ID = "Duplicate order id"
NO_MATCH = "Order being modified does not match original order."
WHAT_IF_HELD = "What-if order should have the transmit flag set to true."
BY_CLIENT = "Cancelled by Trader"
BY_TIME = "Cancelled by System: the order has expired"
NOT_AT_ONCE = "Cancelled by System: immediate or cancel"
NOT_IN_FULL = "Cancelled by System: fill or kill"
NOT_AUCTIONED = "Cancelled by System: not filled in the auction"


class OrderReports(Protocol):
    """Where the order handler reports what it does, in the order in which it does it."""

    def placed(self, order: Order) -> None:
        """The exchange has taken a new order; `changed` follows."""

    def modified(self, order: Order) -> None:
        """The order has new terms; `changed` or `executed` follows."""

    def changed(self, order: Order) -> None:
        """The order's terms and status as they are now."""

    def warned(self, order: Order, code: int, text: str) -> None:
        """Something about the order that its client should know; it lives on."""

    def rejected(self, order: Order) -> None:
        """The exchange did not take the order; its reason is in it."""

    def cancelled(self, order: Order) -> None:
        """The order was cancelled; its reason is in it."""

    def executed(self, execution: Execution, realised: Decimal | None) -> None:
        """An execution, booked, with the gross P&L that it realised. No `changed` follows."""

    def estimated(self, order: Order, commission: Decimal) -> None:
        """What a what-if order would cost."""


class OrderHandler:
    """Places, modifies and cancels orders, and reports every execution.

    Clients are known by their ids; orders outlive their connections. A method that is given a
    request raises BadRequest where its answer is an error and nothing else.
    """

    def __init__(
        self,
        *,
        first_order_id: int,
        contracts: Contracts,
        exchange: Exchange,
        accounts: Accounts,
        reports: OrderReports,
        hours: Hours,
    ) -> None:
        self._first_order_id = first_order_id
        self._checks = OrderChecks(contracts, accounts, hours)
        self._timing = Timing(hours)
        self._deadlines = Deadlines()
        self._exchange = exchange
        self._accounts = accounts
        self._reports = reports
        self._now_ns = 0  # of the request or the row that is being handled
        self._by_client: dict[tuple[int, int], Order] = {}
        self._highest: dict[int, int] = {}
        self.executions: list[tuple[Execution, Decimal | None]] = []  # with realised P&L

    def next_order_id(self, client_id: int) -> int:
        """The lowest id that this client may use: above all that it ever used."""
        return max(self._first_order_id, self._highest.get(client_id, 0) + 1)

    def books(self) -> dict[str, Any]:
        """What the broker has, in JSON values: money and quantities as decimal text.

        `orders_by_ref` is how many orders were sent under each reference: above 1, an intent was
        sent twice. Orders that no client sent are not in it.
        """
        orders = list(self._exchange.orders.values())
        return {
            "accounts": {name: one.as_dict() for name, one in self._accounts.books.items()},
            "orders": len(orders),
            "orders_open": sum(one.is_open for one in orders),
            "orders_by_ref": dict(
                Counter(one.order_ref for one in orders if one.order_ref and one.is_sent)
            ),
            "executions": len(self.executions),
            "exec_ids": [one.exec_id for one, _ in self.executions],
        }

    def due_ns(self) -> int | None:
        """When to call `pass_time` next; None: nothing waits for a time."""
        return self._deadlines.due_ns()

    def pass_time(self, now_ns: int) -> None:
        """Open, close, and end what is over, each at its own time."""
        while (due_ns := self._deadlines.due_ns()) is not None and due_ns <= now_ns:
            self._now_ns = due_ns
            self._deadlines.run(due_ns)

    def apply(self, row: Row, now_ns: int) -> None:
        """Let the orders of a symbol meet a new row of the market."""
        self._now_ns = now_ns
        self._book(self._exchange.quote(row, now_ns))
        self._trigger(row.symbol)

    def find(self, client_id: int, order_id: int) -> Order | None:
        """The order that this client means by this id."""
        return self._by_client.get((client_id, order_id))

    def place(self, client_id: int, request: PlaceOrder, now_ns: int, refusal: str = "") -> None:
        """A new order, a modify of an own one, or a what-if. With a `refusal` the exchange rejects
        a new order, whatever it is."""
        self._now_ns = now_ns
        known = self._by_client.get((client_id, request.order_id))
        if known is not None and not request.what_if:
            self._modify(known, request)
            return
        if not request.what_if and request.order_id <= self._highest.get(client_id, 0):
            raise BadRequest(request.order_id, 103, DUPLICATE_ID)
        order = self._checks.order(client_id, request)
        if order.good_till_ns is not None and order.good_till_ns <= now_ns:
            raise BadRequest(request.order_id, *BAD_GTD)
        if request.what_if:
            self._what_if(request, order)
            return
        self._highest[client_id] = request.order_id
        self._by_client[client_id, request.order_id] = order
        self._exchange.accept(order)
        if reason := refusal or rejection(request, order.instrument):
            self._reject(order, reason)
            return
        self._start(order)

    def order_of(self, client_id: int, request: PlaceOrder) -> Order:
        """The order that a client asks for; raises BadRequest if there can be none."""
        return self._checks.order(client_id, request)

    def enter(self, order: Order, now_ns: int, *, is_addressed: bool = True) -> None:
        """An order that no client sent. If it `is_addressed`, its client's modifies and cancels
        reach it by its order id, instead of another order."""
        self._now_ns = now_ns
        if is_addressed:
            self._by_client[order.client_id, order.order_id] = order
        self._exchange.accept(order)
        self._start(order)

    def cancel(self, client_id: int, request: CancelOrder, now_ns: int) -> None:
        """Cancel one of the client's own orders."""
        self._now_ns = now_ns
        order_id = request.order_id
        order = self._by_client.get((client_id, order_id))
        if order is None:
            text = f"OrderId {order_id} that needs to be cancelled is not found."
            raise BadRequest(order_id, 10147, text)
        if not order.is_open:
            text = f"OrderId {order_id} that needs to be cancelled cannot be cancelled, "
            raise BadRequest(order_id, 10148, f"{text}state: {order.status}.")
        self._cancel(order, BY_CLIENT)

    def cancel_all(self, now_ns: int) -> None:
        """Cancel every open order of every client."""
        self._now_ns = now_ns
        for order in self._exchange.open_orders():
            self._cancel(order, BY_CLIENT)

    def withdraw(self, order: Order, reason: str, now_ns: int) -> None:
        """Cancel an open order, though nobody asked for it."""
        self._now_ns = now_ns
        self._cancel(order, reason)

    def book(self, execution: Execution) -> None:
        """Book an execution that did not come from the market, and report it."""
        self._book([execution])

    def correct(self, execution: Execution, price: Decimal) -> Execution:
        """Replace an execution by one at another price, in the books too, and report that."""
        order = execution.order
        order.notional += execution.shares * (price - execution.price)
        name, _, version = execution.exec_id.rpartition(".")
        corrected = msgspec.structs.replace(
            execution,
            exec_id=f"{name}.{int(version) + 1:02d}",
            price=price,
            average_price=order.average_price,
        )
        at = next(n for n, (one, _) in enumerate(self.executions) if one is execution)
        self.executions[at] = (corrected, None)
        self._rebook(order.account)
        self._reports.executed(*self.executions[at])
        return corrected

    def _rebook(self, account: str) -> None:
        mine = [n for n, (one, _) in enumerate(self.executions) if one.order.account == account]
        done = [self.executions[n][0] for n in mine]
        realised = self._accounts.books[account].rebook(
            (one.order.instrument.symbol, one.signed, one.price, one.commission) for one in done
        )
        for n, one, amount in zip(mine, done, realised, strict=True):
            self.executions[n] = (one, amount)

    # ---- an order's way ----------------------------------------------------------------------

    def _start(self, order: Order) -> None:
        """Report a new order, and let it meet the market if nothing holds it."""
        self._set_hold(order)
        self._set_working(order)
        self._reports.placed(order)
        self._reports.changed(order)
        if order.hold == "session":
            self._reports.warned(order, 399, self._timing.notice(order, self._now_ns))
        self._set_end(order)
        self._meet(order)

    def _set_hold(self, order: Order) -> None:
        """Note what keeps the order from the exchange, and come back when that is over."""
        order.hold, until_ns = self._timing.hold(order, self._now_ns)
        if until_ns is not None:
            step = self._auction if order.hold in ("open", "close") else self._advance
            self._deadlines.at(until_ns, lambda: step(order))

    def _set_working(self, order: Order) -> None:
        is_working = order.is_limited and not order.hold and not order.is_held
        order.status = "Submitted" if is_working or order.filled else "PreSubmitted"

    def _set_end(self, order: Order) -> None:
        if (end_ns := self._timing.end_ns(order, self._now_ns)) is not None:
            self._deadlines.at(end_ns, lambda: self._expire(order))

    def _advance(self, order: Order) -> None:
        """Send an order on that was held, unless something else holds it now."""
        if not (order.is_open and order.hold):
            return
        self._set_hold(order)
        if order.hold:
            return
        before = order.status
        self._set_working(order)
        if order.status != before:
            self._reports.changed(order)
        self._meet(order)

    def _meet(self, order: Order) -> None:
        """Let an order meet the market that nothing holds."""
        if order.hold:
            if order.tif in AT_ONCE and order.hold == "session":
                self._cancel(order, NOT_AT_ONCE)
            return
        if (pause_ns := self._timing.pause_ns(order, self._now_ns)) is not None:
            self._deadlines.at(pause_ns, lambda: self._pause(order))
        self._trade(order)

    def _trade(self, order: Order) -> None:
        if order.tif == "FOK" and not order.is_held and not self._exchange.can_fill(order):
            self._cancel(order, NOT_IN_FULL)
            return
        self._work(order, self._exchange.work(order, self._now_ns))

    def _work(self, order: Order, executions: list[Execution]) -> None:
        """Report what an order did when it met the market, and then what its terms demand."""
        self._book(executions)
        if order.is_held and not order.hold:
            self._trigger(order.instrument.symbol)
        elif order.tif == "IOC" and order.is_open and not order.hold:
            self._cancel(order, NOT_AT_ONCE)

    def _trigger(self, symbol: str) -> None:
        """Send the stops that the market has reached to the exchange."""
        for order in self._exchange.triggered(symbol):
            order.status = "Submitted"
            self._reports.changed(order)
            self._trade(order)

    def _auction(self, order: Order) -> None:
        """The auction that an order is for: it fills, or it is over."""
        if not (order.is_open and order.hold):
            return
        order.hold = ""
        execution = self._exchange.auction(order, self._now_ns)
        if execution is None:
            self._cancel(order, NOT_AUCTIONED)
        else:
            self._book([execution])

    def _pause(self, order: Order) -> None:
        """The close: the order leaves the exchange until the open."""
        if order.is_open and not order.hold:
            self._exchange.remove(order)
            self._set_hold(order)

    def _expire(self, order: Order) -> None:
        if order.is_open:
            self._cancel(order, BY_TIME)

    # ---- what comes of it --------------------------------------------------------------------

    def _book(self, executions: list[Execution]) -> None:
        """Book executions and report each of them."""
        for execution in executions:
            order = execution.order
            books = self._accounts.books[order.account]
            realised = books.fill(
                order.instrument.symbol, execution.signed, execution.price, execution.commission
            )
            self.executions.append((execution, realised))
            self._reports.executed(execution, realised)

    def _modify(self, order: Order, request: PlaceOrder) -> None:
        order_id = request.order_id
        if order.status == "Inactive":
            raise BadRequest(order_id, 103, DUPLICATE_ID)
        if order.status == "Cancelled":
            raise BadRequest(order_id, 135, f"Can't find order with id = {order_id}")
        if order.status == "Filled" or (request.quantity or ZERO) <= order.filled:
            raise BadRequest(order_id, 104, "Cannot modify a filled order.")
        wanted = self._checks.order(order.client_id, request)
        if not is_same_order(order, wanted) or request.unsupported:
            raise BadRequest(order_id, 105, NO_MATCH)
        terms = wanted.terms
        if order.is_triggered and _trigger_of(terms) != _trigger_of(order.terms):
            raise BadRequest(order_id, 105, f"{NO_MATCH} Its stop price has been triggered.")
        if reason := rejection(request, order.instrument):
            raise BadRequest(order_id, 105, f"{NO_MATCH} {reason}")
        executions = self._exchange.modify(order, terms, self._now_ns)
        self._reports.modified(order)
        if not executions:
            self._reports.changed(order)
        self._work(order, executions)

    def _what_if(self, request: PlaceOrder, order: Order) -> None:
        if not request.transmit:
            raise BadRequest(request.order_id, 413, WHAT_IF_HELD)
        mark = self._exchange.books[order.instrument.symbol].mark()
        order.filled = order.quantity
        order.notional = order.quantity * (order.limit or order.stop or mark or ZERO)
        cost = commission_of(order)
        order.filled, order.notional = ZERO, ZERO
        self._reports.estimated(order, cost)

    def _reject(self, order: Order, reason: str) -> None:
        order.status, order.reason = "Inactive", f"Rejected by System:{reason}"
        order.done_ns = self._now_ns
        self._reports.rejected(order)

    def _cancel(self, order: Order, reason: str) -> None:
        self._exchange.cancel(order, reason, self._now_ns)
        self._reports.cancelled(order)


def _trigger_of(terms: Terms) -> tuple[Decimal | None, ...]:
    """The terms that mean nothing any more once an order has triggered."""
    return (terms.stop, terms.trail, terms.trail_percent, terms.limit_offset)
