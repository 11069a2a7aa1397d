"""What is behind the Gateway's doors: the exchange, its accounts and its market."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import Row
from tapewire.simulator.exchange.contracts import Contracts
from tapewire.simulator.exchange.hours import Hours
from tapewire.simulator.exchange.matching import Exchange
from tapewire.simulator.exchange.order_handler import OrderHandler
from tapewire.simulator.market.history import history_of
from tapewire.simulator.market.replay_clock import ReplayClock
from tapewire.simulator.projectx import signalr
from tapewire.simulator.projectx.hubs import Hub, Hubs
from tapewire.simulator.projectx.listing import Listing
from tapewire.simulator.projectx.lookups import Endpoints, Lookups
from tapewire.simulator.projectx.market import MarketHub
from tapewire.simulator.projectx.records import Records, trade_id
from tapewire.simulator.projectx.reports import UserReports
from tapewire.simulator.projectx.trading import Trading
from tapewire.simulator.projectx.words import Json
from tapewire.simulator.settings import SimulatorSettings, accounts_of


class Venue:
    """One exchange with its market, and the endpoints to it. `say` sends a text to a hub's client.

    The market begins with the first who wants to see it.
    """

    def __init__(
        self,
        settings: SimulatorSettings,
        instruments: Sequence[Instrument],
        market: Iterator[Row],
        this_year: int,
        hubs: Hubs,
        say: Callable[[int, str], None],
    ) -> None:
        listing = Listing(instruments, this_year)
        futures = [one for one in instruments if listing.lists(one.symbol)]
        contracts = Contracts(futures)
        known = list(contracts.by_symbol.values())
        listing.renew(known)
        self._settings = settings
        self._hubs, self._say = hubs, say
        self._clock = ReplayClock(settings, market)
        self._history = history_of(market, self._clock, settings.speed)
        self._exchange = Exchange(known, settings.first_perm_id, settings.models)
        self._accounts = accounts_of(settings, known)
        records = Records(listing, self._accounts)
        hours = Hours(settings.opens, settings.closes)
        self.reports = UserReports(records, self._accounts, self._tell)
        self._orders = OrderHandler(
            first_order_id=settings.first_order_id,
            contracts=contracts,
            exchange=self._exchange,
            accounts=self._accounts,
            reports=self.reports,
            hours=hours,
            currency=settings.currency,
        )
        self._market = MarketHub(listing, self._exchange.books, hubs, self._call)
        self._trading = Trading(listing, self._exchange, self._orders, records)
        lookups = Lookups(
            listing, self._exchange, self._orders, records, self._trading, self._history, hours
        )
        self.endpoints = {**lookups.endpoints(), **changing(self._trading)}
        self.known: dict[Hub, set[str]] = {
            "user": {str(one) for one in records.account_names},
            "market": {listing.id_of(one.symbol) for one in known},
        }
        self._rows = 0

    @property
    def counters(self) -> dict[str, int]:
        """Totals since the start."""
        return {
            "messages_sent": self._market.sent,
            "rows": self._rows,
            "clients": len(self._hubs.members),
            "orders": len(self._exchange.orders),
            "executions": len(self._orders.executions),
        }

    @property
    def market_began_ns(self) -> int | None:
        """See `GatewayServer.market_began_ns`."""
        return self._clock.began_ns

    @property
    def market_over(self) -> bool:
        """Whether the market has ended."""
        return self._clock.is_over

    def at(self, now_ns: int) -> None:
        """It is this moment: what follows happens at it."""
        self._trading.now_ns = self.reports.now_ns = now_ns

    def begin(self, now_ns: int) -> None:
        """Let the market begin, if it has not."""
        self._clock.start(now_ns)

    def due_ns(self) -> int | None:
        """When to call `pass_time` next."""
        due = (self._clock.due_ns(), self._orders.due_ns())
        return min((one for one in due if one is not None), default=None)

    def pass_time(self, now_ns: int) -> None:
        """Let orders meet the rows that are due, and show these."""
        while (due_ns := self._orders.due_ns()) is not None and due_ns <= now_ns:
            self._feed_rows(due_ns)
            self._orders.pass_time(due_ns)
        self._feed_rows(now_ns)

    def books(self) -> dict[str, Any]:
        """What the broker has. Executions go by the Gateway's trade ids, as those
        of trades that were not voided; orders by their tags."""
        orders = self._exchange.orders.values()
        return {
            **self._orders.books(),
            "orders_by_ref": dict(Counter(one.order_ref for one in orders if one.order_ref)),
            "exec_ids": [f"{trade_id(one)}.01" for one, _ in self._orders.executions],
            "messages_sent": self._market.sent,
        }

    def _feed_rows(self, now_ns: int) -> None:
        books = self._exchange.books
        for row in self._clock.take(now_ns, self._settings.rows_max_per_tick):
            self._rows += 1
            if row.symbol not in books:
                continue  # a file may have other symbols too
            self._history.take(row, now_ns)
            self._orders.apply(row, now_ns)
            self._market.show(row, now_ns)

    def _tell(self, subject: str, about: str, target: str, data: Json) -> None:
        for conn in self._hubs.wanting(subject, about):
            self._say(conn, signalr.invocation(target, data))

    def _call(self, conn: int, target: str, contract_id: str, data: Any) -> None:
        self._say(conn, signalr.invocation(target, contract_id, data))


def changing(trading: Trading) -> Endpoints:
    """The endpoints that change something."""
    return {
        "/Order/place": trading.place,
        "/Order/cancel": trading.cancel,
        "/Order/modify": trading.modify,
        "/Position/closeContract": trading.close,
        "/Position/partialCloseContract": trading.close_partly,
    }
