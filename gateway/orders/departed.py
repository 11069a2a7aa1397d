"""Accounts that the login had, and has no more: another TWS is at the address than before.

What is known of them is as it was last reported. It counts in limits, since it may be so still, but
the broker says nothing of it now, and nobody here can close or cancel any of it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Final

from tapewire.common.accounting.order import Order
from tapewire.common.amounts import counted
from tapewire.common.clock import Now

LOOK_EVERY_NS: Final = 1_000_000_000


class Departed:
    """Whether there are such accounts; `accounts` are those of the login, none while there is
    none. `held` and `live` are what is known of all accounts."""

    def __init__(
        self,
        accounts: Callable[[], Iterable[str]],
        held: Mapping[tuple[str, str], Decimal],
        live: Callable[[], Iterable[Order]],
    ) -> None:
        self.reason = ""
        """What is left in them, in a sentence; empty if nothing is."""
        self._accounts = accounts
        self._held = held
        self._live = live
        self._next_ns: int | None = None

    def __repr__(self) -> str:
        return f"<Departed: {self.reason or 'none'}>"

    def look(self, now: Now) -> str:
        """Look for them, at most once per second; the reason if a person has not had it yet."""
        if self._next_ns is not None and now.mono_ns < self._next_ns:
            return ""
        self._next_ns = now.mono_ns + LOOK_EVERY_NS
        before, own = self.reason, frozenset(self._accounts())
        self.reason = self._sentence(own) if own else ""
        return self.reason if self.reason != before else ""

    def _sentence(self, own: frozenset[str]) -> str:
        left: dict[str, list[str]] = {}
        for (account, symbol), quantity in sorted(self._held.items()):
            if quantity and account not in own:
                left.setdefault(account, []).append(f"{symbol} {quantity:f}")
        orders = Counter(one.order.account for one in self._live())
        for account in sorted(orders.keys() - own):
            left.setdefault(account, []).append(counted(orders[account], "order"))
        if not left:
            return ""
        found = "; ".join(f"{account} with {', '.join(what)}" for account, what in left.items())
        return (
            f"this login does not have {found}: that is shown as it was last reported, counts in"
            " limits, and nobody here can close or cancel it; connect to the TWS of that account,"
            " or use another run_dir for this one"
        )
