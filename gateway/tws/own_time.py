"""The time that the ticks of a recording are of, as the group's own simulator tells it.

It stands before the ticks of each row: see `simulator.market.own_time`. Ticks are stamped with it
once the next time comes, or as they are taken: so nothing of this is on the way of live ticks.
"""

from typing import Final

from msgspec.structs import replace

from tapewire.common.events import Tick
from tapewire.gateway.tws.line import Line

LAST_TIMESTAMP: Final = b"45"
"""TWS's tick type of the time of the last trade."""
NS_PER_S: Final = 1_000_000_000


def read(line: Line, text: bytes) -> None:
    """The next ticks of a line are of this time, in seconds with up to nine decimals. Raises
    ValueError for any other text."""
    seconds, _, part = text.decode().partition(".")
    if not (seconds.isdecimal() and len(seconds) <= 10 and (not part or part.isdecimal())):
        raise ValueError(
            f"the time of a tick is {text!r:.40}, expected seconds such as 1704724200.08"
        )
    stamp(line)
    line.market_ns = int(seconds) * NS_PER_S + int(f"{part:0<9.9}")


def stamp(line: Line) -> None:
    """Give the ticks that have come since the last call the time that they are of."""
    if line.market_ns is not None:
        for place in range(line.stamped, len(line.ticks)):
            line.ticks[place] = _of(line.ticks[place], line.market_ns)
    line.stamped = len(line.ticks)


def _of(tick: Tick, market_ns: int) -> Tick:
    return replace(tick, market_ns=market_ns)
