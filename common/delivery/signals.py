"""Signals from outside of strategies: how a person's and a program's wishes are put."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from tapewire.common.clock import Now
from tapewire.common.combos import combo_order
from tapewire.common.events import (
    CancelSignal,
    ComboLeg,
    GroupKind,
    GroupLeg,
    GroupSignal,
    ModifySignal,
    OrderTerms,
    Signal,
    TermChanges,
)

TTL_S: Final = 10.0
"""How long a signal of a person or a program holds, unanswered."""


class SignalMaker:
    """Makes the signals of `strategy`, each with an id by `new_id`; they hold for `ttl_ns`."""

    def __init__(self, strategy: str, new_id: Callable[[Now], str], ttl_ns: int) -> None:
        self.strategy = strategy
        self.ttl_ns = ttl_ns
        self._new_id = new_id

    def order(
        self,
        account: str,
        symbol: str,
        terms: OrderTerms,
        now: Now,
        legs: Sequence[ComboLeg] = (),
    ) -> Signal | GroupSignal:
        """A wish to place an order; with `legs`, one that trades them as one."""
        if legs:
            return self.group(account, "combo", (combo_order(legs, terms),), now)
        return Signal(symbol=symbol, terms=terms, **self._envelope(account, now))

    def group(
        self, account: str, kind: GroupKind, legs: tuple[GroupLeg, ...], now: Now
    ) -> GroupSignal:
        """A wish to place a group of orders."""
        return GroupSignal(kind=kind, legs=legs, **self._envelope(account, now))

    def cancel(self, order_id: str, now: Now) -> CancelSignal:
        """A wish to cancel the order of a signal or an intent, or a group."""
        return CancelSignal(signal_id=order_id, **self._envelope("", now))

    def modify(self, order_id: str, changes: TermChanges, now: Now) -> ModifySignal:
        """A wish to modify the order of a signal or an intent."""
        return ModifySignal(signal_id=order_id, changes=changes, **self._envelope("", now))

    def _envelope(self, account: str, now: Now) -> dict[str, Any]:
        """What all of them carry: an id, who sends it, and until when it holds by both clocks."""
        return {
            "id": self._new_id(now),
            "ts_ns": now.wall_ns,
            "account": account,
            "strategy": self.strategy,
            "expires_ns": now.wall_ns + self.ttl_ns,
            "expires_mono_ns": now.mono_ns + self.ttl_ns,
        }
