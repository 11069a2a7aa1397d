"""Queries of a client: history, option chains, and whatever else the broker can be asked."""

import asyncio
from typing import Any

from tapewire.client import records
from tapewire.client.callbacks import Callback, Subscription
from tapewire.client.connection import Connection
from tapewire.client.records import Holding
from tapewire.common.config.near import expected
from tapewire.common.errors import ConfigError
from tapewire.common.events import (
    AccountUpdated,
    ChainQuery,
    HistoryBar,
    HistoryQuery,
    OptionChain,
    Query,
    QueryFailed,
)
from tapewire.common.events.account_queries import (
    AccountQuery,
    AccountRow,
    PnlQuery,
    PnlRow,
    PortfolioQuery,
    PortfolioRow,
    SummaryQuery,
)
from tapewire.common.events.queries import Show
from tapewire.common.events.scans import Scan, ScanQuery, ScanRow
from tapewire.common.logins import Login
from tapewire.console.group.questions import QueryRefused, reason_of
from tapewire.strategy.asking import checked
from tapewire.strategy.live_order import LiveOrder
from tapewire.strategy.service import queries_of


class Queries(Connection):
    """The part of the client that asks."""

    async def ask(
        self, query: Query, *, gateway: str = "", progress: Callback | None = None
    ) -> list[Any]:
        """The rows of the answer to any query (see docs/wire.md); its id is given here. Raises
        `QueryRefused` where the broker or the gateway has none.

        It is asked at the login that provides its symbol, or at the one that is named. `progress`
        is called with word of how far it is, where it is answered in parts. To stop waiting ends
        it at the gateway too.
        """
        login = self._login_for(query, gateway)
        await self._require(login.gateway)
        asking = self._service.asking[queries_of(login)]
        asked = checked(query, asking.next_id())
        ends: list[tuple[Any, ...] | QueryFailed] = []
        asking.ask(asked, ends.append, ends.append, self._service.clock.now())
        if progress is not None:
            watching = Subscription(progress, self._service.reports, lambda: None)
            self._service.watched[asked.id] = watching
        self._loop.wake()
        try:
            await self.until(lambda: ends)
        finally:
            asking.cancel(asked.id)
            self._loop.wake()
            if (watched := self._service.watched.pop(asked.id, None)) is not None:
                watched.stop()
        if isinstance(ends[0], QueryFailed):
            raise QueryRefused(reason_of(ends[0]))
        return [*ends[0]]

    def _login_for(self, query: Query, gateway: str) -> Login:
        account = getattr(query, "account", "") or self._account
        symbols = [query.symbol] if hasattr(query, "symbol") else []
        name = gateway or next(iter(self._logins.sources_of(symbols, account)))
        login = self._logins.named(name)
        if login is None:
            known = expected(name, [one.name for one in self._logins])
            raise ConfigError(f"gateway is {name!r}, which is none of the [[gateways]]; {known}")
        return login

    async def history(
        self,
        symbol: str,
        *,
        bars: str = "1 min",
        back: str = "1 D",
        end_ns: int = 0,
        show: Show = "TRADES",
        regular_hours: bool = False,
        timeout_s: float = 60,
        progress: Callback | None = None,
    ) -> list[HistoryBar]:
        """Bars of the past, the oldest first, as `tapewire data history` has them. A span that is
        asked in parts may take longer than `timeout_s`, as long as there is word of it."""
        query = HistoryQuery(
            "-", symbol, bars, back, end_ns, show, regular_hours, int(timeout_s * 1000)
        )
        return await self.ask(query, progress=progress)

    async def chain(self, symbol: str) -> list[OptionChain]:
        """The expiries and strikes of all options that the broker has on a symbol."""
        return await self.ask(ChainQuery("-", symbol))

    async def summary(self, account: str = "") -> list[AccountUpdated]:
        """What an account is worth, or each of the login, as the gateway and its limits have it."""
        return await self.ask(SummaryQuery("-", account))

    async def account_values(self, account: str = "") -> list[AccountRow]:
        """Everything that the broker lists about an account, or about all of the login."""
        return await self.ask(AccountQuery("-", account))

    async def portfolio(self, account: str = "") -> list[PortfolioRow]:
        """What an account holds, or all of the login, whoever bought it, and what that is worth."""
        return await self.ask(PortfolioQuery("-", account))

    async def pnl(self, account: str = "", *, positions: bool = False) -> list[PnlRow]:
        """What an account has gained, as the broker reckons it; with `positions` of each."""
        return await self.ask(PnlQuery("-", account, positions))

    async def scan(self, scan: Scan) -> list[ScanRow]:
        """The contracts at the top of a ranking, such as `Scan("TOP_PERC_GAIN", rows=10)`."""
        return await self.ask(ScanQuery("-", scan))

    async def positions(
        self, *, account: str | None = None, symbol: str | None = None
    ) -> list[Holding]:
        """What the fills add up to, and what the broker reports, read from the journals as
        `tapewire positions` does; also while the group is down."""
        return await asyncio.to_thread(records.positions, self._config, account, symbol)

    async def working_orders(self) -> list[LiveOrder]:
        """The orders of this name that work, or may, those of earlier starts too, read from the
        journals as `tapewire orders --live` does. Their ids can be given to `cancel`."""
        return await asyncio.to_thread(records.working_orders, self._config, self.name)
