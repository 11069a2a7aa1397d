"""Faults of orders: what TWS does with them that nobody asked for."""

from decimal import Decimal
from typing import Literal

from tapewire.common.config.near import expected
from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import Row
from tapewire.simulator.exchange.orders import ZERO, Order
from tapewire.simulator.faults.connection import Seconds
from tapewire.simulator.faults.kinds import OnOrder, OnTime
from tapewire.simulator.faults.order_requests import twin_of
from tapewire.simulator.faults.tws import NS_PER_S, Tws
from tapewire.simulator.protocol import messages
from tapewire.simulator.protocol.messages import NO_ID

DAY_NS = 86_400 * NS_PER_S
LOT = "1000000"  # what the made-up quote of an instrument shows on either side


# ---- what becomes of orders ----------------------------------------------------------------------


class Warned(OnOrder, frozen=True, kw_only=True):
    """Any code, an unknown one such as 10311 as well."""

    does = "An order that works gets the error `code`, and works on."
    advice = "An order ends only by a code that is known to end it; raise an alarm for others."
    code: int = 399
    text: str = "Order Message: your order will not be placed at the exchange until the open."

    def fits(self, tws: Tws, order: Order) -> bool:
        """An order that works."""
        return order.is_open

    def act(self, tws: Tws, order: Order) -> None:
        """Send it."""
        tws.order_error(order, self.code, self.text)


class PermIdReplaced(OnOrder, frozen=True, kw_only=True):
    """Not `pushed`, it shows only in answers: as after a night without a connection."""

    does = "The order's permId ends Cancelled, and another one works on under its order id and tag."
    advice = "Only the first permId is yours: halt the symbol and let a person decide."
    pushed: bool = False

    def fits(self, tws: Tws, order: Order) -> bool:
        """An order that works."""
        return order.is_open

    def act(self, tws: Tws, order: Order) -> None:
        """Cancel it, and enter the rest of it as a new order."""
        with tws.parts.outbox.muted(not self.pushed):
            tws.parts.orders.withdraw(order, "Cancelled by System: replaced", tws.now_ns)
            tws.parts.orders.enter(twin_of(order, order.remaining), tws.now_ns)


class ForeignExecution(OnOrder, frozen=True, kw_only=True):
    """`quantity` none: as much as the order has. `client_id` is the foreign one."""

    does = "Another client's order with our tag fills, and its execution is sent to us."
    advice = "Count it for the account, not for the order; raise an alarm and halt the symbol."
    client_id: int = 99
    quantity: Decimal | None = None

    def refusal(self, _tws: Tws) -> str:
        """A quantity that no execution has."""
        return _not_positive(quantity=self.quantity)

    def fits(self, tws: Tws, order: Order) -> bool:
        """An order with a tag, in a market with a price."""
        return bool(order.order_ref) and tws.price_of(order) is not None

    def act(self, tws: Tws, order: Order) -> None:
        """Make it and fill it, and send what the order's client must not take for its own."""
        parts, price = tws.parts, tws.price_of(order) or ZERO
        twin = twin_of(
            order,
            self.quantity or order.quantity,
            client_id=self.client_id,
            parent=None,
            oca_group="",
        )
        parts.exchange.accept(twin)
        execution = parts.exchange.execute(twin, twin.quantity, price, tws.now_ns)
        parts.orders.book(execution)
        realised = parts.orders.executions[-1][1]
        for session in tws.sessions(order.client_id):
            fields = messages.execution(session.version, NO_ID, execution)
            parts.outbox.send(session, fields)
            parts.outbox.send(session, messages.commission_report(execution, realised))


