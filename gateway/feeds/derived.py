"""The gateway's derived topics: fewer ticks, and bars; see `common.bus.derived`.

Each is made once, from the first reader on until the last has left. While nobody asks, a tick costs
one look at an empty table. Ticks of a rate are the newest quote and the newest trade that are due;
what lies between is left out. Bars are of live trades alone, by the times at which they were read;
of a recording that is played again by the times that its ticks are of.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple, Protocol

from tapewire.common.bus.derived import JOINED, Filter, filter_of, size_ns
from tapewire.common.bus.sequenced import Sequenced
from tapewire.common.bus.streams import TickPublisher
from tapewire.common.clock import Now
from tapewire.common.events import Bar, Quote, Tick, Trade
from tapewire.common.ticks.aggregate import Bars, Every
from tapewire.common.ticks.own_time import at_own_time

NS_PER_S: Final = 1_000_000_000


class Asked(NamedTuple):
    """What a topic is made of, or why it cannot be: a symbol's own ticks have neither."""

    symbol: str
    is_derived: bool = False
    fault: str = ""


class Maker(Protocol):
    """Makes one topic's messages."""

    def add(self, ticks: Iterable[Tick], now: Now) -> list[bytes] | None:
        """Take ticks of a turn; the frames of what is due with them."""

    def due(self, now: Now) -> list[bytes] | None:
        """The frames of what is due without."""


class Sampled:
    """The newest ticks, at most so many per second."""

    def __init__(self, name: str, rate_per_s: int, publisher: TickPublisher) -> None:
        self._name = name
        self._every_ns = NS_PER_S // rate_per_s
        self._publisher = publisher
        self._newest: dict[type[Tick], Tick] = {}
        self._next_ns = 0

    def add(self, ticks: Iterable[Tick], now: Now) -> list[bytes] | None:
        """See `Maker.add`."""
        for tick in ticks:
            self._newest.pop(type(tick), None)  # the younger one comes last
            self._newest[type(tick)] = tick
        return self.due(now)

    def due(self, now: Now) -> list[bytes] | None:
        """See `Maker.due`."""
        if not self._newest or now.mono_ns < self._next_ns:
            return None
        ticks, self._newest = [*self._newest.values()], {}
        self._next_ns = now.mono_ns + len(ticks) * self._every_ns
        return self._publisher.publish(self._name, ticks)


class Moves:
    """Ticks whose price differs from that of the last one by more than `change`: a quote's from
    the last quote's midpoint, a trade's from the last trade's. A side that appears or goes is a
    change too."""

    def __init__(self, name: str, change: float, publisher: TickPublisher) -> None:
        self._name = name
        self._change = change
        self._publisher = publisher
        self._last: dict[type[Tick], float | None] = {}

    def add(self, ticks: Iterable[Tick], _now: Now) -> list[bytes] | None:
        """See `Maker.add`."""
        moved = [tick for tick in ticks if self._has_moved(tick)]
        return self._publisher.publish(self._name, moved) if moved else None

    def due(self, _now: Now) -> list[bytes] | None:
        """See `Maker.due`: a price that stays is none."""
        return None

    def _has_moved(self, tick: Tick) -> bool:
        kind, price = type(tick), tick.mid if isinstance(tick, Quote) else tick.price
        last = self._last.get(kind)
        if kind in self._last and (price is None or last is None):
            moved = price is not last
        else:
            moved = last is None or price is None or abs(price - last) > self._change
        if moved:
            self._last[kind] = price
        return moved


