"""The endpoints that only look: accounts, contracts, bars, orders, positions, trades."""

from collections.abc import Callable, Iterable
from typing import Final

from tapewire.simulator.exchange.hours import Hours
from tapewire.simulator.exchange.matching import Exchange
from tapewire.simulator.exchange.order_handler import OrderHandler
from tapewire.simulator.exchange.orders import Order
from tapewire.simulator.market.bars import Bars, Made
from tapewire.simulator.market.history import History
from tapewire.simulator.projectx import answers
from tapewire.simulator.projectx.answers import Refusal, done
from tapewire.simulator.projectx.listing import Listing
from tapewire.simulator.projectx.records import Records
from tapewire.simulator.projectx.trading import Trading
from tapewire.simulator.projectx.words import (
    NS_PER_S,
    OPEN,
    UNIT_S,
    Json,
    moment_ns,
    stamp,
    status_of,
    whole,
)

BARS_MAX: Final = 20_000
PAGE_MAX: Final = 500
CONTRACT_UNKNOWN: Final = 1
Endpoints = dict[str, Callable[[Json], Json]]


class Lookups:
    """Answers from the exchange's books and the market's history."""

    def __init__(
        self,
        listing: Listing,
        exchange: Exchange,
        orders: OrderHandler,
        records: Records,
        trading: Trading,
        history: History,
        hours: Hours,
    ) -> None:
        self._listing = listing
        self._exchange = exchange
        self._orders = orders
        self._records = records
        self._trading = trading
        self._history = history
        self._hours = hours

    def endpoints(self) -> Endpoints:
        """Who answers what."""
        return {
            "/Account/search": self._accounts,
            "/Contract/search": self._contracts,
            "/Contract/searchById": self._contract,
            "/Contract/available": self._available,
            "/History/retrieveBars": self._bars,
            "/Order/search": self._search_orders,
            "/Order/searchOpen": self._open_orders,
            "/Order/searchById": self._order,
            "/Order/v2/query": self._page_of_orders,
            "/Position/searchOpen": self._positions,
            "/Trade/search": self._trades,
        }

    def _accounts(self, _asked: Json) -> Json:
        names = self._records.account_ids
        return done(accounts=[self._records.account(name) for name in names])

    def _contracts(self, asked: Json) -> Json:
        return done(contracts=self._listing.search(str(asked.get("searchText") or "")))

    def _available(self, _asked: Json) -> Json:
        return done(contracts=self._listing.search(""))

    def _contract(self, asked: Json) -> Json:
        instrument = self._trading.instrument_of(asked, CONTRACT_UNKNOWN)
        return done(contract=self._listing.described(instrument))

    # ---- bars ------------------------------------------------------------------------------------

    def _bars(self, asked: Json) -> Json:
        """The newest bars of a span, the newest first."""
        instrument = self._trading.instrument_of(asked, CONTRACT_UNKNOWN)
        now_ns = self._trading.now_ns
        self._history.asked(now_ns)
        size_s = UNIT_S.get(whole(asked, "unit"), 0) * whole(asked, "unitNumber")
        limit = min(whole(asked, "limit") or BARS_MAX, BARS_MAX)
        from_ns, to_ns = moment_ns(asked.get("startTime")), moment_ns(asked.get("endTime"))
        if not size_s or from_ns is None or to_ns is None:
            text = "The unit, its number, the start and the end of the bars must be given."
            raise Refusal(answers.BAD_HISTORY, text)
        found = self._newest(instrument.symbol, size_s, (from_ns, min(to_ns, now_ns)), limit + 1)
        if not asked.get("includePartialBar"):
            found = [one for one in found if one.end_ns <= now_ns]
        return done(bars=[_bar(one) for one in reversed(found[-limit:])])

    def _newest(self, symbol: str, size_s: int, span: tuple[int, int], count: int) -> list[Made]:
        """At least so many bars of a span, if it has them: those at its end."""
        from_ns, to_ns = span
        stretch_ns = count * size_s * NS_PER_S
        while True:
            begin_ns = max(from_ns, to_ns - stretch_ns)
            found = self._made(symbol, size_s, begin_ns, to_ns)
            if len(found) >= count or begin_ns == from_ns:
                return found
            stretch_ns *= 2

    def _made(self, symbol: str, size_s: int, from_ns: int, to_ns: int) -> list[Made]:
        """Bars of trades; of midpoints where the market shows quotes alone."""
        for what in ("TRADES", "MIDPOINT"):
            bars = Bars(self._history, self._hours, symbol, what, size_s)
            if found := bars.between(from_ns, to_ns, use_rth=False):
                return found
        return []

    # ---- orders ----------------------------------------------------------------------------------

    def _order(self, asked: Json) -> Json:
        return done(order=self._records.order(self._trading.order_of(asked)))

    def _open_orders(self, asked: Json) -> Json:
        account = self._trading.account_of(asked)
        found = [one for one in self._of(account) if status_of(one) == OPEN]
        return done(orders=[self._records.order(one) for one in found])

    def _search_orders(self, asked: Json) -> Json:
        """All orders that were placed in a span of time."""
        account, placed = self._trading.account_of(asked), self._records.placed_ns
        found = [one for one in self._of(account) if _is_within(placed[one.perm_id], asked)]
        return done(orders=[self._records.order(one) for one in found])

    def _page_of_orders(self, asked: Json) -> Json:
        wanted = asked.get("filter")
        if not isinstance(wanted, dict):
            raise Refusal(answers.ACCOUNT_NOT_FOUND, "The filter is missing.")
        contract_id, given = wanted.get("contractId"), wanted.get("statuses")
        statuses = given if isinstance(given, list) else []
        found = [
            written
            for one in self._of(self._trading.account_of(wanted))
            if (written := self._records.order(one))
            and (not statuses or written["status"] in statuses)
            and contract_id in (None, written["contractId"])
        ]
        offset = whole(asked, "pageOffset")
        size = min(whole(asked, "pageSize") or PAGE_MAX, PAGE_MAX)
        total = len(found) if asked.get("includeTotalCount") else None
        return done(orders=found[offset : offset + size], totalCount=total)

    def _of(self, account: str) -> Iterable[Order]:
        return [one for one in self._exchange.orders.values() if one.account == account]

    # ---- positions and trades --------------------------------------------------------------------

    def _positions(self, asked: Json) -> Json:
        return done(positions=self._records.positions(self._trading.account_of(asked)))

    def _trades(self, asked: Json) -> Json:
        account, contract_id = self._trading.account_of(asked), asked.get("contractId")
        found = [
            self._records.trade(execution, realised)
            for execution, realised in self._orders.executions
            if execution.order.account == account and _is_within(execution.ts_ns, asked)
        ]
        return done(trades=[one for one in found if contract_id in (None, one["contractId"])])


def _bar(made: Made) -> Json:
    bar = made.bar
    return {
        "t": stamp(made.begin_ns), "o": bar.open, "h": bar.high, "l": bar.low, "c": bar.close,
        "v": int(bar.volume),
    }  # fmt: skip


def _is_within(at_ns: int, asked: Json) -> bool:
    """Whether a moment is in the span that a request names; either end may be open."""
    since_ns, until_ns = (
        moment_ns(asked.get("startTimestamp")),
        moment_ns(asked.get("endTimestamp")),
    )
    return (since_ns is None or since_ns <= at_ns) and (until_ns is None or at_ns <= until_ns)
