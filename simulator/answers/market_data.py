"""Answers to requests for market data: the ticks of a contract, and tick-by-tick data."""

from tapewire.simulator.answers.family import Family, Handlers
from tapewire.simulator.answers.generic_ticks import GenericTicks
from tapewire.simulator.answers.history import HistoryAnswers
from tapewire.simulator.market.feed import Feed
from tapewire.simulator.market.history import History
from tapewire.simulator.protocol import requests as ask
from tapewire.simulator.protocol.outbox import Outbox
from tapewire.simulator.protocol.session import Session


class MarketDataAnswers(Family):
    """Subscriptions to the feed, with what goes with them. The first one begins the market."""

    def __init__(
        self,
        feed: Feed,
        generic: GenericTicks,
        past: HistoryAnswers,
        history: History,
        outbox: Outbox,
    ) -> None:
        self._feed = feed
        self._generic = generic
        self._past = past
        self._history = history
        self._outbox = outbox

    def handlers(self) -> Handlers:
        """Who answers which request."""
        return {
            ask.MarketData: self._subscribe,
            ask.CancelMarketData: self._unsubscribe,
            ask.TickByTick: self._stream,
            ask.CancelTickByTick: self._feed.unstream,
            ask.MarketDataType: self._feed.kinds.choose,
        }

    def forget(self, conn: int) -> None:
        """End a connection's subscriptions, and forget which kind of data it has asked for."""
        self._feed.forget_connection(conn)

    def forget_data(self, conn: int) -> None:
        """End a connection's market data without a word."""
        self._feed.forget(conn)

    def _subscribe(self, session: Session, request: ask.MarketData) -> None:
        self._history.begin(self._outbox.now_ns)
        self._generic.check(request)
        self._feed.subscribe(session, request)
        self._generic.begin(session, request)

    def _unsubscribe(self, session: Session, request: ask.CancelMarketData) -> None:
        self._generic.end(session.conn, request.req_id)
        self._feed.unsubscribe(session, request)

    def _stream(self, session: Session, request: ask.TickByTick) -> None:
        self._history.begin(self._outbox.now_ns)
        self._feed.stream(session, request)
        if request.past > 0:
            self._past.recent(session, request)
