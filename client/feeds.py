"""Feeds: which symbols are read, and what comes of each, for the tickers that show it."""

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from tapewire.client.ticker import Ticker
from tapewire.common.bus import wire
from tapewire.common.bus.greeks import PREFIX
from tapewire.common.bus.streams import TickReader
from tapewire.common.events import Greeks

TICKS: Final = ("tick", "last")

Switch = Callable[[str, bytes], object]
"""Subscribes, or unsubscribes, a topic on a channel."""


class Feed(NamedTuple):
    """One symbol: where its data come from, how far they were read, and who shows them."""

    channel: str
    topics: tuple[bytes, ...]
    ticks: TickReader
    greeks: TickReader
    tickers: list[Ticker]


class Feeds:
    """All that is read. A symbol is subscribed once, whoever shows it."""

    def __init__(self, subscribe: Switch, unsubscribe: Switch) -> None:
        self._subscribe = subscribe
        self._unsubscribe = unsubscribe
        self._feeds: dict[str, Feed] = {}

    def open(self, ticker: Ticker, channel: str, *, greeks: bool) -> None:
        """Let a ticker have what comes of its symbol, and what is newest of it by now."""
        feed = self._feeds.get(ticker.symbol)
        if feed is None:
            feed = self._feeds[ticker.symbol] = _feed(ticker.symbol, channel, greeks=greeks)
            for topic in feed.topics:
                self._subscribe(channel, topic)
        elif feed.tickers:
            ticker.take(feed.tickers[0].newest())
        feed.tickers.append(ticker)

    def close(self, ticker: Ticker) -> None:
        """A ticker shows no more; without another one the symbol is not read any more."""
        ticker.close()
        feed = self._feeds.get(ticker.symbol)
        if feed is None or ticker not in feed.tickers:
            return
        feed.tickers.remove(ticker)
        if not feed.tickers:
            del self._feeds[ticker.symbol]
            for topic in feed.topics:
                self._unsubscribe(feed.channel, topic)

    def tickers(self) -> Iterable[Ticker]:
        """All that are open."""
        return [ticker for feed in self._feeds.values() for ticker in feed.tickers]

    def on_frames(self, frames: list[bytes]) -> list[wire.DeadLetter]:
        """A message of market data; what was on its way when its symbol was given up is passed
        over. Returns what of it could not be used."""
        kind, _, symbol = wire.topic_name(frames[0]).partition(".")
        feed = self._feeds.get(symbol)
        if feed is None:
            return []
        if f"{kind}." == PREFIX:
            batch, dead = wire.decode_batch(frames[1])
            found: list[Any] = feed.greeks.on_batch(batch)
            greeks = [one for one in found if isinstance(one, Greeks)]
            for ticker in feed.tickers:
                ticker.take(greeks)
            return dead
        batch = wire.decode_ticks(frames[1])
        ticks = feed.ticks.on_last(batch) if kind == "last" else feed.ticks.on_batch(batch)
        for ticker in feed.tickers:
            ticker.missed = feed.ticks.missed
            ticker.take(ticks)
        return []


def _feed(symbol: str, channel: str, *, greeks: bool) -> Feed:
    names = [f"{kind}.{symbol}" for kind in TICKS]
    if greeks:
        names.append(f"{PREFIX}{symbol}")
    topics = tuple(map(wire.topic, names))
    return Feed(channel, topics, TickReader(symbol), TickReader(symbol), [])
