"""Answers about market depth: a made-up book that begins with the quote."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Final

import msgspec

from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import Row
from tapewire.simulator.answers.family import Family, Handlers
from tapewire.simulator.answers.lookups import EXCHANGES
from tapewire.simulator.answers.named import only
from tapewire.simulator.answers.watchers import Watched, Watchers
from tapewire.simulator.exchange.contracts import Contracts
from tapewire.simulator.exchange.matching import Exchange
from tapewire.simulator.market.depth import Level, levels
from tapewire.simulator.market.history import History
from tapewire.simulator.protocol import depth_messages as ask
from tapewire.simulator.protocol.depth_messages import Change
from tapewire.simulator.protocol.outbox import Outbox
from tapewire.simulator.protocol.requests import BadRequest, duplicate, invalid
from tapewire.simulator.protocol.session import Session

DEPTH: Final = "depth"
BOOKS_MAX: Final = 3
ROWS_MAX: Final = 20


class _Book(msgspec.Struct):
    """What a client has been sent of a book, by side."""

    session: Session
    request: ask.MarketDepth
    instrument: Instrument
    sent: dict[str, list[Level]]


class Depth(Family):
    """Books of depth; a client may look at three at a time."""

    def __init__(
        self,
        contracts: Contracts,
        exchange: Exchange,
        history: History,
        watchers: Watchers,
        outbox: Outbox,
    ) -> None:
        self._contracts = contracts
        self._exchange = exchange
        self._history = history
        self._watchers = watchers
        self._outbox = outbox

    def handlers(self) -> Handlers:
        """Who answers which request."""
        return {
            ask.MarketDepth: self._subscribe,
            ask.CancelMarketDepth: self._unsubscribe,
            ask.DepthExchanges: self._exchanges,
        }

    def forget(self, conn: int) -> None:
        """End a connection's subscriptions."""
        self._watchers.forget(DEPTH, conn)

    forget_data = forget

    def _subscribe(self, session: Session, request: ask.MarketDepth) -> None:
        key = Watched(DEPTH, session.conn, request.req_id)
        if self._watchers.has(key):
            raise duplicate(request.req_id)
        instrument = only(self._contracts, request.contract, request.req_id)
        if not 1 <= request.rows <= ROWS_MAX:
            raise invalid(request.req_id, f"Number of rows must be between 1 and {ROWS_MAX}.")
        if self._watchers.count(DEPTH, session.conn) >= BOOKS_MAX:
            text = f"Max number ({BOOKS_MAX}) of market depth requests has been reached"
            raise BadRequest(request.req_id, 309, text)
        self._history.begin(self._outbox.now_ns)
        book = _Book(session, request, instrument, {ask.BID: [], ask.ASK: []})

        def show(_row: Row) -> None:
            self._send(book)

        self._watchers.add(instrument.symbol, key, show)
        self._send(book)

    def _unsubscribe(self, session: Session, request: ask.CancelMarketDepth) -> None:
        if not self._watchers.remove(Watched(DEPTH, session.conn, request.req_id)):
            text = f"Can't find the subscribed market depth with tickerId:{request.req_id}"
            raise BadRequest(request.req_id, 310, text)

    def _exchanges(self, session: Session, _request: ask.DepthExchanges) -> None:
        listed = {(one.exchange, one.sec_type) for one in self._contracts.by_symbol.values()}
        listed |= {(name, "STK") for name, _ in EXCHANGES}
        venues = [
            ask.Venue(exchange, sec_type, "Deep2" if sec_type == "STK" else "Deep")
            for exchange, sec_type in sorted(listed)
        ]
        self._outbox.send(session, ask.depth_exchanges(venues))

    def _send(self, book: _Book) -> None:
        """Send what has changed of a book."""
        quote, step = self._exchange.books[book.instrument.symbol], book.instrument.min_tick
        for side, shown, away in ((ask.BID, quote.bid, -step), (ask.ASK, quote.ask, step)):
            now = levels(shown, away, book.request.rows)
            for change in _changes(side, book.sent[side], now):
                self._outbox.send(book.session, self._message(book, change))
            book.sent[side] = now

    @staticmethod
    def _message(book: _Book, change: Change) -> list[str]:
        version, req_id = book.session.version, book.request.req_id
        if not book.request.is_smart:
            return ask.depth(version, req_id, change)
        exchange = EXCHANGES[change.place % len(EXCHANGES)][0]
        return ask.smart_depth(version, req_id, exchange, change)


def _changes(side: str, was: list[Level], now: list[Level]) -> Iterator[Change]:
    """What leads from one side of a book to the next; places that are gone go from the end."""
    for place, (old, new) in enumerate(zip_longest(was, now)):
        if new is not None and new != old:
            operation = ask.INSERT if old is None else ask.UPDATE
            yield Change(place, operation, side, new.price, new.size)
    for place in range(len(was) - 1, len(now) - 1, -1):
        yield Change(place, ask.DELETE, side, was[place].price, was[place].size)
