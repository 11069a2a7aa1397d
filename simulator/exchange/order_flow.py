"""An order's way from its client to the exchange and on, and what its orders mean to each other.

An order waits, in this order, for whoever transmits it, for its parent, for its goodAfterTime and
the market's hours, and for its trigger. Then it is at the exchange.

A parent's children
-------------------
An order that is sent with transmit=False is held without any report. The first order of a
family that is sent with transmit=True takes all of them along. A child works for the share of its
quantity that its parent has filled: with each partial fill of the parent, more of it is released.
So a protective stop is there from the first share on, and never sells more than was bought. IB does
not document what TWS does with the children of a partial fill; this is the reading that protects
every share, and no more than that.

If the parent ends with nothing filled, its children are cancelled. If it ends partly filled, they
stay, for what was filled.

One cancels all
---------------
A fill of an order in a group cancels the others (type 1), or takes the same share from what remains
of them (types 2 and 3). With block, in types 1 and 2, only one order of a group trades against each
change of the market, so the group can never fill more than it should. Without block, two of them
can. If a client cancels an order of a group, the others are cancelled too. Children of one parent
that name no group are one, of type 3, with the parent's permId for a name.
"""

from decimal import Decimal
from typing import Final

from tapewire.simulator.exchange.booking import Booking
from tapewire.simulator.exchange.credit import Credit
from tapewire.simulator.exchange.deadlines import Deadlines
from tapewire.simulator.exchange.links import CANCEL, Links, cut_by, released_by
from tapewire.simulator.exchange.matching import Exchange
from tapewire.simulator.exchange.order_reports import OrderReports
from tapewire.simulator.exchange.orders import ZERO, Execution, Order
from tapewire.simulator.exchange.timing import AT_ONCE, Timing

BY_CLIENT: Final = "Cancelled by Trader"
BY_TIME: Final = "Cancelled by System: the order has expired"
BY_GROUP: Final = "Cancelled by System: another order of its OCA group was filled or cancelled"
BY_PARENT: Final = "Cancelled by System: its parent order has ended"
NOT_AT_ONCE: Final = "Cancelled by System: immediate or cancel"
NOT_IN_FULL: Final = "Cancelled by System: fill or kill"
NOT_AUCTIONED: Final = "Cancelled by System: not filled in the auction"
NO_PARENT: Final = "Parent order is being cancelled."


