"""One order at TWS, and all that can happen to it and to its modifies; for property tests."""

from decimal import Decimal

from tapewire.common.events import OrderModified, OrderModifyRejected
from tapewire.simulator.exchange.orders import Execution, Order
from tapewire.simulator.protocol import messages
from tests.gateway.tws_bench import Bench, modify_order
from tests.gateway.tws_messages import (
    completed_order_of,
    execution_message,
    execution_of,
    open_order_of,
)

OVER = ("Filled", "Cancelled", "Inactive")


class OneOrder:
    """A gateway, and a TWS that has one order of it; what TWS reads it may act on, or lose."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.order: Order = self.bench.rest()
        self.executions: list[Execution] = []
        self.taken = 0
        # What TWS has not read: the terms of a modify each, or None for a cancel.
        self.unread: list[tuple[Decimal, Decimal] | None] = []
        self.connected = True

    # ---- what may happen ----

    def modify(self) -> None:
        """The executor wants other terms; the gateway may deny it."""
        self.taken += 1
        quantity = 12 if self.taken % 2 else 8
        wanted = modify_order(f"m-{self.taken}", quantity, limit=str(150 + self.taken))
        if self.bench.modify(wanted).accepted and self.connected:
            self.write()

    def cancel(self) -> None:
        self.bench.cancel()
        if self.connected:
            self.write()

    def write(self) -> None:
        modify = self.bench.intent().modify
        for fields in self.bench.flush():
            if fields[0] == "4":
                self.unread.append(None)
            elif fields[0] == "3" and modify is not None:
                assert modify.terms.limit is not None
                self.unread.append((modify.terms.quantity, modify.terms.limit))

    def read(self) -> None:
        """TWS acts on what it was sent, and says so."""
        for terms in self.unread:
            if terms is None:
                self.read_cancel()
                continue
            quantity, limit = terms
            if self.order.status == "Submitted" and quantity > self.filled:
                self.order.quantity, self.order.limit = quantity, limit
                self.say(open_order_of(self.order), messages.order_status(self.order))
            else:
                self.say(messages.error(157, self.order.order_id, 104, "Cannot modify"))
        self.unread.clear()

    def read_cancel(self) -> None:
        if self.order.status == "Submitted":
            self.end()
        else:
            self.say(messages.error(157, self.order.order_id, 10148, "cannot be cancelled"))

    def swallow(self) -> None:
        """TWS never hears of what it was sent."""
        self.unread.clear()

    def fill(self) -> None:
        shares = min(Decimal(4), self.order.quantity - self.filled)
        if self.order.status == "Submitted" and shares > 0:
            one = execution_of(self.order, shares, f"{len(self.executions):04}.01")
            self.executions.append(one)
            self.order.filled = self.filled
            if self.filled == self.order.quantity:
                self.order.status = "Filled"
            self.say(execution_message(one), messages.order_status(self.order))

    def end(self) -> None:
        """TWS cancels it."""
        if self.order.status == "Submitted":
            self.order.status = "Cancelled"
            self.say(messages.order_status(self.order))

    def reject(self) -> None:
        if self.order.status == "Submitted":
            self.order.status = "Inactive"
            self.say(messages.error(157, self.order.order_id, 201, "Order rejected"))

    def refuse(self) -> None:
        """An error on the modify, though TWS may have taken it."""
        self.say(messages.error(157, self.order.order_id, 105, "does not match"))

    def lose(self) -> None:
        if self.connected:
            self.bench.lose()
            self.connected = False

    def restart(self) -> None:
        now = self.bench.now
        self.bench = Bench(self.bench.journal, connect=False)
        self.bench.now = now
        self.connected = False

    def connect(self) -> None:
        if not self.connected:
            self.bench.pass_s(1)
            self.bench.connect(50)
            self.connected = True
            self.snapshot()

    def wait(self) -> None:
        self.bench.pass_s(6)
        if self.connected:
            self.write()
            self.snapshot()

    # ---- TWS ----

    @property
    def filled(self) -> Decimal:
        return sum((one.shares for one in self.executions), Decimal(0))

    def say(self, *all_fields: list[str]) -> None:
        if self.connected:
            self.bench.receive(*all_fields)

    def snapshot(self) -> None:
        is_open = self.order.status not in OVER
        listed = [open_order_of(self.order), messages.order_status(self.order)] if is_open else []
        listed += [execution_message(one, 1) for one in self.executions]
        ended = [] if is_open else [completed_order_of(self.order)]
        self.bench.receive(*listed, messages.open_order_end(), messages.execution_end(1))
        self.bench.receive(*ended, messages.completed_orders_end())
        self.bench.tick()

    # ---- what must hold ----

    def pending(self) -> list[str]:
        return self.bench.gateway.registry.modifies.snapshot()["pending"]

    def check(self) -> None:
        """An order that is over has nothing pending, and no modify ends twice."""
        intent = self.bench.intent()
        assert intent.live or (self.pending(), intent.modify) == ([], None), self.bench.journal
        ends = [e.modify_id for e in self.bench.journal
                if isinstance(e, OrderModified | OrderModifyRejected) and e.modify_id]  # fmt: skip
        assert len(ends) == len(set(ends))

    def settle(self) -> None:
        """TWS reads all that it was sent and is asked, for as long as there is something to ask."""
        self.connect()
        self.read()
        for _ in range(3):
            self.wait()

    STEPS = (
        modify, modify, cancel, read, swallow, fill, end, reject, refuse, lose, restart, connect,
        wait,
    )  # fmt: skip
    """What may happen, in any order and any number of times."""
