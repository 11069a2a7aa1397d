"""Watching foreign orders: the broker's lists of open orders, and what they say that is news.

A broker reports by itself only what this client has placed. Everything else has to be asked for, so
the open orders of all clients are listed at each synchronisation and at intervals. What a list does
not name any more is gone, if all of it could be read. What was listed and is not one of our orders
is journaled when it is new, changed or gone, and counts (see `common.accounting.foreign`).

A combo is listed with the contracts of its legs, and a broker may describe those only afterwards.
Until then a leg counts under no symbol of ours, so the list is soon asked for again; not for ever,
as a leg may be of what nobody has configured.
"""

from collections import Counter
from collections.abc import Callable, Collection
from typing import Final

from msgspec.structs import replace

from tapewire.common.accounting.book import ZERO
from tapewire.common.accounting.foreign import ForeignOrders
from tapewire.common.clock import Now
from tapewire.common.events import Event, ForeignOrderReported, OrderTerms
from tapewire.gateway import broker

UNNAMED_NS: Final = 1_000_000_000
UNNAMED_MAX: Final = 10
"""So often a combo is listed at short intervals whose legs are not all known."""


class ForeignWatch:
    """What of the lists is news. `interval_ms` is the time between lists, 0 asks for none beyond
    those of a synchronisation; `ask` puts the question. None of its own state is durable."""

    def __init__(self, known: ForeignOrders, interval_ms: int, ask: Callable[[], None]) -> None:
        self.known = known
        self._interval_ns = interval_ms * 1_000_000
        self._ask = ask
        self._named: set[str] = set()  # since the last list ended
        self._readable = True  # everything since then
        self._asked_mono_ns = 0
        self._unsized: set[str] = set()
        self._unnamed: Counter[str] = Counter()  # how often combos with such legs were listed

    def on_report(self, report: broker.OrderReport, account: str, now: Now) -> list[Event]:
        """A report about an order that is not ours; `account` is whose it is where that is not
        said. Its open order says all of it, and the status behind that how much has filled."""
        order_id = ForeignOrderReported.id_of(*report.names)
        before = self.known.word(order_id)
        if report.status in broker.OVER:
            return [] if before is None else [_gone(before, now)]
        if report.is_open:
            self._named.add(order_id)
            if any(leg.symbol.startswith(broker.UNNAMED) for leg in report.legs):
                self._unnamed[order_id] += 1
            else:
                self._unnamed.pop(order_id, None)
        after = self._after(report, before, account, now)
        same = after is None or (
            before is not None and replace(after, ts_ns=before.ts_ns) == before
        )
        return [] if after is None or same else [after]

    def unsized(self, report: broker.OrderReport) -> str:
        """What a person has to know the first time: an order whose size the broker does not say."""
        order_id, has_size = ForeignOrderReported.id_of(*report.names), report.terms is not None
        if not report.is_open or has_size or order_id in self._unsized:
            return ""
        self._unsized.add(order_id)
        return (
            f"an order that is not ours, {report.names}, works in {report.symbol} and has no"
            " quantity, so no limit counts it; cancel it where it was placed if it is not meant"
        )

    def completed(self, now: Now, accounts: Collection[str], *, believed: bool) -> list[Event]:
        """A list of the orders in these accounts has come to its end: what it did not name is gone,
        if it can be `believed`. Whose an order is may not be known, as `on_report` says."""
        named, readable = self._named, self._readable
        self._named, self._readable, self._asked_mono_ns = set(), True, now.mono_ns
        for order_id in self._unnamed.keys() - named:
            del self._unnamed[order_id]
        if not (believed and readable):
            return []
        return left_out(self.known, named, ("", *accounts), now)

    def unreadable(self) -> None:
        """Something could not be read, perhaps an order: the list that it is in is not whole."""
        self._readable = False

    def lost(self) -> None:
        """The connection is gone, and the rest of its lists with it."""
        self._named, self._readable = set(), True
        self._unnamed.clear()

    def tick(self, now: Now) -> None:
        """Ask for the list when it is due; only while all is synchronised."""
        waited_ns = now.mono_ns - self._asked_mono_ns
        is_soon = any(count < UNNAMED_MAX for count in self._unnamed.values())
        if (self._interval_ns and waited_ns >= self._interval_ns) or (
            is_soon and waited_ns >= UNNAMED_NS
        ):
            self._asked_mono_ns = now.mono_ns
            self._ask()

    def _after(
        self,
        report: broker.OrderReport,
        before: ForeignOrderReported | None,
        account: str,
        now: Now,
    ) -> ForeignOrderReported | None:
        filled = before.quantity - before.remaining if before is not None else ZERO
        filled = report.filled if report.filled is not None else filled
        quantity = report.terms.quantity if report.terms is not None else None
        if report.is_open and quantity and report.side is not None:
            return ForeignOrderReported(
                now.wall_ns, report.account or account, report.symbol or "?", report.side, quantity,
                max(quantity - filled, ZERO), *report.names, report.reference, report.legs,
                _terms(report),
            )  # fmt: skip
        if before is None:
            return None
        return replace(before, ts_ns=now.wall_ns, remaining=max(before.quantity - filled, ZERO))


def left_out(
    known: ForeignOrders, named: Collection[str], accounts: Collection[str], now: Now
) -> list[Event]:
    """What a whole list of these accounts has not named is gone; "" is of orders whose account is
    not known."""
    return [
        _gone(one, now) for one in known.listed() if one.id not in named and one.account in accounts
    ]


def _terms(report: broker.OrderReport) -> OrderTerms | None:
    """What is known of its terms; None where its type is not."""
    if not report.kind or report.terms is None or report.side is None:
        return None
    bare = OrderTerms(report.side, report.terms.quantity or ZERO, report.kind)
    return report.terms.applied_to(bare)


def _gone(one: ForeignOrderReported, now: Now) -> ForeignOrderReported:
    return replace(one, ts_ns=now.wall_ns, remaining=ZERO)
