"""Market data of a client: tickers and option chains."""

from collections.abc import Iterable

from tapewire.client.chain import Expiry, LiveChain, options_on
from tapewire.client.connection import Connection
from tapewire.client.ticker import Ticker
from tapewire.common import roles
from tapewire.common.bus.ports import of_login
from tapewire.strategy.service import MARKET
from tapewire.strategy.terms import Number


class MarketData(Connection):
    """The part of the client that reads markets."""

    @property
    def symbols(self) -> list[str]:
        """What can be read and traded: the [[instruments]] of the group."""
        return [*self._instruments]

    async def subscribe_ticker(self, symbol: str) -> Ticker:
        """Read the quotes and trades of a symbol, and the greeks of an option."""
        self._require_symbol(symbol)
        source = next(iter(self._logins.sources_of([symbol], self._account)))
        await self._require(roles.of_login(roles.GATEWAY, source))
        ticker = Ticker(symbol, self._service.bell, self._service.reports)
        is_option = self._instruments[symbol].sec_type == "OPT"
        self._service.feeds.open(ticker, of_login(MARKET, source), greeks=is_option)
        self._loop.wake()
        return ticker

    async def subscribe_option_chain(
        self,
        symbol: str,
        *,
        expiry: Expiry | None = None,
        strikes: Iterable[Number] | None = None,
        right: str | None = None,
    ) -> LiveChain:
        """Read the configured options on a symbol, with their greeks; only those of an expiry, of
        some strikes, or of one right ("C" or "P")."""
        found = options_on(self._instruments.values(), symbol, expiry, strikes, right)
        tickers = {
            terms: await self.subscribe_ticker(option.symbol) for terms, option in found.items()
        }
        chain = LiveChain(symbol, tickers)
        self._chains.add(chain)
        return chain

    async def unsubscribe(self, subscribed: Ticker | LiveChain) -> None:
        """Read a ticker or a chain no more; whoever reads it with `async for` is at the end."""
        tickers = [subscribed] if isinstance(subscribed, Ticker) else [*subscribed]
        for ticker in tickers:
            self._service.feeds.close(ticker)
        if isinstance(subscribed, LiveChain):
            subscribed.close()
            self._chains.discard(subscribed)
        self._loop.wake()
