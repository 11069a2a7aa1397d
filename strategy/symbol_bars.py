"""The bars that a strategy has asked for: made of its trades, each series by itself."""

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Final, NamedTuple

from tapewire.common.bus.derived import size_ns
from tapewire.common.events import Bar, Trade
from tapewire.common.events.queries import HistoryQuery
from tapewire.common.ticks.aggregate import Bars, Every
from tapewire.strategy.past_bars import PastBars
from tapewire.strategy.series import BarKind, BarSeries

MS: Final = 1_000_000
GRACE_NS: Final = 500_000_000  # a trade on its way when its bar ends still belongs to it
OnBar = Callable[[Bar], object]
"""Takes a bar that is complete."""


class Made(NamedTuple):
    """A bar that is complete, and who takes it; None: the strategy's `on_bar`."""

    then: OnBar | None
    bar: Bar


class Making:
    """One series, and how its bars are made. While there is a `past` to come, trades are held."""

    def __init__(
        self, series: BarSeries, bars: Bars, then: OnBar | None, past: PastBars | None = None
    ) -> None:
        self.series = series
        self.past = past
        self._bars = bars
        self._then = then

    def add(self, trade: Trade) -> list[Made]:
        """The bars that a trade has completed."""
        if self.past is None:
            found = self._bars.add(trade)
            return self._made(found) if found else []
        return [] if self.past.hold(trade) else self.begin(None)

    @property
    def has_begun(self) -> bool:
        """Whether it has received a trade that counts."""
        return self.past is None or bool(self.past.held)

    def question(self, now_ns: int) -> HistoryQuery:
        """What is to be asked about its past now."""
        assert self.past is not None
        return self.past.question(now_ns)

    def advance(self, before_ns: int) -> list[Made]:
        """Those that are over, where all trades before that were added."""
        found = self._bars.advance(before_ns) if self.past is None else []
        return self._made(found) if found else []

    @property
    def ends_ns(self) -> int | None:
        """When the open bar ends; None where no time ends it."""
        return self._bars.ends_ns if self.past is None else None

    def begin(self, known_to_ns: int | None) -> list[Made]:
        """Go on from the past, which knows all up to that moment; None: there is none to be had.
        Returns the bars that were over before now."""
        past, self.past = self.past, None
        if past is None:
            return []
        found: list[Bar] = []
        if known_to_ns is not None:
            self.series.is_warm = True
            for bar in past.bars():
                found += self._bars.join(bar)
            found += self._bars.begin_at(self.series.symbol, known_to_ns + 1)
        for trade in past.held:
            if known_to_ns is None or trade.ts_ns > known_to_ns:
                found += self._bars.add(trade)
        return self._made(found)

    def _made(self, bars: list[Bar]) -> list[Made]:
        for bar in bars:
            self.series.add(bar)
        return [Made(self._then, bar) for bar in bars]


class SymbolBars:
    """The bars that were asked for: `asked` has them by symbol, and is empty before. `on_first` is
    called with the first trade of a series that waits for its past: that can be asked for now."""

    def __init__(self, on_first: Callable[[], None]) -> None:
        self.asked: dict[str, list[Making]] = {}
        self._on_first = on_first

    def __bool__(self) -> bool:
        return bool(self.asked)

    def ask(
        self, series: BarSeries, now_ns: int, back: str = "", then: OnBar | None = None
    ) -> Making:
        """Make these bars from now on, after those of the past `back` (TWS's words) if that is not
        empty. Raises ValueError for bars that cannot be, or have no past."""
        every = _every(series.kind, series.size)
        # Only those of time go by the clock.
        bars = Bars(every, 0 if every.width_ns else None)
        past = None
        if back:
            if not every.width_ns:
                raise ValueError(f"{series.kind} bars have no history; only bars of time do")
            past = PastBars(series.symbol, every.width_ns, back, now_ns)
            series.is_warm = False
        making = Making(series, bars, then, past)
        self.asked.setdefault(series.symbol, []).append(making)
        return making

    def add(self, trade: Trade) -> list[Made]:
        """Those that a trade has completed; each is in its series before any of them is given."""
        made: list[Made] = []
        for one in self.asked.get(trade.symbol, ()):
            has_begun = one.has_begun
            if found := one.add(trade):
                made += found
            if not has_begun and one.has_begun:
                self._on_first()
        return made

    @property
    def due_ns(self) -> int | None:
        """When `advance` has the next one, if no trade completes it before; None: never."""
        first: int | None = None
        for each in self.asked.values():
            for making in each:
                ends_ns = making.ends_ns
                if ends_ns is not None and (first is None or ends_ns < first):
                    first = ends_ns
        return None if first is None else first + GRACE_NS

    def advance(self, taken_ns: int, symbol: str | None = None) -> list[Made]:
        """Those that are over, where all trades that had arrived by then were added: of all symbols
        or of one."""
        several = self.asked.values() if symbol is None else [self.asked.get(symbol, [])]
        all_makings = [making for each in several for making in each]
        return [made for one in all_makings for made in one.advance(taken_ns - GRACE_NS)]


_SIZES: Final = {
    "time": "a number of ms above 0, or a text such as 30s, 5m or 1h",
    "tick": "a number of trades, 1 or above",
    "volume": "a volume above 0",
}
"""What the size of each kind of bar must be."""


def _every(kind: BarKind, size: float | str) -> Every:
    """Where bars of this kind and size end; raises ValueError for what cannot be."""
    if kind not in _SIZES:
        raise ValueError(f"kind of bar is {kind!r}, must be time, tick or volume")
    bound = _bound(kind, size)
    if bound <= 0:
        raise ValueError(f"size of {kind} bars is {size!r}, must be {_SIZES[kind]}")
    if kind == "volume":
        return Every(volume=bound)
    return Every(width_ns=int(bound)) if kind == "time" else Every(count=int(bound))


def _bound(kind: BarKind, size: float | str) -> float:
    """A size in nanoseconds, trades or volume; 0 for what is none."""
    if isinstance(size, str):
        return (size_ns(size) or 0) if kind == "time" else 0
    is_number = isinstance(size, int | float | Decimal) and not isinstance(size, bool)
    if not (is_number and math.isfinite(size)):
        return 0
    return float(size) if kind == "volume" else int(size * MS if kind == "time" else size)