class OrderFlow:
    """Takes orders on their way. `now_ns` is the time of what is being handled."""

    def __init__(
        self,
        exchange: Exchange,
        booking: Booking,
        reports: OrderReports,
        timing: Timing,
        credit: Credit,
    ) -> None:
        self._exchange = exchange
        self._booking = booking
        self._reports = reports
        self._timing = timing
        self._credit = credit
        self.deadlines = Deadlines()
        self.links = Links()
        self.now_ns = 0

    # ---- the start -----------------------------------------------------------------------------

    def take(self, order: Order) -> None:
        """A new order. If it is transmitted, it takes those of its family along that were not."""
        self.links.attach(order)
        order.hold = "transmit"
        if order.transmit:
            self._transmit([o for o in self.links.family(order) if o.hold == "transmit"])

    def _transmit(self, orders: list[Order]) -> None:
        """Report new orders, and let those meet the market that nothing holds."""
        for order in orders:
            self._exchange.accept(order)
        for order in orders:
            if reason := self._refusal(order):
                self.reject(order, reason)
            else:
                self._start(order)
        for order in [one for one in orders if not one.hold]:
            if order.is_open:
                self._meet(order)

    def _refusal(self, order: Order) -> str:
        parent = order.parent
        if parent is not None:
            if not parent.is_open and not parent.filled:
                return NO_PARENT
            if (parent.account, parent.instrument) != (order.account, order.instrument):
                return "parentId of an order on another contract or account is not simulated"
        waits = parent is not None and not parent.filled
        return self.links.join(order) or ("" if waits else self._credit.refusal(order))

    def _start(self, order: Order) -> None:
        if order.parent is not None:
            filled = order.parent.filled / order.parent.quantity
            order.released = order.quantity * filled if filled < 1 else None
        self._set_hold(order)
        self._set_working(order)
        self._reports.placed(order)
        self._reports.changed(order)
        if order.hold == "session":
            self._reports.warned(order, 399, self._timing.notice(order, self.now_ns))
            if order.tif in AT_ONCE:
                self.cancel(order, NOT_AT_ONCE)
        if (end_ns := self._timing.end_ns(order, self.now_ns)) is not None:
            self.deadlines.at(end_ns, lambda: self._expire(order))

    def reject(self, order: Order, reason: str) -> None:
        """The exchange does not take an order; nor its children."""
        order.status, order.reason = "Inactive", f"Rejected by System:{reason}"
        order.hold, order.done_ns = "", self.now_ns
        self._reports.rejected(order)

    def resume(self, order: Order, since_ns: int) -> None:
        """An order goes on that worked in an earlier run, which ended at `since_ns`. One that ended
        at a time since then does so at once."""
        self._set_hold(order)
        if (end_ns := self._timing.end_ns(order, since_ns)) is not None:
            self.deadlines.at(end_ns, lambda: self._expire(order))
        if not order.hold:
            self._meet(order)

    # ---- what holds an order -------------------------------------------------------------------

    def _set_hold(self, order: Order) -> None:
        """Note what keeps the order from the exchange, and come back when that is over."""
        if order.parent is not None and not order.parent.filled:
            order.hold = "parent"
            return
        order.hold, until_ns = self._timing.hold(order, self.now_ns)
        if until_ns is not None:
            step = self._auction if order.hold in ("open", "close") else self._advance
            self.deadlines.at(until_ns, lambda: step(order))

    def _set_working(self, order: Order) -> None:
        is_working = order.is_limited and not order.hold and not order.is_held
        order.status = "Submitted" if is_working or order.filled else "PreSubmitted"

    def _advance(self, order: Order) -> None:
        """Send an order on that was held, unless something else holds it now."""
        if not (order.is_open and order.hold):
            return
        before = order.status, order.why_held
        self._set_hold(order)
        self._set_working(order)
        if before != (order.status, order.why_held):
            self._reports.changed(order)
        if not order.hold:
            self._meet(order)

    def _auction(self, order: Order) -> None:
        """The auction that an order is for: it fills, or it is over."""
        if not (order.is_open and order.hold):
            return
        order.hold = ""
        execution = self._exchange.auction(order, self.now_ns)
        if execution is not None:
            self.book([execution])
        self.cancel(order, NOT_AUCTIONED)  # what is left of it

    def finish(self, order: Order) -> None:
        """Fill an order of no legs at one price, if there is one, whatever the market shows."""
        if order.legs or order.kind.is_pegged:
            return
        order.hold = ""
        execution = self._exchange.auction(order, self.now_ns)
        if execution is not None:
            self._exchange.remove(order)
            self.book([execution])

    def _pause(self, order: Order) -> None:
        """The close: the order leaves the exchange until the open."""
        if order.is_open and not order.hold:
            self._exchange.remove(order)
            self._set_hold(order)

    def _expire(self, order: Order) -> None:
        if order.is_open:
            self.cancel(order, BY_TIME)

    # ---- at the exchange -----------------------------------------------------------------------

    def _meet(self, order: Order) -> None:
        """Let an order meet the market that nothing holds."""
        if (pause_ns := self._timing.pause_ns(order, self.now_ns)) is not None:
            self.deadlines.at(pause_ns, lambda: self._pause(order))
        self._trade(order)

    def _trade(self, order: Order) -> None:
        if order.tif == "FOK" and not order.is_held and not self._exchange.can_fill(order):
            self.cancel(order, NOT_IN_FULL)
        else:
            self.work(order, self._exchange.work(order, self.now_ns))

    def work(self, order: Order, executions: list[Execution]) -> None:
        """Report what an order did when it met the market, and then what its terms demand."""
        self.book(executions)
        if order.hold or not order.is_open:
            return
        if order.is_held:
            self.trigger(order.instrument.symbol)
        elif order.tif == "IOC":
            self.cancel(order, NOT_AT_ONCE)

    def trigger(self, symbol: str) -> None:
        """Send the stops that the market has reached to the exchange."""
        for order in self._exchange.triggered(symbol):
            if order.is_open:
                order.status = "Submitted"
                self._reports.changed(order)
                self._trade(order)

    def book(self, executions: list[Execution]) -> None:
        """Book executions, report them, and do what each means to other orders."""
        for execution in executions:
            self._booking.book(execution)
            self._release_children(execution)
            self._settle_group(execution)

    # ---- what orders mean to each other --------------------------------------------------------

    def _release_children(self, execution: Execution) -> None:
        for child in self.links.children(execution.order):
            if not child.is_open or child.hold == "transmit":
                continue
            if not execution.order.remaining:
                child.released = None
            elif child.released is not None:
                child.released += released_by(execution, child)
            if child.hold:
                self._advance(child)
            elif not child.is_held:
                self.work(child, self._exchange.meet(child, self.now_ns))

    def _settle_group(self, execution: Execution) -> None:
        for other in self.links.others(execution.order):
            cut = other.remaining
            if execution.order.oca_type != CANCEL:
                cut = cut_by(execution, other)
            if cut == other.remaining:
                self.cancel(other, BY_GROUP)
            elif cut:
                self._reduce(other, cut)

    def _reduce(self, order: Order, cut: Decimal) -> None:
        order.quantity -= cut
        if order.released is not None:
            order.released = max(order.filled, order.released - cut)
        self._reports.modified(order)
        self._reports.changed(order)

    # ---- the end -------------------------------------------------------------------------------

    def cancel(self, order: Order, reason: str) -> None:
        """End an order, and what cannot be without it."""
        if order.is_open:
            self.withdraw(order, reason)
            self._end_children(order)
            if reason == BY_CLIENT:
                for other in self.links.others(order):
                    self.cancel(other, BY_GROUP)

    def forget(self, order: Order) -> None:
        """Drop an order that was not transmitted, without a word."""
        order.status, order.hold = "Cancelled", ""

    def withdraw(self, order: Order, reason: str) -> None:
        """End an order alone."""
        self._exchange.cancel(order, reason, self.now_ns)
        order.hold = ""
        self._reports.cancelled(order)

    def _end_children(self, parent: Order) -> None:
        for child in self.links.children(parent):
            if not child.is_open:
                continue
            is_needed = parent.filled and child.hold != "transmit"
            kept = child.releasable if is_needed else ZERO
            if kept <= child.filled:
                self.cancel(child, BY_PARENT)
            else:
                child.released = None
                self._reduce(child, child.quantity - kept)
