"""Flatten: cancel what works in a scope, then close its positions, until none is left.

    CANCELLING --no order is live, or PATIENCE passed--> CLOSING --no position--> DONE
                                                          ^  |
                                                          |__| one order per position, again
                                                               when its last one is over

Closing orders go through the liquidation gateway, which lets nothing pass that does not reduce, and
works when gateway and executor do not. Cancels depend on the scope. For everything, the liquidation
gateway cancels all orders of the login. It cannot cancel a single order of another client id (TWS
lets a client cancel only its own), so for a smaller scope the gateway is asked to cancel each order
that it placed; orders from elsewhere in that scope stay.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from tapewire.common import roles
from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.book import Key
from tapewire.common.accounting.orders import Order
from tapewire.common.clock import Now
from tapewire.common.events import (
    EVERYTHING,
    TEXT_MAX,
    CancelAll,
    CancelOrder,
    OrderTerms,
    Scope,
    SubmitOrder,
)

PATIENCE_NS: Final = 3_000_000_000
ORDER_TTL_NS: Final = 5_000_000_000
ATTEMPTS_MAX: Final = 20

Phase = Literal["CANCELLING", "CLOSING", "DONE"]
Command = SubmitOrder | CancelAll | CancelOrder


class Asked(NamedTuple):
    """A command, and the gateway that it is for."""

    role: str
    command: Command


class Flatten:
    """One flatten, from its start to its end; after a restart of risk it begins again.

    `id` and the time of asking make its intents' ids, so that none is one of an earlier run.
    Times are monotonic.
    """

    def __init__(self, flatten_id: str, scope: Scope = EVERYTHING) -> None:
        self.id = flatten_id
        self.scope = scope
        self.phase: Phase = "CANCELLING"
        self.failure = ""
        self._cancelling_ns: int | None = None  # since when; None: nobody was asked yet
        self._next_ns = 0
        self._attempts = 0

    def __repr__(self) -> str:
        return f"<Flatten {self.id}: {self}>"

    def __str__(self) -> str:
        """How far it is, for a person."""
        attempt = f", attempt {self._attempts}" if self._attempts else ""
        return f"{self.phase}{attempt}"

    def tick(self, accounts: Accounts[Order], now: Now) -> list[Asked]:
        """What to ask of the gateways now."""
        if self.phase == "CANCELLING":
            return self._cancel(accounts, now)
        return self._close(accounts, now) if self.phase == "CLOSING" else []

    def _cancel(self, accounts: Accounts[Order], now: Now) -> list[Asked]:
        since_ns, live = self._cancelling_ns, self._live(accounts)
        # Asked once at least: there may be orders that nobody here knows of.
        if since_ns is not None and (not live or now.mono_ns - since_ns > PATIENCE_NS):
            self.phase, self._next_ns = "CLOSING", now.mono_ns
            return self._close(accounts, now)
        if now.mono_ns < self._next_ns:
            return []
        self._cancelling_ns = now.mono_ns if since_ns is None else since_ns
        self._next_ns = now.mono_ns + PATIENCE_NS // 3
        if self.scope == EVERYTHING:
            return [Asked(roles.LIQUIDATION, CancelAll(now.wall_ns))]
        return [_cancel_of(one, now) for one in live]

    def _close(self, accounts: Accounts[Order], now: Now) -> list[Asked]:
        held = self._held(accounts)
        if not held:
            self.phase = "DONE"
            return []
        live = [one.order for one in self._live(accounts) if one.order.strategy == roles.RISK]
        under_way = {(order.account, order.symbol) for order in live}
        due = {key: quantity for key, quantity in held.items() if key not in under_way}
        if not due or now.mono_ns < self._next_ns:
            return []
        if self._attempts >= ATTEMPTS_MAX:
            left = ", ".join(f"{symbol} {quantity:f}" for (_, symbol), quantity in held.items())
            reason = f"still open after {ATTEMPTS_MAX} attempts: {left}"
            self.phase, self.failure = "DONE", reason[:TEXT_MAX]
            return []
        self._attempts += 1
        self._next_ns = now.mono_ns + PATIENCE_NS // 3
        return [
            Asked(roles.LIQUIDATION, self._closing(key, quantity, now))
            for key, quantity in due.items()
        ]

    def _live(self, accounts: Accounts[Order]) -> list[Order]:
        return [
            one
            for one in accounts.orders.live()
            if self.scope.covers(one.order.account, one.order.strategy, one.order.symbol)
        ]

    def _held(self, accounts: Accounts[Order]) -> Mapping[Key, Decimal]:
        held = accounts.held().items()
        return {k: q for k, q in sorted(held) if self.scope.covers(k[0], self.scope.strategy, k[1])}

    def _closing(self, key: Key, quantity: Decimal, now: Now) -> SubmitOrder:
        account, symbol = key
        terms = OrderTerms("SELL" if quantity > 0 else "BUY", abs(quantity))
        return SubmitOrder(
            intent_id=f"{self.id}-{now.wall_ns:x}-{account}-{symbol}",
            ts_ns=now.wall_ns,
            account=account,
            strategy=roles.RISK,
            symbol=symbol,
            terms=terms,
            expires_ns=now.wall_ns + ORDER_TTL_NS,
            expires_mono_ns=now.mono_ns + ORDER_TTL_NS,
        )


def _cancel_of(one: Order, now: Now) -> Asked:
    """Only the gateway that placed an order can cancel it; closing orders are the liquidation's."""
    role = roles.LIQUIDATION if one.order.strategy == roles.RISK else roles.GATEWAY
    return Asked(role, CancelOrder(one.intent_id, now.wall_ns))
