"""Requests for news and bulletins, their layout and their answers."""

from collections.abc import Callable, Sequence

from tapewire.simulator.protocol.messages import Fields as Message
from tapewire.simulator.protocol.requests import Fields, Request


class NewsProviders(Request, frozen=True):
    """Ask who provides news."""


class NewsArticle(Request, frozen=True):
    """Ask for an article."""

    req_id: int
    provider: str
    article_id: str


class HistoricalNews(Request, frozen=True, kw_only=True):
    """Ask for headlines about a contract, the newest first; times as TWS has them, or empty."""

    req_id: int
    con_id: int
    providers: str
    after: str
    until: str
    count: int


class NewsBulletins(Request, frozen=True):
    """Subscribe to bulletins; `everything`: also those of today."""

    everything: bool


class CancelNewsBulletins(Request, frozen=True):
    """End the subscription to bulletins."""


def _article(read: Fields, _version: int) -> Request:
    found = NewsArticle(read.identity(), read.text(), read.text())
    read.skip(1)  # options
    return found


def _historical(read: Fields, _version: int) -> Request:
    found = HistoricalNews(
        req_id=read.identity(),
        con_id=read.integer(),
        providers=read.text(),
        after=read.text(),
        until=read.text(),
        count=read.integer(),
    )
    read.skip(1)  # options
    return found


def _bulletins(read: Fields, _version: int) -> Request:
    read.skip(1)
    return NewsBulletins(read.flag())


def _cancel_bulletins(read: Fields, _version: int) -> Request:
    read.skip(1)
    return CancelNewsBulletins()


DECODERS: dict[int, Callable[[Fields, int], Request]] = {
    12: _bulletins,
    13: _cancel_bulletins,
    84: _article,
    85: lambda _read, _version: NewsProviders(),
    86: _historical,
}


def news_providers(providers: Sequence[tuple[str, str]]) -> Message:
    """Who provides news (85): codes and names."""
    return ["85", str(len(providers)), *(field for one in providers for field in one)]


def news_article(req_id: int, text: str) -> Message:
    """An article (83): 0 is plain text."""
    return ["83", str(req_id), "0", text]


def historical_news(req_id: int, at: str, provider: str, article_id: str, headline: str) -> Message:
    """A headline (86)."""
    return ["86", str(req_id), at, provider, article_id, headline]


def historical_news_end(req_id: int, has_more: bool) -> Message:
    """The end of the headlines (87); whether there are more."""
    return ["87", str(req_id), "1" if has_more else "0"]


def tick_news(req_id: int, at_ms: int, provider: str, article_id: str, headline: str) -> Message:
    """A headline of now (84)."""
    return ["84", str(req_id), str(at_ms), provider, article_id, headline, ""]


def news_bulletin(number: int, text: str) -> Message:
    """A bulletin (14): 1 is a regular one."""
    return ["14", "1", str(number), "1", text, ""]
