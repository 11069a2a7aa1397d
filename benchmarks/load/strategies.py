"""Strategies that only benchmarks run."""

import json
import os
import time
from pathlib import Path
from typing import Final

import msgspec

from tapewire import Quote, Strategy, Trade
from tapewire.benchmarks.report.figures import summary_us
from tapewire.common.runtime.metrics import Histogram


class EveryNthParameters(msgspec.Struct, frozen=True):
    """`every`: one order per this many quotes."""

    every: int = 100


class EveryNth(Strategy[EveryNthParameters]):
    """Buys and sells one in turn, on every nth quote, at the bid that triggered it.

    The bid carries the quote's number, so the order that comes back leads to its tick.
    """

    _quotes = 0
    _orders = 0

    def on_quote(self, quote: Quote) -> None:
        """Count; at each nth, signal."""
        self._quotes += 1
        if self._quotes % self.parameters.every == 0 and quote.bid is not None:
            self._orders += 1
            order = self.buy if self._orders % 2 else self.sell
            order(quote.symbol, 1, limit=quote.bid)


class Holder(Strategy):
    """Holds ten of its symbol, beside a bid far below the market, and buys them again once they are
    gone: see `tapewire.benchmarks.risk`."""

    def on_start(self) -> None:
        """Look a few times per second."""
        self.every(200)

    def on_timer(self, interval_ms: int) -> None:
        """Buy, if nothing is held and nothing is on its way; then bid."""
        for symbol in self.symbols:
            if self.pending(symbol):
                continue
            if self.position(symbol):
                self.buy(symbol, 1, limit=1)
            else:
                self.buy(symbol, 10)


class Counting(Strategy):
    """Counts quotes. At each trade it prints how many there were, the time, and the CPU time that
    its process had used by then."""

    quotes = 0

    def on_quote(self, quote: Quote) -> None:
        """Count."""
        self.quotes += 1

    def on_trade(self, trade: Trade) -> None:
        """See `tapewire.benchmarks.contest`: a slice has begun or ended."""
        now_ns, cpu_ns = time.perf_counter_ns(), time.process_time_ns()
        print(json.dumps({"ticks": self.quotes, "ns": now_ns, "cpu_ns": cpu_ns}), flush=True)


class Timing(Strategy):
    """Notes how old each quote is. At each trade it prints how many there were since the last one,
    and how old."""

    def on_start(self) -> None:
        """Nothing has come yet."""
        self.ages_ns: list[int] = []

    def on_quote(self, quote: Quote) -> None:
        """Note."""
        self.ages_ns.append(time.time_ns() - quote.ts_ns)

    def on_trade(self, trade: Trade) -> None:
        """A slice has ended."""
        said = {"ticks": len(self.ages_ns), "us": summary_us(self.ages_ns)}
        self.ages_ns = []
        print(json.dumps(said), flush=True)


class Toggling(Counting):
    """Counts; of its slices the first is recorded in the process's histograms, the second is not,
    and so on. See `tapewire.benchmarks.histograms`."""

    _marks = 0

    def on_trade(self, trade: Trade) -> None:
        """A begin: what follows up to the next one is recorded, or is not."""
        if self._marks % 2 == 0:
            record = _record_nothing if self._marks % 4 else _RECORD
            Histogram.record = record  # type: ignore[method-assign]
        self._marks += 1
        super().on_trade(trade)


_RECORD: Final = Histogram.record


def _record_nothing(self: Histogram, duration_ns: int, times: int = 1) -> None:
    """In the place of `Histogram.record`."""


class FirstTickParameters(msgspec.Struct, frozen=True):
    """`folder`: where it leaves its note."""

    folder: str


class FirstTick(Strategy[FirstTickParameters]):
    """Notes when its first quote came, in a file named by its process id, and nothing else."""

    _noted = False

    def on_quote(self, quote: Quote) -> None:
        """Note the first one; whole or not at all, for somebody waits for the file."""
        if not self._noted:
            self._noted = True
            partial = Path(self.parameters.folder) / f"{os.getpid()}.partial"
            partial.write_text(str(time.time_ns()))
            partial.rename(partial.with_suffix(""))


class FollowingParameters(msgspec.Struct, frozen=True):
    """An order each `orders_every` quotes; 0: never."""

    orders_every: int = 0


class Following(Strategy[FollowingParameters]):
    """Follows the mean of each symbol's bids, and orders now and then: as light as a strategy is
    that does anything."""

    def on_start(self) -> None:
        """Nothing is known yet."""
        self.means: dict[str, float] = {}
        self.left = self.parameters.orders_every

    def on_quote(self, quote: Quote) -> None:
        """Follow, and order if it is time."""
        bid = quote.bid
        if bid is not None:
            mean = self.means.get(quote.symbol, bid)
            self.means[quote.symbol] = mean + 0.01 * (bid - mean)
        self.left -= 1
        if not self.left:
            self.left = self.parameters.orders_every
            (self.sell if self.position(quote.symbol) > 0 else self.buy)(quote.symbol, 10)
