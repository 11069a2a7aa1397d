"""Ticks put together, by time, by number or by volume: as lists or as bars. And plain batches.

Time is the ticks' own (`ts_ns`), so the same ticks give the same windows live, late and replayed.
A tick may come after a younger one: `lateness_ns` is how long it is waited for. One that is later
than that might belong to a window that is closed: it is counted in `late` and left out. Without a
`lateness_ns` (None) ticks count in the order in which they come, and none is ever late.
"""

import heapq
from typing import Generic, NamedTuple, TypeVar

import msgspec

from tapewire.common.events import Bar, Tick, Trade

T = TypeVar("T", bound=Tick)
R = TypeVar("R")
Item = TypeVar("Item")


class InOrder(Generic[T]):
    """Ticks in the order of their time; those of one time keep the order they came in.

    Each is held until no tick that is waited for can precede it. Late is what is older than the
    youngest one seen, or than the time given to `advance`, by more than `lateness_ns`.
    """

    def __init__(self, lateness_ns: int = 0) -> None:
        if lateness_ns < 0:
            raise ValueError(f"lateness_ns is {lateness_ns}, must be 0 or above")
        self.late = 0
        self.complete_to_ns = 0  # every tick before this was given, or counts as late
        self.lateness_ns = lateness_ns
        self._held: list[tuple[int, int, T]] = []
        self._number = 0

    def add(self, tick: T) -> list[T]:
        """Take a tick; returns those whose turn has come."""
        if tick.ts_ns < self.complete_to_ns:
            self.late += 1
            return []
        if not self.lateness_ns and not self._held:  # nothing is waited for
            self.complete_to_ns = tick.ts_ns
            return [tick]
        self._number += 1
        heapq.heappush(self._held, (tick.ts_ns, self._number, tick))
        return self.advance(tick.ts_ns)

    def advance(self, now_ns: int) -> list[T]:
        """The time is `now_ns`, with or without a tick; returns those whose turn has come."""
        self.complete_to_ns = max(self.complete_to_ns, now_ns - self.lateness_ns)
        ready = []
        while self._held and self._held[0][0] <= self.complete_to_ns:
            ready.append(heapq.heappop(self._held)[2])
        return ready

    def __len__(self) -> int:
        return len(self._held)

    @property
    def turn_ns(self) -> int | None:
        """The time at which the turn of the oldest that is held comes; None: nothing is held."""
        return self._held[0][0] + self.lateness_ns if self._held else None

    def release_oldest(self) -> list[T]:
        """The oldest that is held, before its turn, and what is of its time; what is older than
        that will be late."""
        turn_ns = self.turn_ns
        return [] if turn_ns is None else self.advance(turn_ns)

    def flush(self) -> list[T]:
        """All that is held; what is older than the last of it will be late."""
        ready = [tick for _, _, tick in sorted(self._held)]
        self._held.clear()
        if ready:
            self.complete_to_ns = max(self.complete_to_ns, ready[-1].ts_ns)
        return ready


class AsTheyCome(Generic[T]):
    """Ticks in the order in which they come, whatever their time: each has its turn at once."""

    late = 0
    complete_to_ns = 0

    def add(self, tick: T) -> list[T]:
        """Take a tick; gives it."""
        return [tick]

    def advance(self, _now_ns: int) -> list[T]:
        """Nothing is held, so nothing becomes due."""
        return []

    def flush(self) -> list[T]:
        """Nothing is held."""
        return []


class Every(msgspec.Struct, frozen=True, kw_only=True):
    """Where a window ends. Exactly one of the three is above 0; else it raises `ValueError`.

    `width_ns`: [start, start + width), aligned to the epoch (UTC). `count`: with that many ticks.
    `volume`: with the trade that reaches it, which is not divided.
    """

    width_ns: int = 0
    count: int = 0
    volume: float = 0.0

    def __post_init__(self) -> None:
        bounds = (self.width_ns, self.count, self.volume)
        if min(bounds) < 0 or sum(bound > 0 for bound in bounds) != 1:
            raise ValueError(f"{self}: one of width_ns, count and volume must be above 0")

    def open_ns(self, ts_ns: int) -> tuple[int, int | None]:
        """Start of the window that a tick of this time opens, and its end where that is known."""
        if not self.width_ns:
            return ts_ns, None
        start_ns = ts_ns - ts_ns % self.width_ns
        return start_ns, start_ns + self.width_ns

    def is_full(self, count: int, volume: float) -> bool:
        """Whether a window ends with this many ticks and this much volume."""
        return 0 < self.count <= count or 0 < self.volume <= volume


