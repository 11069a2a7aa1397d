"""What a symbol's market data lack: streams that TWS refuses, has no room for, or lets fall silent.

A symbol without any prices is refused. Of one that has some it is reported once what is lacking,
and once when nothing is any more; that a stream is asked for again is not news before it has
brought something.
"""

from collections.abc import Callable, Iterator

from tapewire.gateway.market_feed import FeedNews
from tapewire.gateway.tws.streams import TOP, Stream

STANDS_IN = "; its top of book is read instead"


class Lacks:
    """The streams that are wanted and bring nothing, with the reason for each."""

    def __init__(self) -> None:
        self._reasons: dict[str, dict[Stream, str]] = {}  # by symbol
        self._reported: dict[str, FeedNews] = {}
        self._changed: dict[str, None] = {}  # in order

    def __bool__(self) -> bool:
        return bool(self._reasons or self._changed)

    def add(self, stream: Stream, reason: str) -> None:
        """A stream cannot be had, or not now."""
        stands_in = STANDS_IN if stream.has_prices else ""
        self._reasons.setdefault(stream.symbol, {})[stream] = f"{reason}{stands_in}"
        self._changed[stream.symbol] = None

    def end(self, is_heard: Callable[[Stream], bool]) -> Iterator[str]:
        """What has brought something since is lacking no more; the symbols of which nothing is."""
        for symbol, reasons in list(self._reasons.items()):
            for stream in [one for one in reasons if is_heard(one)]:
                del reasons[stream]
                self._changed[symbol] = None
            if not reasons:
                del self._reasons[symbol]
                yield symbol

    def end_of(self, stream: Stream) -> None:
        """Nobody wants a stream any more."""
        reasons = self._reasons.get(stream.symbol, {})
        if reasons.pop(stream, None) is not None:
            self._changed[stream.symbol] = None
        if not reasons:
            self._reasons.pop(stream.symbol, None)

    def forget(self, symbol: str) -> None:
        """Nobody wants a symbol any more."""
        self._reasons.pop(symbol, None)
        self._reported.pop(symbol, None)
        self._changed.pop(symbol, None)

    def take_news(self, has_prices: Callable[[str], bool]) -> list[FeedNews]:
        """What is to be reported since the last call."""
        changed, self._changed = [*self._changed], {}
        return [news for symbol in changed for news in self._news(symbol, has_prices)]

    def _news(self, symbol: str, has_prices: Callable[[str], bool]) -> Iterator[FeedNews]:
        reasons = self._reasons.get(symbol, {})
        refusal = reasons.get(Stream(symbol, TOP))
        if refusal is not None and not has_prices(symbol):
            news = FeedNews(symbol, "refused", refusal)
        else:
            news = FeedNews(symbol, "reduced", "; ".join(dict.fromkeys(reasons.values())))
        before = self._reported.get(symbol)
        if reasons:
            self._reported[symbol] = news
        else:
            self._reported.pop(symbol, None)
        is_over = not reasons and (before is None or before.state == "refused")
        if news != before and not is_over:
            yield news
