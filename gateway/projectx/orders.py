"""Whose each order is. The Gateway names the order of a trade by its own id alone; the order itself
has the tag, which is our intent's id."""

from collections.abc import Callable, Iterator
from typing import Final

from msgspec.structs import replace

from tapewire.gateway import broker
from tapewire.gateway.broker import BrokerEvent
from tapewire.gateway.projectx import reports
from tapewire.gateway.projectx.asked import Answer
from tapewire.gateway.projectx.reports import SymbolOf
from tapewire.gateway.projectx.session import Ask
from tapewire.gateway.projectx.words import Json, identifier

ASKED_MAX: Final = 3
EARLY_MAX: Final = 500
"""Of so many orders that nobody has shown trades may wait."""
SHOWN_NS: Final = 10_000_000_000
"""How long the user hub may take to show an order that the Gateway has taken."""


class Orders:
    """What was seen of orders. `ask` asks for one that a trade names and nobody has shown yet, up
    to `ASKED_MAX` times; then its trades are reported without a tag, for they have happened.
    `heard_ns` is when something was heard last (monotonic).

    Only the user hub tells what becomes of an order, and a hub may be connected and say
    nothing. So each order that the Gateway took is waited for there (see `unshown`)."""

    def __init__(self, ask: Ask, symbol_of: SymbolOf, heard_ns: Callable[[], int]) -> None:
        self._ask, self._symbol_of, self._heard_ns = ask, symbol_of, heard_ns
        self._owners: dict[str, tuple[str, str]] = {}  # tag and account, by order id
        self._early: dict[str, list[Json]] = {}  # trades of orders that are not known yet
        self._unshown: dict[str, int] = {}  # orders that were taken: since when (monotonic)

    def closed(self) -> None:
        """The connection is gone: the next one lists all trades."""
        self._early.clear()
        self._unshown.clear()

    def unshown(self, now_ns: int) -> str:
        """An order that was taken and that the hub has not shown in time; "" if there is none."""
        for order_id, since_ns in self._unshown.items():  # the first is the oldest
            return order_id if now_ns - since_ns > SHOWN_NS else ""
        return ""

    def taken(self, order_id: str, tag: str, account: str) -> None:
        """The Gateway has answered that it took an order. The hub may have been faster."""
        if order_id not in self._owners:
            self._unshown[order_id] = self._heard_ns()
        self.named(order_id, tag, account)

    def named(self, order_id: str, tag: str, account: str) -> None:
        """An order has this id."""
        self._owners[order_id] = tag, account

    def account_of(self, order_id: str) -> str:
        """The account of an order; ValueError for one that was never seen."""
        if order_id not in self._owners:
            raise ValueError(f"ProjectX has named no order {order_id}")
        return self._owners[order_id][1]

    def on_order(self, found: Json, *, listed: bool) -> Iterator[BrokerEvent]:
        """An order, and the trades that have waited for it. It keeps a tag that is left out."""
        report = reports.order_report(found, self._symbol_of, listed=listed)
        order_id = report.order_id
        tag, account = self._owners.get(order_id, ("", ""))
        if not report.reference and account == report.account:
            report = replace(report, reference=tag)
        yield report
        self.named(order_id, report.reference, report.account)
        if not listed:
            self._unshown.pop(order_id, None)
        for trade in self._early.pop(order_id, ()):
            yield from self.on_trade(trade, listed=False)

    def on_trade(self, found: Json, *, listed: bool) -> Iterator[BrokerEvent]:
        """A trade. One that comes before its order waits for it; in a list, orders come before
        trades, so that an order that was not among them is of long ago."""
        order_id, account = identifier(found["orderId"]), identifier(found["accountId"])
        is_known = listed or order_id in self._owners
        if order_id in self._early or not (is_known or len(self._early) >= EARLY_MAX):
            list(self._trade(found, listed=False))  # raises now, and not behind the order
            self._early.setdefault(order_id, []).append(found)
            if len(self._early[order_id]) == 1:
                self._look_for(order_id, account, ASKED_MAX)
            return
        yield from self._trade(found, listed=listed)

    def _trade(self, found: Json, *, listed: bool) -> Iterator[BrokerEvent]:
        tag, _account = self._owners.get(identifier(found["orderId"]), ("", ""))
        yield from reports.trade_reports(found, tag, self._symbol_of, listed=listed)

    def _look_for(self, order_id: str, account: str, times: int) -> None:
        def take(answer: Answer) -> Iterator[BrokerEvent]:
            order = (answer.found or {}).get("order")
            if isinstance(order, dict) and str(order.get("id")) == order_id:
                yield from self.on_order(order, listed=False)
            elif order_id not in self._early:
                return
            elif times > 1:
                self._look_for(order_id, account, times - 1)
            else:
                why = answer.fault or answer.refusal or "it shows none"
                yield broker.Complaint(f"ProjectX does not name the order of a trade: {why}")
                for trade in self._early.pop(order_id):
                    yield from self._trade(trade, listed=False)

        self._ask("/Order/searchById", {"accountId": int(account), "orderId": int(order_id)}, take)