class Window(NamedTuple):
    """Ticks of one symbol in the order of their time; `start_ns` and `end_ns` as a `Bar`'s."""

    symbol: str
    start_ns: int
    end_ns: int
    ticks: list[Tick]


class _Open(Generic[T, R]):
    """A window that is not closed yet: what it adds up to, and how to make a result of it."""

    def __init__(self, symbol: str, start_ns: int, end_ns: int | None) -> None:
        self.symbol, self.start_ns, self.end_ns = symbol, start_ns, end_ns
        self.count, self.volume, self.last_ns = 0, 0.0, start_ns

    def add(self, tick: T) -> None:
        """Take a tick; none before it was younger."""
        self.count += 1
        self.last_ns = max(self.last_ns, tick.ts_ns)
        if isinstance(tick, Trade):
            self.volume += tick.size or 0.0

    def result(self, end_ns: int) -> R:
        """What it came to."""
        raise NotImplementedError


class _OpenWindow(_Open[Tick, Window]):
    def __init__(self, symbol: str, start_ns: int, end_ns: int | None) -> None:
        super().__init__(symbol, start_ns, end_ns)
        self._ticks: list[Tick] = []

    def add(self, tick: Tick) -> None:
        super().add(tick)
        self._ticks.append(tick)

    def result(self, end_ns: int) -> Window:
        return Window(self.symbol, self.start_ns, end_ns, self._ticks)


class _OpenBar(_Open[Trade, Bar]):
    def __init__(self, symbol: str, start_ns: int, end_ns: int | None) -> None:
        super().__init__(symbol, start_ns, end_ns)
        self._open = self._high = self._low = self._close = 0.0
        self._money = 0.0
        self._is_empty = True

    def add(self, tick: Trade) -> None:
        price = tick.price
        super().add(tick)
        if self._is_empty:
            self._is_empty = False
            self._open = self._high = self._low = price
        elif price > self._high:
            self._high = price
        elif price < self._low:
            self._low = price
        self._close = price
        self._money += price * (tick.size or 0.0)

    def join(self, bar: Bar) -> None:
        """Take a finer bar in the place of its trades; none before it was younger."""
        first = self._is_empty
        self._is_empty = False
        self._open = bar.open if first else self._open
        self._high = bar.high if first else max(self._high, bar.high)
        self._low = bar.low if first else min(self._low, bar.low)
        self._close = bar.close
        self._money += (bar.close if bar.vwap is None else bar.vwap) * bar.volume
        self.count += bar.count
        self.volume += bar.volume
        self.last_ns = max(self.last_ns, bar.ts_ns)

    def result(self, end_ns: int) -> Bar:
        vwap = None
        if self.volume:  # rounding must not put the mean beyond what was traded
            vwap = min(max(self._money / self.volume, self._low), self._high)
        return Bar(
            self.symbol, end_ns, self.start_ns, self._open, self._high, self._low, self._close,
            self.volume, self.count, vwap,
        )  # fmt: skip