class FilledWithoutExecution(OnOrder, frozen=True, kw_only=True):
    """All that remains of the order; a day ago."""

    does = "An order is Filled among the completed orders, but its execution is of yesterday."
    advice = "End the order, raise an alarm, and take the position from the broker."

    def fits(self, tws: Tws, order: Order) -> bool:
        """An order that works, in a market with a price."""
        return order.is_open and tws.price_of(order) is not None

    def act(self, tws: Tws, order: Order) -> None:
        """Fill it in silence; only the position shows."""
        parts, price = tws.parts, tws.price_of(order) or ZERO
        with parts.outbox.muted():
            parts.orders.book(
                parts.exchange.execute(order, order.remaining, price, tws.now_ns - DAY_NS)
            )


class CorrectedExecution(OnOrder, frozen=True, kw_only=True):
    """`by_ticks` the price is off; `after_s` the correction comes."""

    does = "An execution is corrected: the same id with the next suffix and another price."
    advice = "Replace the execution, do not add it."
    by_ticks: int = 1
    after_s: Seconds = 1.0

    def fits(self, tws: Tws, order: Order) -> bool:
        """An order that has traded."""
        return _traded(tws, order)

    def act(self, tws: Tws, order: Order) -> None:
        """Correct its last execution."""
        tws.after(self.after_s, lambda: self._correct(tws, order))

    def _correct(self, tws: Tws, order: Order) -> None:
        done = [one for one, _ in tws.parts.orders.executions if one.order is order]
        price = done[-1].price + self.by_ticks * order.instrument.min_tick
        tws.parts.orders.correct(done[-1], price)


class BustedExecution(OnOrder, frozen=True, kw_only=True):
    """`after_s` the exchange takes it back."""

    does = "An execution is busted: the same id with the next suffix and no shares."
    advice = "Replace the execution: nothing was traded. The order stays as it is."
    after_s: Seconds = 1.0

    def fits(self, tws: Tws, order: Order) -> bool:
        """An order that is over and has traded: what is taken back is not traded again."""
        return not order.is_open and _traded(tws, order)

    def act(self, tws: Tws, order: Order) -> None:
        """Take its last execution back."""
        tws.after(self.after_s, lambda: self._bust(tws, order))

    def _bust(self, tws: Tws, order: Order) -> None:
        done = [one for one, _ in tws.parts.orders.executions if one.order is order]
        tws.parts.orders.correct(done[-1], done[-1].price, ZERO)


def _traded(tws: Tws, order: Order) -> bool:
    """Whether an order has an execution of its own; a combo's are those of its legs."""
    executions = () if order.legs else tws.parts.orders.executions
    return order.filled > 0 and any(one.order is order for one, _ in executions)


class FillAfterCancel(OnOrder, frozen=True, kw_only=True):
    """`quantity` none: all that remained."""

    does = "An order that was reported Cancelled fills `after_s` later."
    advice = "Count the fill: executions are the truth."
    quantity: Decimal | None = None
    after_s: Seconds = 0.5

    def refusal(self, _tws: Tws) -> str:
        """A quantity that no execution has."""
        return _not_positive(quantity=self.quantity)

    def fits(self, tws: Tws, order: Order) -> bool:
        """A cancelled order, in a market with a price."""
        return order.status == "Cancelled" and bool(order.remaining and tws.price_of(order))

    def act(self, tws: Tws, order: Order) -> None:
        """Fill it later."""
        tws.after(self.after_s, lambda: self._fill(tws, order))

    def _fill(self, tws: Tws, order: Order) -> None:
        shares = min(self.quantity or order.remaining, order.remaining)
        price = tws.price_of(order) or ZERO
        execution = tws.parts.exchange.execute(order, shares, price, tws.now_ns)
        tws.parts.orders.book(execution)


# ---- what somebody else does ---------------------------------------------------------------------


