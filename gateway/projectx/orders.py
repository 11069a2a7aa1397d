"""Whose each order is. The Gateway names the order of a trade by its own id alone; the order itself
has the tag, which is our intent's id."""

from collections.abc import Iterator
from typing import Final

from tapewire.gateway import broker
from tapewire.gateway.broker import BrokerEvent
from tapewire.gateway.projectx import reports
from tapewire.gateway.projectx.asked import Answer
from tapewire.gateway.projectx.reports import SymbolOf
from tapewire.gateway.projectx.session import Ask
from tapewire.gateway.projectx.words import Json

ASKED_MAX: Final = 3


class Orders:
    """What was seen of orders. `ask` asks for one that a trade names and nobody has shown yet, up
    to `ASKED_MAX` times; then its trades are reported without a tag, for they have happened."""

    def __init__(self, ask: Ask, symbol_of: SymbolOf) -> None:
        self._ask, self._symbol_of = ask, symbol_of
        self._owners: dict[str, tuple[str, str]] = {}  # tag and account, by order id
        self._early: dict[str, list[Json]] = {}  # trades of orders that are not known yet

    def closed(self) -> None:
        """The connection is gone: the next one lists all trades."""
        self._early.clear()

    def named(self, order_id: str, tag: str, account: str) -> None:
        """An order has this id."""
        self._owners[order_id] = tag, account

    def account_of(self, order_id: str) -> str:
        """The account of an order; ValueError for one that was never seen."""
        if order_id not in self._owners:
            raise ValueError(f"ProjectX has named no order {order_id}")
        return self._owners[order_id][1]

    def on_order(self, found: Json, *, listed: bool) -> Iterator[BrokerEvent]:
        """An order, and the trades that have waited for it."""
        yield reports.order_report(found, self._symbol_of, listed=listed)
        order_id = str(found["id"])
        self.named(order_id, found.get("customTag") or "", str(found["accountId"]))
        for trade in self._early.pop(order_id, ()):
            yield from self.on_trade(trade, listed=False)

    def on_trade(self, found: Json, *, listed: bool) -> Iterator[BrokerEvent]:
        """A trade. One that comes before its order waits for it; in a list, orders come before
        trades, so that an order that was not among them is of long ago."""
        order_id = str(found["orderId"])
        if order_id not in self._owners and not listed:
            self._early.setdefault(order_id, []).append(found)
            if len(self._early[order_id]) == 1:
                self._look_for(order_id, str(found["accountId"]), ASKED_MAX)
            return
        yield from self._trade(found, listed=listed)

    def _trade(self, found: Json, *, listed: bool) -> Iterator[BrokerEvent]:
        tag, _account = self._owners.get(str(found["orderId"]), ("", ""))
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
