"""ib_async: `python -m tapewire.benchmarks.peers.ib_async_peer PORT SYMBOLS`, socket to event.

Its own way to take many ticks: `pendingTickersEvent`, once per read, with every ticker that changed
and in each the ticks that changed it. What it fetches at its start by default is left out.
"""

import asyncio
import sys

from ib_async import IB, Stock, Ticker
from ib_async.ib import StartupFetchNONE

from tapewire.benchmarks.load.made_ticks import MARK, symbols
from tapewire.benchmarks.load.talk import mark


class Counter:
    """Counts the ticks of each event, one by one; those of `MARK` are the mark."""

    def __init__(self) -> None:
        self.ticks = 0
        self._is_begun = False

    def on_pending(self, tickers: set[Ticker]) -> None:
        """What one read brought: a begin is before all of it, an end behind.

        On a busy machine a short slice can come in one read, with both of its marks.
        """
        before, marks = self.ticks, 0
        for ticker in tickers:
            if ticker.contract and ticker.contract.symbol == MARK:
                marks += len(ticker.ticks)
                continue
            for _tick in ticker.ticks:
                self.ticks += 1
        for _ in range(marks):
            mark(self.ticks if self._is_begun else before)
            self._is_begun = not self._is_begun


async def main(port: int, symbol_count: int) -> None:
    """Connect, subscribe, count until the connection ends."""
    ib, counter = IB(), Counter()
    ib.RequestTimeout = 10
    await ib.connectAsync("127.0.0.1", port, clientId=1, fetchFields=StartupFetchNONE)
    ib.client.MaxRequests = 0  # TWS's pacing, which this TWS does not ask for
    ib.pendingTickersEvent += counter.on_pending
    ended = asyncio.Event()
    ib.disconnectedEvent += ended.set
    for con_id, name in enumerate((*symbols(symbol_count), MARK), 1):
        ib.reqMktData(Stock(name, "SMART", "USD", conId=con_id))
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
