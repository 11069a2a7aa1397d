"""The order handler: takes clients' order requests to the exchange and reports what became of them.

It speaks no protocol: see `OrderReports`.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import Row
from tapewire.simulator.exchange.account import Accounts
from tapewire.simulator.exchange.booking import Booking
from tapewire.simulator.exchange.contracts import Contracts
from tapewire.simulator.exchange.credit import Credit
from tapewire.simulator.exchange.hours import Hours
from tapewire.simulator.exchange.keeping import (
    BrokerState,
    executions_of,
    kept_execution,
    kept_order,
    orders_of,
    transferred,
)
from tapewire.simulator.exchange.matching import Exchange
from tapewire.simulator.exchange.order_checks import (
    BAD_GTD,
    OrderChecks,
    is_same_order,
    rejection,
)
from tapewire.simulator.exchange.order_flow import BY_CLIENT, BY_TIME, OrderFlow
from tapewire.simulator.exchange.order_reports import OrderReports
from tapewire.simulator.exchange.orders import ZERO, Execution, Order, Terms
from tapewire.simulator.exchange.timing import Timing
from tapewire.simulator.protocol.requests import BadRequest, CancelOrder, PlaceOrder

DUPLICATE_ID = "Duplicate order id"
NO_MATCH = "Order being modified does not match original order."
NOT_FOUND = 135
WHAT_IF_HELD = "What-if order should have the transmit flag set to true."


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
        currency: str,
    ) -> None:
        self._first_order_id = first_order_id
        self._checks = OrderChecks(contracts, accounts)
        self._exchange = exchange
        self._accounts = accounts
        self._reports = reports
        self._booking = Booking(accounts, reports)
        self._credit = Credit(exchange, accounts, currency)
        self._flow = OrderFlow(exchange, self._booking, reports, Timing(hours), self._credit)
        self._by_client: dict[tuple[int, int], Order] = {}
        self._highest: dict[int, int] = {}
        self._held: dict[Order, PlaceOrder] = {}  # modifies that nobody has transmitted

    @property
    def executions(self) -> list[tuple[Execution, Decimal | None]]:
        """All executions so far, each with the gross P&L that it realised."""
        return self._booking.executions

    def next_order_id(self, client_id: int) -> int:
        """The lowest id that this client may use: above all that it ever used."""
        return max(self._first_order_id, self._highest.get(client_id, 0) + 1)

    def books(self) -> dict[str, Any]:
        """What the broker has, in JSON values: money and quantities as decimal text.

        The executions are those that moved a position: of a combo, those of its legs.
        `orders_by_ref` is how many orders were sent under each reference: above 1, an intent was
        sent twice. Orders that no client sent are not in it.
        """
        orders = list(self._exchange.orders.values())
        booked = [one.exec_id for one, _ in self.executions if not one.order.legs]
        return {
            "accounts": {name: one.as_dict() for name, one in self._accounts.books.items()},
            "orders": len(orders),
            "orders_open": sum(one.is_open for one in orders),
            "orders_by_ref": dict(
                Counter(one.order_ref for one in orders if one.order_ref and one.is_sent)
            ),
            "executions": len(booked),
            "exec_ids": booked,
        }

    def due_ns(self) -> int | None:
        """When to call `pass_time` next; None: nothing waits for a time."""
        return self._flow.deadlines.due_ns()

    def pass_time(self, now_ns: int) -> None:
        """Open, close, and end what is over, each at its own time."""
        deadlines = self._flow.deadlines
        while (due_ns := deadlines.due_ns()) is not None and due_ns <= now_ns:
            self._flow.now_ns = due_ns
            deadlines.run(due_ns)

    def arrive(self, now_ns: int, action: Callable[[], None]) -> None:
        """A client asks something of an order now: do it once that has reached the exchange."""
        latency_ns = self._exchange.trading.models.latency_ns
        if latency_ns:
            self._flow.deadlines.at(now_ns + latency_ns, action)
        else:
            action()

    def apply(self, row: Row, now_ns: int) -> None:
        """Let the orders of a symbol meet a new row of the market."""
        self._flow.now_ns = now_ns
        self._flow.book(self._exchange.quote(row, now_ns))
        self._flow.trigger(row.symbol)

    def finish(self, now_ns: int) -> None:
        """No quote will follow: market orders that wait for one, or for the open, fill in full, as
        in a closing auction."""
        self._flow.now_ns = now_ns
        for order in self._exchange.open_orders():
            if order.limit is None and not order.is_held and order.hold in ("", "session"):
                self._flow.finish(order)

    def find(self, client_id: int, order_id: int) -> Order | None:
        """The order that this client means by this id."""
        return self._by_client.get((client_id, order_id))

    def place(self, client_id: int, request: PlaceOrder, now_ns: int, refusal: str = "") -> None:
        """A new order, a modify of an own one, or a what-if. With a `refusal` the exchange rejects
        a new order, whatever it is."""
        self._flow.now_ns = now_ns
        known = self._by_client.get((client_id, request.order_id))
        if known is not None and not request.what_if:
            is_waiting = known.is_open and known.hold == "transmit"
            (self._replace if is_waiting else self._modify)(known, request)
            return
        if not request.what_if and request.order_id <= self._highest.get(client_id, 0):
            raise BadRequest(request.order_id, 103, DUPLICATE_ID)
        order = self.order_of(client_id, request)
        if request.what_if:
            self._what_if(request, order)
            return
        self._highest[client_id] = request.order_id
        self._by_client[client_id, request.order_id] = order
        if reason := refusal or rejection(request, order.instrument):
            self._exchange.accept(order)
            self._flow.reject(order, reason)
            return
        self._flow.take(order)
        if order.transmit:
            self._transmit_modifies(order)

    def order_of(self, client_id: int, request: PlaceOrder) -> Order:
        """The order that a client asks for; raises BadRequest if there can be none."""
        order = self._checks.order(client_id, request)
        if order.good_till_ns is not None and order.good_till_ns <= self._flow.now_ns:
            raise BadRequest(request.order_id, *BAD_GTD)
        if request.parent_id:
            parent = self._by_client.get((client_id, request.parent_id))
            if parent is None or not parent.is_open:
                text = f"Can't find order with id = {request.parent_id}"
                raise BadRequest(request.order_id, NOT_FOUND, text)
            order.parent = parent
        return order

    def _replace(self, known: Order, request: PlaceOrder) -> None:
        """An order that was not transmitted yet comes again: nothing of the first one counts."""
        order = self.order_of(known.client_id, request)
        if reason := rejection(request, order.instrument):
            raise BadRequest(request.order_id, 105, f"{NO_MATCH} {reason}")
        self._by_client[known.client_id, request.order_id] = order
        self._flow.links.replace(known, order)
        self._flow.take(order)

    def enter(self, order: Order, now_ns: int, *, is_addressed: bool = True) -> None:
        """An order that no client sent. If it `is_addressed`, its client's modifies and cancels
        reach it by its order id, instead of another order."""
        self._flow.now_ns = now_ns
        if is_addressed:
            self._by_client[order.client_id, order.order_id] = order
        self._flow.take(order)

    def cancel(self, client_id: int, request: CancelOrder, now_ns: int) -> None:
        """Cancel one of the client's own orders."""
        self._flow.now_ns = now_ns
        order_id = request.order_id
        order = self._by_client.get((client_id, order_id))
        if order is None:
            text = f"OrderId {order_id} that needs to be cancelled is not found."
            raise BadRequest(order_id, 10147, text)
        if not order.is_open:
            text = f"OrderId {order_id} that needs to be cancelled cannot be cancelled, "
            raise BadRequest(order_id, 10148, f"{text}state: {order.status}.")
        self._flow.cancel(order, BY_CLIENT)

    def cancel_all(self, now_ns: int) -> None:
        """Cancel every open order of every client."""
        self._flow.now_ns = now_ns
        for order in self._exchange.open_orders():
            self._flow.cancel(order, BY_CLIENT)

    def restart(self, now_ns: int, *, new_day: bool) -> None:
        """TWS restarts: it has forgotten the orders that were not transmitted. With a `new_day`
        day orders expire; the others are at the exchange as before."""
        self._flow.now_ns = now_ns
        self._held.clear()
        held = {key: one for key, one in self._by_client.items() if one.hold == "transmit"}
        for key, order in held.items():
            self._flow.forget(order)
            del self._by_client[key]
        for order in self._exchange.open_orders() if new_day else ():
            if order.tif == "DAY":
                self._flow.cancel(order, BY_TIME)

    def state(self, now_ns: int) -> BrokerState:
        """All that outlives this process, for `restore` in another one."""
        addressed = set(self._by_client.values())
        return BrokerState(
            now_ns,
            [kept_order(o, is_addressed=o in addressed) for o in self._exchange.orders.values()],
            [kept_execution(one) for one, _ in self.executions],
            {name: one.transfers for name, one in self._accounts.books.items()},
            dict(self._highest),
        )

    def restore(self, state: BrokerState, known: Mapping[str, Instrument], now_ns: int) -> None:
        """Take back what an earlier run has kept, before anything else. Raises ValueError where it
        has an account or an instrument that there is not."""
        self._flow.now_ns = now_ns
        transferred(state, self._accounts, known)
        orders = orders_of(state, known)
        self._exchange.restore(orders)
        self._flow.links.restore(orders)
        self._booking.restore(executions_of(state, orders))
        self._highest.update(state.highest)
        for one in state.orders:
            if one.is_addressed:
                self._by_client[one.order.client_id, one.order.order_id] = one.order
        for order in orders:
            if order.is_open:
                self._flow.resume(order, state.ts_ns)

    def withdraw(self, order: Order, reason: str, now_ns: int) -> None:
        """Cancel an open order, though nobody asked for it, and no other with it."""
        self._flow.now_ns = now_ns
        self._flow.withdraw(order, reason)

    def book(self, execution: Execution) -> None:
        """Book an execution that did not come from the market, and report it."""
        self._flow.book([execution])

    def correct(
        self, execution: Execution, price: Decimal, shares: Decimal | None = None
    ) -> Execution:
        """Replace an execution by one at another price, or of fewer shares; see `Booking`."""
        return self._booking.correct(execution, price, shares)

    def _modify(self, order: Order, request: PlaceOrder) -> None:
        """New terms for an order that works. Without `transmit` they are held, and it works on with
        its old ones until it, or an order of its family, is sent with it."""
        wanted = self._modified(order, request)
        self._held.pop(order, None)
        if not request.transmit:
            self._held[order] = request
            return
        self._give(order, wanted)
        self._transmit_modifies(order)

    def _transmit_modifies(self, sent: Order) -> None:
        """Give the family of an order that was transmitted the terms that were held for it."""
        for order in self._flow.links.family(sent):
            request = self._held.pop(order, None)
            if request is None or not order.is_open:
                continue
            try:
                self._give(order, self._modified(order, request))
            except BadRequest as bad:  # it was good when it came
                self._reports.warned(order, bad.code, bad.text)

    def _modified(self, order: Order, request: PlaceOrder) -> Order:
        """The order as a modify would have it; raises BadRequest if it cannot be."""
        order_id = request.order_id
        if order.status == "Inactive":
            raise BadRequest(order_id, 103, DUPLICATE_ID)
        if order.status == "Cancelled":
            raise BadRequest(order_id, NOT_FOUND, f"Can't find order with id = {order_id}")
        if order.status == "Filled" or (request.quantity or ZERO) <= order.filled:
            raise BadRequest(order_id, 104, "Cannot modify a filled order.")
        wanted = self._checks.order(order.client_id, request)
        is_same = is_same_order(order, wanted) and request.parent_id == order.parent_id
        if not is_same or request.unsupported:
            raise BadRequest(order_id, 105, NO_MATCH)
        if order.is_triggered and _trigger_of(wanted.terms) != _trigger_of(order.terms):
            raise BadRequest(order_id, 105, f"{NO_MATCH} Its stop price has been triggered.")
        if reason := rejection(request, order.instrument):
            raise BadRequest(order_id, 105, f"{NO_MATCH} {reason}")
        wanted.filled = order.filled
        if reason := self._credit.refusal(wanted, instead_of=order):
            raise BadRequest(order_id, 105, f"{NO_MATCH} {reason}")
        return wanted

    def _give(self, order: Order, wanted: Order) -> None:
        """Replace the terms of an order, which may trade then."""
        executions = self._exchange.modify(order, wanted.terms, self._flow.now_ns)
        self._reports.modified(order)
        if not executions:
            self._reports.changed(order)
        self._flow.work(order, executions)

    def _what_if(self, request: PlaceOrder, order: Order) -> None:
        if not request.transmit:
            raise BadRequest(request.order_id, 413, WHAT_IF_HELD)
        self._reports.estimated(order, self._cost(order), self._credit.impact(order))

    def _cost(self, order: Order) -> Decimal:
        """What the order would cost in one execution, at its own price or at the market's."""
        books, estimate = self._exchange.books, self._exchange.trading.commissions.estimate
        if order.legs:
            return sum((
                estimate(i, abs(units) * order.quantity, books[i.symbol].mark() or ZERO)
                for i, units in order.parts
            ), ZERO)  # fmt: skip
        price = order.limit or order.stop or self._exchange.mark_of(order) or ZERO
        return estimate(order.instrument, order.quantity, price)


def _trigger_of(terms: Terms) -> tuple[Decimal | None, ...]:
    """The terms that mean nothing any more once an order has triggered."""
    return (terms.stop, terms.trail, terms.trail_percent, terms.limit_offset)
