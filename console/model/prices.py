"""Prices: the newest of each symbol, and one per second of what was before.

Whoever looks at a page cannot read more than a few prices in a second. So nothing is decoded when
it comes: of each topic the newest few bodies are kept, and decoded when somebody takes a look. Ten
thousand messages cost as much to decode as eight.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from tapewire.common.bus import wire
from tapewire.common.bus.greeks import PREFIX
from tapewire.common.bus.wire import WireError
from tapewire.common.clock import Now
from tapewire.common.events import Greeks, Quote, Trade

BODIES_MAX: Final = 8
"""So many messages are looked through for a trade; an older one is not news of this moment."""
SECONDS_MAX: Final = 3600
SECOND_NS: Final = 1_000_000_000
GREEKS_TOPIC: Final = PREFIX.encode()
GREEKS: Final = ("implied_vol", "delta", "gamma", "theta", "vega")
GREEKS_DIGITS: Final = 5
"""A change behind that is none that anybody sees, and would be sent to every page."""


class Point(NamedTuple):
    """The price at the end of a second (UTC)."""

    second: int
    price: float


class Price:
    """What is known of the market of one symbol."""

    def __init__(self) -> None:
        self.quote: Quote | None = None
        self.trade: Trade | None = None
        self.greeks: Greeks | None = None
        self.points: deque[Point] = deque(maxlen=SECONDS_MAX)

    def take(self, ticks: Iterable[Quote | Trade]) -> None:
        """Take in what is newer than what is known."""
        for tick in ticks:
            if isinstance(tick, Quote):
                self.quote = tick
            else:
                self.trade = tick

    @property
    def shown(self) -> float | None:
        """The price to draw: between bid and ask; the last trade's where a side is missing."""
        mid = self.quote.mid if self.quote is not None else None
        if mid is None and self.trade is not None:
            return self.trade.price
        return mid

    @property
    def ts_ns(self) -> int:
        """When the gateway read the newest of it (UTC); 0 before the first."""
        return max((one.ts_ns for one in (self.quote, self.trade) if one is not None), default=0)

    def mark_second(self, now: Now) -> None:
        """Keep the price as that of this second."""
        second, price = now.wall_ns // SECOND_NS, self.shown
        if price is None or (self.points and self.points[-1].second > second):
            return
        if self.points and self.points[-1].second == second:
            self.points.pop()
        self.points.append(Point(second, price))

    def row(self) -> dict[str, Any]:
        """What a page shows of it; None is what has not been seen."""
        quote, trade = self.quote, self.trade
        return {
            "bid": quote.bid if quote is not None else None,
            "bid_size": quote.bid_size if quote is not None else None,
            "ask": quote.ask if quote is not None else None,
            "ask_size": quote.ask_size if quote is not None else None,
            "last": trade.price if trade is not None else None,
            "size": trade.size if trade is not None else None,
            "price": self.shown,
            "delayed": any(one is not None and one.delayed for one in (quote, trade)),
            "ts_ns": self.ts_ns,
            **self._greeks(),
        }

    def _greeks(self) -> dict[str, float | None]:
        """Those of an option, as far as the page can show them; nothing of anything else."""
        found = self.greeks
        return {} if found is None else {name: _short(getattr(found, name)) for name in GREEKS}


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, GREEKS_DIGITS)


class Prices:
    """The prices of all symbols that are read, and the greeks of options. `unreadable` counts
    messages that were neither."""

    def __init__(self) -> None:
        self.by_symbol: dict[str, Price] = {}
        self.unreadable = 0
        self._waiting: dict[bytes, deque[bytes]] = {}

    def on_frames(self, frames: Sequence[bytes]) -> None:
        """Topics and bodies in turn, as they came."""
        waiting = self._waiting
        for topic, body in zip(frames[::2], frames[1::2], strict=False):
            bodies = waiting.get(topic)
            if bodies is None:
                bodies = waiting[topic] = deque(maxlen=BODIES_MAX)
            bodies.append(body)

    def look(self, now: Now) -> set[str]:
        """Decode what is the newest by now; gives the symbols that have news."""
        changed = set()
        for topic, bodies in self._waiting.items():
            if bodies:
                is_greeks = topic.startswith(GREEKS_TOPIC)
                changed |= self._take_greeks(bodies) if is_greeks else self._decode(bodies)
                bodies.clear()
        for symbol in changed:
            self.by_symbol[symbol].mark_second(now)
        return changed

    def _decode(self, bodies: Sequence[bytes]) -> set[str]:
        """The newest quote and trade of a topic's messages, found from the end."""
        found: dict[type, Quote | Trade] = {}
        for body in reversed(bodies):
            try:
                ticks = wire.decode_ticks(body).events
            except WireError:
                self.unreadable += 1
                continue
            for tick in reversed(ticks):
                found.setdefault(type(tick), tick)
            if len(found) == 2:
                break
        for tick in found.values():
            self.by_symbol.setdefault(tick.symbol, Price()).take([tick])
        return {tick.symbol for tick in found.values()}

    def _take_greeks(self, bodies: Sequence[bytes]) -> set[str]:
        """The newest greeks of an option that are of a model, which are those of its middle."""
        for body in reversed(bodies):
            try:
                events = wire.decode_batch(body)[0].events
            except WireError:
                self.unreadable += 1
                continue
            for one in events:
                if isinstance(one, Greeks) and one.basis == "model":
                    self.by_symbol.setdefault(one.symbol, Price()).greeks = one
                    return {one.symbol}
        return set()