class TimeBars:
    """Bars of one width."""

    def __init__(
        self, topic: str, width_ns: int, frames: Callable[[str, list[Bar]], list[bytes]]
    ) -> None:
        self._topic = topic
        self._bars = Bars(Every(width_ns=width_ns))
        self._made = frames
        self._market_ns: int | None = None

    def add(self, ticks: Iterable[Tick], now: Now) -> list[bytes] | None:
        """See `Maker.add`."""
        bars: list[Bar] = []
        for tick in map(at_own_time, ticks):
            if isinstance(tick, Trade) and not tick.delayed:
                bars += self._bars.add(tick)
            if tick.market_ns is not None:
                self._market_ns = tick.market_ns
                bars += self._bars.advance(tick.market_ns)
        return self._frames(bars)

    def due(self, now: Now) -> list[bytes] | None:
        """See `Maker.due`: no trade that was read before now is still to come. In a recording only
        its ticks say how late it is."""
        return self._frames(self._bars.advance(now.wall_ns)) if self._market_ns is None else None

    def _frames(self, bars: list[Bar]) -> list[bytes] | None:
        return self._made(self._topic, bars) if bars else None


class Derived:
    """The derived topics of one gateway. `sizes` are the bars that it offers; `is_known` says of a
    name whether it is a symbol itself."""

    def __init__(
        self, source: str, epoch: str, sizes: Iterable[str], is_known: Callable[[str], bool]
    ) -> None:
        self._sizes = {size: width for size in sizes if (width := size_ns(size)) is not None}
        self._is_known = is_known
        self._publisher = TickPublisher(source, epoch)
        self._bars = Sequenced(source, epoch)
        self._readers = Counter[str]()  # by topic
        self._makers: dict[str, dict[str, Maker]] = {}  # by symbol and name

    def __bool__(self) -> bool:
        return bool(self._makers)

    def asked(self, kind: str, name: str) -> Asked:
        """What a topic, `kind.name`, asks for."""
        if kind == "bar":
            symbol, _, size = name.rpartition(".")
            known = ", ".join(self._sizes) or "none"
            fault = f"bar.{name} is subscribed, and gateway.bars has {known}; add {size!r} to it"
            return Asked(symbol, is_derived=True, fault="" if size in self._sizes else fault)
        if kind not in ("tick", JOINED) or self._is_known(name):
            return Asked(name)
        found = filter_of(name)
        return Asked(name) if found is None else Asked(found.symbol, is_derived=True)

    def joined(self, kind: str, name: str) -> Iterator[list[bytes]]:
        """One more reader of a derived topic that can be made; the frames of the last values for
        it, if that is what it has joined."""
        symbol = self.asked(kind, name).symbol
        self._readers[f"{kind}.{name}"] += 1
        makers = self._makers.setdefault(symbol, {})
        key = f"bar.{name}" if kind == "bar" else name
        if key not in makers:
            makers[key] = self._maker(kind, name)
        return iter([self._publisher.last_values(name, JOINED)] if kind == JOINED else [])

    def left(self, kind: str, name: str) -> None:
        """A reader of a derived topic has left."""
        topic = f"{kind}.{name}"
        self._readers[topic] -= 1
        topics = [topic] if kind == "bar" else [f"tick.{name}", f"{JOINED}.{name}"]
        if any(self._readers[one] > 0 for one in topics):
            return
        for one in topics:
            del self._readers[one]
        symbol = self.asked(kind, name).symbol
        makers = self._makers.get(symbol, {})
        makers.pop(topic if kind == "bar" else name, None)
        self._publisher.forget(name)
        if not makers:
            self._makers.pop(symbol, None)

    def ticked(self, symbol: str, ticks: list[Tick], now: Now) -> Iterator[list[bytes]]:
        """The frames of what is made of a symbol's ticks and is due with them."""
        for maker in self._makers.get(symbol, {}).values():
            if (frames := maker.add(ticks, now)) is not None:
                yield frames

    def due(self, now: Now) -> Iterator[list[bytes]]:
        """The frames of what is due by time."""
        for makers in self._makers.values():
            for maker in makers.values():
                if (frames := maker.due(now)) is not None:
                    yield frames

    def _maker(self, kind: str, name: str) -> Maker:
        if kind == "bar":
            width_ns = self._sizes[name.rpartition(".")[2]]
            return TimeBars(f"bar.{name}", width_ns, self._bars.frames)
        wanted = filter_of(name) or Filter(name)
        if wanted.rate_per_s:
            return Sampled(name, wanted.rate_per_s, self._publisher)
        return Moves(name, wanted.change, self._publisher)
