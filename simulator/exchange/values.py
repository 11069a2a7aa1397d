"""An account's values as the broker works them out, and when clients are sent them again."""

from decimal import Decimal
from typing import Final

from tapewire.simulator.exchange.account import ZERO, Books, Holding, Mark
from tapewire.simulator.exchange.margin import (
    account_margin,
    in_base,
    leverage,
    net_liquidation,
)

Value = tuple[str, str, str]  # key, value, currency
EVERY_NS: Final = 180_000_000_000  # TWS's own interval, which nobody can change


def account_values(books: Books, mark_of: Mark) -> dict[str, Decimal]:
    """An account's values by TWS's keys, in the account's currency."""

    def mark(one: Holding) -> Decimal | None:
        return mark_of(one.instrument.symbol)

    cash = books.total_cash(mark_of)
    net, margin = net_liquidation(books, mark_of), account_margin(books, mark_of)
    return {
        "NetLiquidation": net,
        "EquityWithLoanValue": net,
        "TotalCashValue": cash,
        "SettledCash": cash,
        "AccruedCash": ZERO,
        "AvailableFunds": net - margin.initial,
        "ExcessLiquidity": net - margin.maintenance,
        "BuyingPower": max(net - margin.initial, ZERO) * leverage(books.margin),
        "GrossPositionValue": in_base(books, mark_of, lambda one: one.exposure(mark(one))),
        "InitMarginReq": margin.initial,
        "MaintMarginReq": margin.maintenance,
        "RealizedPnL": in_base(books, mark_of, lambda one: one.realised),
        "UnrealizedPnL": in_base(books, mark_of, lambda one: one.unrealised(mark(one))),
    }


class Refresh:
    """When values are sent again to those who have asked for them: every three minutes from the
    first question on, unless nothing has moved since the last time."""

    def __init__(self) -> None:
        self._next_ns: int | None = None
        self._has_moved = False

    def start(self, now_ns: int) -> None:
        """Somebody asked for values."""
        if self._next_ns is None:
            self._next_ns = now_ns + EVERY_NS

    def moved(self, now_ns: int) -> None:
        """A price or a holding may have changed."""
        if self._has_moved or self._next_ns is None:
            return
        self._has_moved = True
        if self._next_ns <= now_ns:  # nothing moved for a while, and nothing was sent
            self._next_ns = _behind(now_ns, self._next_ns)

    def caught_up(self, last_ns: int | None, now_ns: int) -> None:
        """Prices moved up to `last_ns`, if they did, and what was due by now has told nobody
        anything new."""
        if self._next_ns is None:
            return
        if last_ns is not None:
            self._next_ns, self._has_moved = _behind(last_ns, self._next_ns), True
        if self._has_moved and self._next_ns <= now_ns:
            self._next_ns, self._has_moved = self._next_ns + EVERY_NS, False

    def after(self, moved_ns: int) -> int:
        """When values are to be sent if a price moves then, or has moved before."""
        if self._next_ns is None:
            return moved_ns
        return self._next_ns if self._has_moved else _behind(moved_ns, self._next_ns)

    def behind(self, moved_ns: int) -> int:
        """When values are to be sent if a price moves then, and all that was due before is done."""
        return moved_ns if self._next_ns is None else _behind(moved_ns, self._next_ns)

    def due_ns(self) -> int | None:
        """When values are to be sent next; None while there is nothing to send."""
        return self._next_ns if self._has_moved else None

    def take(self, now_ns: int) -> bool:
        """Whether values are to be sent now."""
        due_ns = self.due_ns()
        if due_ns is None or due_ns > now_ns:
            return False
        self._has_moved, self._next_ns = False, now_ns + EVERY_NS
        return True


def _behind(ns: int, next_ns: int) -> int:
    """The first of the times from `next_ns` on, each `EVERY_NS`, that is behind a moment."""
    return next_ns + max(0, -(-(ns + 1 - next_ns) // EVERY_NS)) * EVERY_NS