class _Aggregation(Generic[T, R]):
    """Ticks of any number of symbols to windows, each symbol by itself."""

    _opener: type[_Open[T, R]]

    def __init__(self, every: Every, lateness_ns: int | None = 0) -> None:
        self._every = every
        self._lateness_ns = lateness_ns
        self._orders: dict[str, InOrder[T] | AsTheyCome[T]] = {}
        self._windows: dict[str, _Open[T, R]] = {}
        self.ends_ns: int | None = None
        """When the first of the open windows ends; None where no time ends one."""

    @property
    def late(self) -> int:
        """Ticks that came too late and are in no window."""
        return sum(order.late for order in self._orders.values())

    def add(self, tick: T) -> list[R]:
        """Take a tick; returns the windows that it has closed."""
        order = self._orders.get(tick.symbol)
        if order is None:
            order = self._order(tick.symbol)
        return self._take(tick.symbol, order.add(tick))

    def advance(self, now_ns: int) -> list[R]:
        """The time is `now_ns`; returns the windows that are over though no tick has come since."""
        return [
            result
            for symbol, order in self._orders.items()
            for result in self._take(symbol, order.advance(now_ns))
        ]

    def flush(self) -> list[R]:
        """The end; returns the open windows as they are."""
        results = []
        for symbol, order in self._orders.items():
            results += self._take(symbol, order.flush())
            results += self._close(symbol)
        return results

    def _order(self, symbol: str) -> InOrder[T] | AsTheyCome[T]:
        late_ns = self._lateness_ns
        made = AsTheyCome[T]() if late_ns is None else InOrder[T](late_ns)
        return self._orders.setdefault(symbol, made)

    def _take(self, symbol: str, ticks: list[T]) -> list[R]:
        results: list[R] = []
        windows, every = self._windows, self._every
        for tick in ticks:
            window = windows.get(symbol)
            if window is not None and window.end_ns is not None and window.end_ns <= tick.ts_ns:
                results += self._close(symbol)
                window = None
            if window is None:
                window = self._begin(symbol, tick.ts_ns)
            window.add(tick)
            if not every.width_ns and every.is_full(window.count, window.volume):
                results += self._close(symbol)
        results += self._close_before(symbol, self._orders[symbol].complete_to_ns)
        return results

    def _begin(self, symbol: str, ts_ns: int) -> _Open[T, R]:
        window = self._windows[symbol] = self._opener(symbol, *self._every.open_ns(ts_ns))
        self._note_ends()
        return window

    def _note_ends(self) -> None:
        ends = (one.end_ns for one in self._windows.values() if one.end_ns is not None)
        self.ends_ns = min(ends, default=None)

    def _close_before(self, symbol: str, ts_ns: int) -> list[R]:
        window = self._windows.get(symbol)
        if window is None or window.end_ns is None or window.end_ns > ts_ns:
            return []
        return self._close(symbol)

    def _close(self, symbol: str) -> list[R]:
        window = self._windows.pop(symbol, None)
        if window is None:
            return []
        self._note_ends()
        return [window.result(window.last_ns if window.end_ns is None else window.end_ns)]


class Windows(_Aggregation[Tick, Window]):
    """Ticks to lists of ticks."""

    _opener = _OpenWindow


class Bars(_Aggregation[Trade, Bar]):
    """Trades to bars. A stretch without a trade has no bar."""

    _opener = _OpenBar

    def join(self, bar: Bar) -> list[Bar]:
        """Take a bar of the past, of time and finer than these, before any trade that came after
        it; returns those that it shows to be over."""
        results = self._close_before(bar.symbol, bar.start_ns)
        window = self._windows.get(bar.symbol)
        if window is None:
            window = self._begin(bar.symbol, bar.start_ns)
        assert isinstance(window, _OpenBar)
        window.join(bar)
        return results

    def begin_at(self, symbol: str, now_ns: int) -> list[Bar]:
        """All before `now_ns` is known of a symbol; returns the bars that are over by then. A trade
        that is older counts as late."""
        return self._take(symbol, self._order(symbol).advance(now_ns))


class Batches(Generic[Item]):
    """Anything, put together until there are `size_max`, or the first has waited `timeout_ns`."""

    def __init__(self, size_max: int, timeout_ns: int) -> None:
        if size_max < 1:
            raise ValueError(f"size_max is {size_max}, must be 1 or above")
        self._size_max = size_max
        self._timeout_ns = timeout_ns
        self._items: list[Item] = []
        self._since_ns = 0

    def add(self, item: Item, now_ns: int) -> list[Item]:
        """Take an item; returns the batch if it is due with it, else nothing."""
        if not self._items:
            self._since_ns = now_ns
        self._items.append(item)
        return self.due(now_ns)

    def due(self, now_ns: int) -> list[Item]:
        """The batch if it is full or has waited long enough, else nothing."""
        waited = now_ns - self._since_ns >= self._timeout_ns
        return self.flush() if len(self._items) >= self._size_max or waited else []

    def flush(self) -> list[Item]:
        """The batch as it is."""
        items, self._items = self._items, []
        return items
