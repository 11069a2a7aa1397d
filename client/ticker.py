"""Tickers: the newest quote, trade and greeks of a symbol, and what comes as it comes."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from tapewire.client.bell import Bell
from tapewire.client.callbacks import Callback, Reports, Subscription, is_async
from tapewire.client.newest import Newest
from tapewire.common.events import Basis, Greeks, Quote, Tick, Trade

Update = Tick | Greeks
FIRST_S: Final = 10.0


class Ticker:
    """What is known of a symbol's market. `async for` gives the quotes, trades and greeks as they
    come; a reader that is slower than they are gets the newest of each, and `skipped` counts the
    rest. `missed` counts messages that were lost on their way."""

    def __init__(self, symbol: str, bell: Bell, reports: Reports) -> None:
        self.symbol = symbol
        self.quote: Quote | None = None
        self.trade: Trade | None = None
        self.missed = 0
        self.skipped = 0
        self._greeks: dict[Basis, Greeks] = {}
        self._bell = bell
        self._reports = reports
        self._subscriptions: dict[Subscription, None] = {}
        self._watchers: list[Callable[[], object]] = []
        self._updates: Newest[Update] = Newest()

    def __repr__(self) -> str:
        return f"<Ticker {self.symbol}: {self.quote}, {self.trade}>"

    @property
    def greeks(self) -> Greeks | None:
        """An option's newest greeks by the model; None before the first, and of anything else."""
        return self.greeks_of("model")

    def greeks_of(self, basis: Basis) -> Greeks | None:
        """An option's newest greeks of a side of the quote, the last trade, or the model."""
        return self._greeks.get(basis)

    def newest(self) -> list[Update]:
        """All that is known, as it would have come."""
        ticks = [tick for tick in (self.quote, self.trade) if tick is not None]
        return [*ticks, *self._greeks.values()]

    async def first(self, timeout_s: float = FIRST_S) -> Tick:
        """The newest quote or trade, as soon as there is one; TimeoutError where none comes."""
        tick = await self._bell.until(lambda: self.quote or self.trade, timeout_s)
        if tick is None:
            raise TimeoutError(
                f"nothing was traded or quoted in {self.symbol} within {timeout_s:g} s; its market"
                " may be closed, or the broker refuses its data: `tapewire status` says so"
            )
        return tick

    def __aiter__(self) -> AsyncIterator[Update]:
        """What comes from now on."""
        return self._updates.read()

    def on(self, callback: Callback) -> Subscription:
        """Call `callback` with each quote, trade and greeks. A coroutine function that is slower
        than they come gets the newest of each."""
        updates = aiter(self) if is_async(callback) else None
        one = Subscription(
            callback, self._reports, lambda: self._subscriptions.pop(one, None), updates
        )
        self._subscriptions[one] = None
        return one

    def watch(self, look: Callable[[], object]) -> None:
        """Call `look` whenever something has come."""
        self._watchers.append(look)

    def take(self, updates: Sequence[Update]) -> None:
        """Take in what has come."""
        for update in updates:
            if isinstance(update, Quote):
                self.quote = update
            elif isinstance(update, Trade):
                self.trade = update
            else:
                self._greeks[update.basis] = update
            key = update.basis if isinstance(update, Greeks) else type(update)
            self.skipped += self._updates.put(key, update)
            for one in [*self._subscriptions]:
                one.take(update)
        for watcher in [*self._watchers]:
            watcher()
        self._bell.ring()

    def close(self) -> None:
        """Nothing more comes; whoever reads it is at the end."""
        self._updates.end()
        for one in [*self._subscriptions]:
            one.stop()
