"""vn.py: `python -m tapewire.benchmarks.peers.vnpy_peer KIND SYMBOLS`.

KIND `gateway` is how ticks come to a strategy in vn.py: a gateway calls `on_tick`, which puts two
events in the engine's queue, one of all ticks and one of this symbol's; the engine's thread takes
them and calls the strategy, which has asked for its symbols. The `TickData` exist already. Left
out in vn.py's favour: what its `MainEngine` and its strategy engine do between the event and the
strategy.

KIND `engine` is the `EventEngine` alone, one event per tick, as one would use it without a gateway.
Both are one process, in which nothing is serialised.
"""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import cycle
from typing import Any, Final

from vnpy.event import Event, EventEngine
from vnpy.trader.constant import Exchange
from vnpy.trader.event import EVENT_TICK
from vnpy.trader.gateway import BaseGateway
from vnpy.trader.object import TickData

from tapewire.benchmarks.load import made_ticks as made
from tapewire.benchmarks.load.talk import mark, say, slices

TICKS: Final = 20_000  # different ones, sent in turn
MARK_TYPE: Final = "eMark."
VENUE: Final = Exchange.SMART


class Counter:
    """The strategy."""

    ticks = 0

    def on_tick(self, _event: Event) -> None:
        """Count."""
        self.ticks += 1

    def on_mark(self, _event: Event) -> None:
        """A slice has begun or ended."""
        mark(self.ticks)


class Feed(BaseGateway):  # type: ignore[misc]
    """vn.py's own gateway, with nobody to connect to: only its `on_tick` is used."""

    exchanges = [VENUE]  # noqa: RUF012 - as vn.py's gateways declare it

    def _unused(self, *_arguments: Any) -> Any:
        raise NotImplementedError

    connect = close = subscribe = send_order = cancel_order = _unused
    query_account = query_position = _unused


def made_ticks(names: list[str]) -> list[TickData]:
    """`made.quotes` as `TickData`."""
    read_at = datetime.now(UTC)
    return [
        TickData(
            gateway_name="bench",
            symbol=quote.symbol,
            exchange=VENUE,
            datetime=read_at,
            bid_price_1=quote.bid or 0,
            bid_volume_1=quote.bid_size or 0,
            ask_price_1=quote.ask or 0,
            ask_volume_1=quote.ask_size or 0,
        )
        for quote in made.quotes(names, TICKS, time.time_ns())
    ]


def putter(kind: str, engine: EventEngine) -> Callable[[TickData], None]:
    """How a tick gets into the queue."""
    if kind == "gateway":
        on_tick: Callable[[TickData], None] = Feed(engine, "bench").on_tick
        return on_tick

    def put(tick: TickData) -> None:
        engine.put(Event(EVENT_TICK + tick.vt_symbol, tick))

    return put


def main(kind: str, symbol_count: int) -> None:
    """Put what is asked for."""
    engine, counter = EventEngine(), Counter()
    ticks = made_ticks(made.symbols(symbol_count))
    for name in {tick.vt_symbol for tick in ticks}:
        engine.register(EVENT_TICK + name, counter.on_tick)
    engine.register(MARK_TYPE, counter.on_mark)
    engine.start()
    say(ready=True)
    put, turns = putter(kind, engine), cycle(ticks)
    for count in slices():
        engine.put(Event(MARK_TYPE))
        for _ in range(count):
            put(next(turns))
        engine.put(Event(MARK_TYPE))
    engine.stop()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