class HandEntered(OnTime, frozen=True, kw_only=True):
    """`account` "" where the login has one; without `limit` it is a market order."""

    does = "A person enters an order in TWS: order id 0 and, unless given, client id 0."
    advice = "It is not yours, but its exposure is the account's: count it."
    symbol: str
    side: Literal["BUY", "SELL"] = "BUY"
    quantity: Decimal = Decimal(1)
    limit: Decimal | None = None
    stop: Decimal | None = None
    tif: Literal["DAY", "GTC"] = "DAY"
    account: str = ""
    client_id: int = 0
    order_ref: str = ""

    def refusal(self, tws: Tws) -> str:
        """An unknown symbol or account, or an impossible size or price."""
        return (
            _unknown(tws, self.symbol)
            or _unknown_account(tws, self.account)
            or _not_positive(quantity=self.quantity, limit=self.limit, stop=self.stop)
        )

    def act(self, tws: Tws) -> bool:
        """Enter it."""
        instrument = tws.parts.contracts.by_symbol[self.symbol]
        kind = "MKT" if self.limit is None else "LMT"
        order = Order(
            client_id=self.client_id,
            order_id=0,
            order_ref=self.order_ref,
            account=tws.parts.accounts.resolve(self.account),
            instrument=instrument,
            side=self.side,
            quantity=self.quantity,
            order_type=kind if self.stop is None else "STP" if self.limit is None else "STP LMT",
            limit=self.limit,
            stop=self.stop,
            tif=self.tif,
            is_sent=False,
        )
        tws.parts.orders.enter(order, tws.now_ns, is_addressed=False)
        return True


class Position(OnTime, frozen=True, kw_only=True):
    """`quantity` is negative for a short one. An unknown symbol is listed, quoted at `price`."""

    does = "The account gets a position without an order, for example by an assignment."
    advice = "Take the broker's word, raise an alarm, and be able to close what is not configured."
    symbol: str
    quantity: Decimal = Decimal(1)
    price: Decimal = Decimal(100)
    account: str = ""
    sec_type: str = "STK"
    exchange: str = "SMART"
    currency: str = "USD"
    multiplier: Decimal = Decimal(1)
    min_tick: Decimal = Decimal("0.01")
    con_id: int = 0

    def refusal(self, tws: Tws) -> str:
        """An unknown account, or an impossible size or price."""
        if not (self.quantity and self.quantity.is_finite()):
            return f"quantity is {self.quantity}, must be a number, and not 0"
        return _unknown_account(tws, self.account) or _not_positive(
            price=self.price, multiplier=self.multiplier, min_tick=self.min_tick
        )

    def act(self, tws: Tws) -> bool:
        """Book it, and tell those who watch positions."""
        parts = tws.parts
        if self.symbol not in parts.contracts.by_symbol:
            self._list(tws)
        account = parts.accounts.resolve(self.account)
        parts.accounts.books[account].transfer(self.symbol, self.quantity, self.price)
        parts.reports.moved(account, self.symbol)
        return True

    def _list(self, tws: Tws) -> None:
        tws.list_instrument(
            Instrument(
                symbol=self.symbol,
                sec_type=self.sec_type,
                exchange=self.exchange,
                currency=self.currency,
                multiplier=self.multiplier,
                min_tick=self.min_tick,
                con_id=self.con_id,
            )
        )
        bid, ask = str(self.price), str(self.price + self.min_tick)
        row = Row(tws.now_ns, self.symbol, bid, ask, LOT, LOT, None, None)
        tws.parts.feed.apply(row, tws.now_ns)
        tws.parts.orders.apply(row, tws.now_ns)


def _not_positive(**given: Decimal | None) -> str:
    for name, value in given.items():
        if value is not None and not (value.is_finite() and value > 0):
            return f"{name} is {value}, must be above 0"
    return ""


def _unknown(tws: Tws, symbol: str) -> str:
    known = tws.parts.contracts.by_symbol
    return "" if symbol in known else f"symbol is {symbol!r:.80}; {expected(symbol, known)}"


def _unknown_account(tws: Tws, name: str) -> str:
    if tws.parts.accounts.resolve(name):
        return ""
    known = tws.parts.accounts.books
    return f"account is {name!r:.80}; {expected(name, known)}"
