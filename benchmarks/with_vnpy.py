"""vn.py's EventEngine: `python -m benchmarks.with_vnpy SYMBOLS`.

Its own best way: a gateway puts tick objects that exist already as events of their symbol, the
engine's thread takes them from its queue and calls the handler. One process, nothing serialised.
"""

import sys
import time
from itertools import cycle
from typing import Final

from vnpy.event import Event, EventEngine

from benchmarks import made
from benchmarks.speech import mark, say, slices

TICKS: Final = 20_000  # different ones, sent in turn
MARK_TYPE: Final = "eMark."


class Counter:
    """The strategy."""

    ticks = 0

    def on_tick(self, _event: Event) -> None:
        """Count."""
        self.ticks += 1

    def on_mark(self, _event: Event) -> None:
        """A slice has begun or ended."""
        mark(self.ticks)


def main(symbol_count: int) -> None:
    """Put what is asked for."""
    engine, counter = EventEngine(), Counter()
    names = made.symbols(symbol_count)
    for name in names:
        engine.register(f"eTick.{name}", counter.on_tick)
    engine.register(MARK_TYPE, counter.on_mark)
    engine.start()
    say(ready=True)
    turns = cycle(made.quotes(names, TICKS, time.time_ns()))
    for count in slices():
        engine.put(Event(MARK_TYPE))
        for _ in range(count):
            quote = next(turns)
            engine.put(Event(f"eTick.{quote.symbol}", quote))
        engine.put(Event(MARK_TYPE))
    engine.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]))
