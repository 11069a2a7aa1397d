"""Made quotes on a market socket, at a rate or in windows, as the gateway publishes them."""

import time
from collections.abc import Callable
from itertools import cycle
from typing import Final

import msgspec

from tapewire.benchmarks.load import made_ticks as made
from tapewire.benchmarks.load.tick_source import Sock
from tapewire.common import roles
from tapewire.common.bus.streams import TickPublisher
from tapewire.common.events import Tick

QUOTES: Final = 12_000
"""Different ones, sent in turn."""
STEP_S: Final = 0.002


class Publishing:
    """Sends messages of `per_message` ticks; `sent` counts the ticks. With `stamped` each has the
    time at which it was sent, which costs the sender something."""

    def __init__(
        self, market: Sock, symbol_count: int, per_message: int, *, stamped: bool = False
    ) -> None:
        self.sent = 0
        self._market = market
        self._stamped = stamped
        self._publisher = TickPublisher(roles.GATEWAY, f"{time.time_ns():x}")
        quotes = made.quotes(made.symbols(symbol_count), QUOTES, time.time_ns())
        by_symbol: dict[str, list[Tick]] = {}
        for quote in quotes:
            by_symbol.setdefault(quote.symbol, []).append(quote)
        turns = [_cut(of_one, per_message) for of_one in by_symbol.values()]
        self._messages = cycle([one for turn in zip(*turns, strict=False) for one in turn])

    def run(self, rate: float, for_s: float) -> None:
        """Send for so long at so many ticks per second; what is due at a step leaves together."""
        began_s, before = time.monotonic(), self.sent
        while (passed_s := time.monotonic() - began_s) < for_s:
            while self.sent - before < rate * passed_s:
                self._next()
            time.sleep(STEP_S)

    def windows(self, messages: int, for_s: float, arrived: Callable[[], object]) -> float:
        """Send so many messages at once and a mark behind them, until `arrived` returns, for so
        long; how long it took, in seconds."""
        began_s = time.monotonic()
        while (passed_s := time.monotonic() - began_s) < for_s:
            for _ in range(messages):
                self._next()
            self.mark()
            arrived()
        return passed_s

    def mark(self) -> None:
        """A trade behind all that was sent."""
        mark = made.mark(time.time_ns())
        self._market.send_multipart(self._publisher.publish(made.MARK, [mark]))

    def last_values(self, symbol_count: int) -> None:
        """What joiners get; until it comes they look at each tick's kind."""
        for name in made.symbols(symbol_count):
            self._market.send_multipart(self._publisher.last_values(name))

    def _next(self) -> None:
        ticks = next(self._messages)
        if self._stamped:
            now_ns = time.time_ns()
            ticks = [msgspec.structs.replace(one, ts_ns=now_ns) for one in ticks]
        self._market.send_multipart(self._publisher.publish(ticks[0].symbol, ticks))
        self.sent += len(ticks)


def _cut(ticks: list[Tick], size: int) -> list[list[Tick]]:
    return [ticks[at : at + size] for at in range(0, len(ticks) - size + 1, size)]
