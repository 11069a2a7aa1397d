"""Answers about news: providers, headlines, articles, headlines as they come, bulletins."""

import re
from datetime import UTC, datetime
from typing import Final

import msgspec

from tapewire.common.instruments import Instrument
from tapewire.simulator.answers.family import Family, Handlers, forget_keys
from tapewire.simulator.exchange.contracts import Contracts
from tapewire.simulator.market.news import (
    EVERY_S,
    PAST_S,
    PROVIDER,
    PROVIDER_NAME,
    Article,
    articles,
    next_article,
)
from tapewire.simulator.protocol import news_messages as ask
from tapewire.simulator.protocol.outbox import Outbox
from tapewire.simulator.protocol.requests import BadRequest, invalid
from tapewire.simulator.protocol.session import Session

NS_PER_S: Final = 1_000_000_000
HEADLINES_MAX: Final = 300
BULLETIN: Final = "This is a simulated TWS: nothing that is traded here is real."
_ARTICLE_ID: Final = re.compile(rf"{PROVIDER}\$([0-9a-f]{{1,16}})([0-9a-f]{{8}})")


class _Reader(msgspec.Struct):
    """A market data line with news: whose, about what, and what comes next."""

    session: Session
    instrument: Instrument
    upcoming: Article


class News(Family):
    """News of one made-up provider."""

    def __init__(self, contracts: Contracts, outbox: Outbox) -> None:
        self._contracts = contracts
        self._outbox = outbox
        self._readers: dict[tuple[int, int], _Reader] = {}

    def handlers(self) -> Handlers:
        """Who answers which request."""
        return {
            ask.NewsProviders: self._providers,
            ask.NewsArticle: self._article,
            ask.HistoricalNews: self._headlines,
            ask.NewsBulletins: self._bulletins,
            ask.CancelNewsBulletins: lambda _session, _request: None,
        }

    def read(self, session: Session, req_id: int, instrument: Instrument) -> None:
        """Send headlines about an instrument as they come."""
        upcoming = next_article(instrument, self._second())
        self._readers[session.conn, req_id] = _Reader(session, instrument, upcoming)

    def stop(self, conn: int, req_id: int) -> None:
        """End what `read` began."""
        self._readers.pop((conn, req_id), None)

    def forget(self, conn: int) -> None:
        """End a connection's subscriptions."""
        forget_keys(self._readers, conn)

    forget_data = forget

    def due_ns(self) -> int | None:
        """When the next headline comes that somebody reads."""
        due = [one.upcoming.at_s * NS_PER_S for one in self._readers.values()]
        return min(due, default=None)

    def pass_time(self, *, is_cut_off: bool) -> None:
        """Send the headlines that have come."""
        for (_, req_id), one in self._readers.items():
            while (article := one.upcoming).at_s <= self._second():
                if not is_cut_off:
                    fields = ask.tick_news(
                        req_id, article.at_s * 1_000, PROVIDER, article.article_id, article.headline
                    )
                    self._outbox.send(one.session, fields)
                after_s = max(article.at_s, self._second() - EVERY_S)
                one.upcoming = next_article(one.instrument, after_s)

    def _providers(self, session: Session, _request: ask.NewsProviders) -> None:
        self._outbox.send(session, ask.news_providers([(PROVIDER, PROVIDER_NAME)]))

    def _article(self, session: Session, request: ask.NewsArticle) -> None:
        found = _ARTICLE_ID.fullmatch(request.article_id)
        instrument = self._contracts.by_id(int(found[1], 16)) if found else None
        if found is None or instrument is None or request.provider != PROVIDER:
            text = "Failed to request news article:No data available"
            raise BadRequest(request.req_id, 10172, text)
        slot_s = int(found[2], 16) * EVERY_S
        (article,) = articles(instrument, slot_s, slot_s + EVERY_S)
        self._outbox.send(session, ask.news_article(request.req_id, article.text))

    def _headlines(self, session: Session, request: ask.HistoricalNews) -> None:
        req_id, instrument = request.req_id, self._contracts.by_id(request.con_id)
        if instrument is None:
            raise invalid(req_id, f"Invalid contract id {request.con_id}.")
        if PROVIDER not in re.split(r"[+,]", request.providers):
            raise BadRequest(req_id, 10276, "News feed is not allowed.")
        newest_s = _second_of(request.after, req_id, self._second() + 1)
        oldest_s = _second_of(request.until, req_id, self._second() - PAST_S)
        if newest_s < oldest_s:
            newest_s, oldest_s = oldest_s, newest_s
        oldest_s = max(oldest_s, self._second() - PAST_S)
        found = list(articles(instrument, oldest_s, min(newest_s, self._second() + 1)))[::-1]
        count = request.count if 0 < request.count < HEADLINES_MAX else HEADLINES_MAX
        for one in found[:count]:
            at = f"{datetime.fromtimestamp(one.at_s, UTC):%Y-%m-%d %H:%M:%S}.0"
            fields = ask.historical_news(req_id, at, PROVIDER, one.article_id, one.headline)
            self._outbox.send(session, fields)
        self._outbox.send(session, ask.historical_news_end(req_id, len(found) > count))

    def _bulletins(self, session: Session, request: ask.NewsBulletins) -> None:
        if request.everything:
            self._outbox.send(session, ask.news_bulletin(1, BULLETIN))

    def _second(self) -> int:
        return self._outbox.now_ns // NS_PER_S


def _second_of(text: str, req_id: int, absent: int) -> int:
    """A time such as 2023-11-14 22:13:20.0, in UTC; raises BadRequest."""
    if not text.strip():
        return absent
    try:
        return int(datetime.fromisoformat(text.strip()).replace(tzinfo=UTC).timestamp())
    except ValueError as error:
        shown = "yyyy-mm-dd hh:mm:ss.0"
        raise invalid(req_id, f"Invalid date or time {text!r}; it must be {shown}.") from error
