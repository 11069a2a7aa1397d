"""Orders of a client: signals under its name, followed to their end."""

from collections.abc import Callable
from datetime import datetime

from tapewire.client.chain import Expiry, spread_of
from tapewire.client.connection import Connection, login_of
from tapewire.client.order import PlacedOrder
from tapewire.common import combos, roles
from tapewire.common.clock import Now
from tapewire.common.config.order_types import load_order_types
from tapewire.common.delivery.outcomes import Outcome
from tapewire.common.errors import ConfigError
from tapewire.common.events import (
    ORDER_TYPES,
    AnySignal,
    GroupSignal,
    OrderTerms,
    Side,
    Signal,
    TermChanges,
    TimeInForce,
    terms_fault,
)
from tapewire.strategy.group_orders import combo_of
from tapewire.strategy.terms import Number, prices_of, terms_of


class Trading(Connection):
    """The part of the client that trades."""

    @property
    def orders(self) -> list[PlacedOrder]:
        """The orders of this client that are not over, oldest first."""
        return [*self._service.open.values()]

    async def place_order(
        self,
        symbol: str,
        side: Side,
        quantity: Number,
        *,
        limit_price: Number | None = None,
        stop_price: Number | None = None,
        trail: Number | None = None,
        trail_percent: Number | None = None,
        limit_offset: Number | None = None,
        order_type: str | None = None,
        tif: TimeInForce | None = None,
        good_till: datetime | int | None = None,
        outside_hours: bool = False,
        account: str | None = None,
    ) -> PlacedOrder:
        """Place an order, and wait until the executor has taken it or denied it.

        `symbol` is one of the [[instruments]], or a combo of them such as `AAPL - 2 MSFT`. The type
        follows from the prices, as a strategy's does. ValueError for terms that no order has;
        `NotConnected` where nothing was sent. If nobody answers in time, the order is UNKNOWN: it
        may have been placed. Who stops waiting finds it in `orders`.
        """
        name, legs = combos.meant(symbol, self._instruments)
        for one in [leg.symbol for leg in legs] or [name]:
            self._require_symbol(one)
        if order_type is not None and order_type not in ORDER_TYPES:
            load_order_types(self._config.orders.types)
        terms = terms_of(
            side, quantity, prices_of(limit_price, stop_price, trail, trail_percent, limit_offset),
            kind=order_type, tif=tif, good_till=good_till, outside_hours=outside_hours,
        )  # fmt: skip
        _require_sound(terms)
        where, now = await self._account_for(account), self._service.clock.now()
        return await self._place(self._make.order(where, name, terms, now, legs))

    async def place_vertical_spread(
        self,
        symbol: str,
        expiry: Expiry,
        right: str,
        long_strike: Number,
        short_strike: Number,
        quantity: Number,
        limit_price: Number,
        *,
        tif: TimeInForce | None = None,
        account: str | None = None,
    ) -> PlacedOrder:
        """Buy one option and sell another against it, as one order that the broker fills as a
        whole. `limit_price` is the most that one spread may cost; below 0 it is a credit."""
        buy, sell = spread_of(
            self._instruments.values(), symbol, expiry, right, (long_strike, short_strike)
        )
        terms = terms_of("BUY", quantity, {"limit": limit_price}, tif=tif)
        _require_sound(terms)
        where = await self._account_for(account)
        legs = (combo_of(buy, sell, terms),)
        return await self._place(
            self._make.group(where, "vertical", legs, self._service.clock.now())
        )

    async def cancel(self, order_id: str) -> Outcome:
        """Cancel an order of this name by its id; also one that an earlier start has placed."""
        return await self._send(lambda now: self._make.cancel(order_id, now))

    async def modify(self, order_id: str, changes: TermChanges) -> Outcome:
        """Modify an order of this name by its id, and wait for the broker's word."""
        return await self._send(
            lambda now: self._make.modify(order_id, changes, now), to_the_end=True
        )

    async def _account_for(self, account: str | None) -> str:
        """Where an order is to go, once that gateway and the executor are there."""
        found = self._account if account is None else account
        login = login_of(self._logins, found)
        if not found and len(self._logins) > 1:
            raise ConfigError(
                "the group has several gateways; name the account of the order, or give one to"
                f" connect: it is one of {', '.join(self._logins.accounts)}"
            )
        gateways = [login] if login is not None else self._logins
        await self._require(roles.EXECUTOR, *(one.gateway for one in gateways))
        return found

    async def _place(self, signal: Signal | GroupSignal) -> PlacedOrder:
        order = PlacedOrder(signal, self)
        self._service.desk.add(signal, self._service.clock.now())
        self._service.add(order)
        self._loop.wake()
        await self.until(lambda: order.state != "UNANSWERED")
        return order

    async def _send(self, make: Callable[[Now], AnySignal], *, to_the_end: bool = False) -> Outcome:
        """Send a signal about an order; gives the answer to it. Its time begins now, not before the
        executor is there."""
        await self._require(roles.EXECUTOR)
        desk, now = self._service.desk, self._service.clock.now()
        signal = make(now)
        desk.add(signal, now)
        self._loop.wake()

        def look() -> bool:
            outcome = desk.outcome(signal.id)
            is_first = bool(outcome.state) and not to_the_end
            return outcome.done or is_first or outcome.state == "UNKNOWN"

        await self.until(look)
        return desk.outcome(signal.id)


def _require_sound(terms: OrderTerms) -> None:
    if fault := terms_fault(terms):
        raise ValueError(fault)
