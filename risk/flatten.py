"""Flatten: cancel everything, then close every position through the way out, until none is left.

    CANCELLING --no order is live, or PATIENCE passed--> CLOSING --no position--> DONE
                                                          ^  |
                                                          |__| an order each position, again
                                                               when the last ones are over

It says only what to ask for: the way out itself lets nothing pass that does not reduce.
"""

from decimal import Decimal
from typing import Final, Literal

from tapewire.common.events import CancelAll, SubmitOrder
from tapewire.risk.state import RiskState

PATIENCE_NS: Final = 3_000_000_000
ORDER_TTL_NS: Final = 5_000_000_000
ATTEMPTS_MAX: Final = 20

Phase = Literal["CANCELLING", "CLOSING", "DONE"]


class Flatten:
    """One flatten, from its start to its end; after a restart of risk it begins anew.

    `id` and the time of asking make its intents' ids, so that none is one of an earlier run.
    """

    def __init__(self, flatten_id: str) -> None:
        self.id = flatten_id
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

    def tick(self, state: RiskState, now_ns: int) -> list[SubmitOrder | CancelAll]:
        """What to ask of the way out now."""
        if self.phase == "CANCELLING":
            return self._cancel(state, now_ns)
        if self.phase == "CLOSING":
            return self._close(state, now_ns)
        return []

    def _cancel(self, state: RiskState, now_ns: int) -> list[SubmitOrder | CancelAll]:
        since_ns = self._cancelling_ns
        # Asked once at least: there may be orders that nobody here knows of.
        if since_ns is not None and (not state.live_orders() or now_ns - since_ns > PATIENCE_NS):
            self.phase, self._next_ns = "CLOSING", now_ns
            return self._close(state, now_ns)
        if now_ns < self._next_ns:
            return []
        self._cancelling_ns = now_ns if since_ns is None else since_ns
        self._next_ns = now_ns + PATIENCE_NS // 3
        return [CancelAll(now_ns)]

    def _close(self, state: RiskState, now_ns: int) -> list[SubmitOrder | CancelAll]:
        held = state.held()
        if not held:
            self.phase = "DONE"
            return []
        under_way = [o for o in state.live_orders() if o.strategy == "risk"]
        if under_way or now_ns < self._next_ns:
            return []
        if self._attempts >= ATTEMPTS_MAX:
            left = ", ".join(f"{symbol} {quantity}" for symbol, quantity in sorted(held.items()))
            self.phase, self.failure = "DONE", f"still open after {ATTEMPTS_MAX} attempts: {left}"
            return []
        self._attempts += 1
        self._next_ns = now_ns + PATIENCE_NS // 3
        return [self._closing(s, q, now_ns) for s, q in sorted(held.items())]

    def _closing(self, symbol: str, quantity: Decimal, now_ns: int) -> SubmitOrder:
        return SubmitOrder(
            intent_id=f"{self.id}-{now_ns:x}-{symbol}",
            ts_ns=now_ns,
            strategy="risk",
            symbol=symbol,
            action="SELL" if quantity > 0 else "BUY",
            quantity=abs(quantity),
            order_type="MKT",
            expires_ns=now_ns + ORDER_TTL_NS,
        )
