"""What a strategy is called for without a tick: timers that are due, bars that are over."""

import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from tapewire.common.events import Bar, Trade
from tapewire.common.ticks.aggregate import Bars, Every
from tapewire.strategy.abilities import BarKind

MS: Final = 1_000_000
GRACE_NS: Final = 500_000_000  # a trade on its way when its bar ends still belongs to it


class Timers:
    """Intervals, and which of them have passed."""

    def __init__(self) -> None:
        self.next_ns: int | None = None
        self._due_ns: dict[int, int] = {}  # by interval, in ms

    def every(self, interval_ms: int, now_ns: int) -> None:
        """From now on so often."""
        if interval_ms < 1:
            raise ValueError(f"interval_ms is {interval_ms}, must be 1 or above")
        self._due_ns[interval_ms] = now_ns + interval_ms * MS
        self.next_ns = min(self._due_ns.values())

    def shift(self, by_ns: int) -> None:
        """From now on the clock that they go by is another one, `by_ns` ahead of the former one."""
        self._due_ns = {ms: due_ns + by_ns for ms, due_ns in self._due_ns.items()}
        self.next_ns = min(self._due_ns.values(), default=None)

    def passed(self, now_ns: int) -> list[int]:
        """The intervals that have passed; one that has more than once counts once."""
        passed = [ms for ms, due_ns in self._due_ns.items() if due_ns <= now_ns]
        for ms in passed:
            missed = (now_ns - self._due_ns[ms]) // (ms * MS)
            self._due_ns[ms] += (missed + 1) * ms * MS
        self.next_ns = min(self._due_ns.values(), default=None)
        return passed


class SymbolBars:
    """The bars that were asked for: `asked` has them by symbol, and is empty before."""

    def __init__(self) -> None:
        self.asked: dict[str, list[Bars]] = {}

    def __bool__(self) -> bool:
        return bool(self.asked)

    def ask(self, symbol: str, kind: BarKind, size: float) -> None:
        """Bars of `size` ms, trades or volume from now on. Only those of time go by the clock."""
        lateness_ns = 0 if kind == "time" else None
        self.asked.setdefault(symbol, []).append(Bars(_every(kind, size), lateness_ns))

    def add(self, trade: Trade) -> Iterable[Bar]:
        """Those that a trade has completed."""
        return [bar for bars in self.asked.get(trade.symbol, ()) for bar in bars.add(trade)]

    @property
    def due_ns(self) -> int | None:
        """When `advance` has the next one, if no trade completes it before; None: never."""
        ends = (bars.ends_ns for each in self.asked.values() for bars in each)
        first = min((one for one in ends if one is not None), default=None)
        return None if first is None else first + GRACE_NS

    def advance(self, taken_ns: int, symbol: str | None = None) -> Iterable[Bar]:
        """Those that are over, where all trades that had arrived by then were added: of all symbols
        or of one."""
        several = self.asked.values() if symbol is None else [self.asked.get(symbol, [])]
        all_bars = [bars for each in several for bars in each]
        return [bar for bars in all_bars for bar in bars.advance(taken_ns - GRACE_NS)]


_SIZES: Final = {
    "time": "a number of ms above 0; a minute is 60_000",
    "tick": "a number of trades, 1 or above",
    "volume": "a volume above 0",
}
"""What the size of each kind of bar must be."""


def _every(kind: BarKind, size: float) -> Every:
    """Where bars of this kind and size end; raises ValueError for what cannot be."""
    if kind not in _SIZES:
        raise ValueError(f"kind of bar is {kind!r}, must be time, tick or volume")
    is_number = isinstance(size, int | float | Decimal) and not isinstance(size, bool)
    bound: float = 0
    if is_number and math.isfinite(size):
        bound = float(size) if kind == "volume" else int(size * MS if kind == "time" else size)
    if bound <= 0:
        raise ValueError(f"size of {kind} bars is {size!r}, must be {_SIZES[kind]}")
    if kind == "volume":
        return Every(volume=bound)
    return Every(width_ns=int(bound)) if kind == "time" else Every(count=int(bound))
