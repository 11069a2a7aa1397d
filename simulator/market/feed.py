"""Market data: takes rows and makes the tick messages that each client subscribed to.

This is the simulator's one hot path. The part of a message before its values is made once per
subscription, and the rest once per row, so that sending is one concatenation.
"""

from collections.abc import Iterable

import msgspec

from tapewire.common.instruments import Instrument
from tapewire.common.options import OptionTerms, terms_of
from tapewire.common.ticks.rows import Row
from tapewire.simulator.exchange.contracts import ContractQuery, Contracts
from tapewire.simulator.market.computations import computations, price_of
from tapewire.simulator.market.file import plain
from tapewire.simulator.protocol import messages
from tapewire.simulator.protocol.outbox import Outbox
from tapewire.simulator.protocol.requests import (
    CancelMarketData,
    CancelTickByTick,
    MarketData,
    TickByTick,
)
from tapewire.simulator.protocol.session import Session

_LENGTHS = [length.to_bytes(4, "big") for length in range(512)]
_BID, _ASK, _LAST = 0, 1, 2
_PRICE_TYPES = ("1", "2", "4")
_SIZE_TYPES = ("0", "3", "5")
_STREAMS = {"Last": "1", "AllLast": "2", "BidAsk": "3"}
TICK_BY_TICK_REFUSED = 10189


class Line:
    """One subscription: where its messages go and how each of them starts."""

    def __init__(self, session: Session, req_id: int, chunks: list[bytes]) -> None:
        self.conn = session.conn
        self.version = session.version
        self.req_id = req_id
        self.append = chunks.append
        self.prices = [_body("1", "6", str(req_id), kind) for kind in _PRICE_TYPES]
        self.sizes = [_body("2", "6", str(req_id), kind) for kind in _SIZE_TYPES]


class Stream:
    """One tick-by-tick subscription."""

    def __init__(self, conn: int, req_id: int, kind: str, chunks: list[bytes]) -> None:
        self.conn = conn
        self.req_id = req_id
        self.is_quotes = kind == "BidAsk"
        self.append = chunks.append
        self.head = _body("99", str(req_id), _STREAMS[kind])


class Topic:
    """A symbol's current values, as text, and its subscriptions."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.price: list[str | None] = [None, None, None]
        self.size: list[str | None] = [None, None, None]
        self.lines: list[Line] = []
        self.streams: list[Stream] = []
        self.option = terms_of(instrument)
        self.computed_ns = 0  # the market's time of the newest change


class Limits(msgspec.Struct, frozen=True):
    """How many subscriptions one connection may hold."""

    lines_max: int
    tick_by_tick_max: int


class Feed:
    """All topics and subscriptions. `sent` counts tick messages (1, 2 and 99) ever sent."""

    def __init__(self, contracts: Contracts, outbox: Outbox, limits: Limits) -> None:
        self._contracts = contracts
        self._outbox = outbox
        self._limits = limits
        self._topics = {symbol: Topic(one) for symbol, one in contracts.by_symbol.items()}
        self._lines: dict[tuple[int, int], Topic] = {}
        self._streams: dict[tuple[int, int], Topic] = {}
        self.sent = 0

    def add(self, instrument: Instrument) -> None:
        """Offer another instrument."""
        self._topics.setdefault(instrument.symbol, Topic(instrument))

    def apply(self, row: Row, now_ns: int) -> None:
        """Send what the row changed: a price with its size, a size alone, each trade."""
        topic = self._topics[row.symbol]
        changed = False
        if row.bid is not None or row.bid_size is not None:
            changed = self._side(topic, _BID, row.bid, row.bid_size)
        if row.ask is not None or row.ask_size is not None:
            changed = self._side(topic, _ASK, row.ask, row.ask_size) or changed
        if row.last is not None:
            self._trade(topic, row.last, row.last_size)
        if topic.streams:
            self._stream(topic, changed, row.last is not None, now_ns)
        if topic.option is not None:
            topic.computed_ns = row.ts_ns
            self._compute(topic, topic.option, topic.lines)

    def keep(self, row: Row, _now_ns: int) -> None:
        """Take over what the row changed without sending it."""
        topic = self._topics[row.symbol]
        prices, sizes = (row.bid, row.ask, row.last), (row.bid_size, row.ask_size, row.last_size)
        for side in (_BID, _ASK, _LAST):
            price, size = prices[side], sizes[side]
            topic.price[side] = topic.price[side] if price is None else plain(price)
            topic.size[side] = topic.size[side] if size is None else plain(size)

    def subscribe(self, session: Session, request: MarketData) -> None:
        """Answer reqMktData: its parameters and current values, then every change."""
        key, req_id = (session.conn, request.req_id), request.req_id
        if key in self._lines:
            self._outbox.error(session, 102, "Duplicate ticker ID.", req_id)
            return
        topic = self._topic(session, request.contract, req_id)
        if topic is None:
            return
        if self._count(self._lines, session.conn) >= self._limits.lines_max:
            self._outbox.error(session, 101, "Max number of tickers has been reached", req_id)
            return
        line = Line(session, req_id, self._outbox.chunks(session.conn))
        self._outbox.send(session, messages.tick_req_params(req_id, topic.instrument))
        self._outbox.send(session, messages.market_data_type(req_id, 1))
        self._current(topic, line)
        if request.snapshot:
            self._outbox.send(session, messages.tick_snapshot_end(req_id))
            return
        topic.lines.append(line)
        self._lines[key] = topic

    def unsubscribe(self, session: Session, request: CancelMarketData) -> None:
        """Answer cancelMktData; an id that is not subscribed is error 300."""
        topic = self._lines.pop((session.conn, request.req_id), None)
        if topic is None:
            self._unknown(session, request.req_id)
            return
        topic.lines = [
            line
            for line in topic.lines
            if (line.conn, line.req_id) != (session.conn, request.req_id)
        ]

    def stream(self, session: Session, request: TickByTick) -> None:
        """Answer reqTickByTickData for BidAsk, Last and AllLast."""
        key, req_id = (session.conn, request.req_id), request.req_id
        if key in self._streams:
            self._outbox.error(session, 102, "Duplicate ticker ID.", req_id)
            return
        topic = self._topic(session, request.contract, req_id)
        if topic is None:
            return
        if request.kind not in _STREAMS:
            text = f"Failed to request tick-by-tick data:{request.kind} is not simulated."
            self._outbox.error(session, TICK_BY_TICK_REFUSED, text, req_id)
            return
        if self._count(self._streams, session.conn) >= self._limits.tick_by_tick_max:
            text = "Max number of tick-by-tick requests has been reached."
            self._outbox.error(session, 10190, text, req_id)
            return
        chunks = self._outbox.chunks(session.conn)
        topic.streams.append(Stream(session.conn, req_id, request.kind, chunks))
        self._streams[key] = topic

    def unstream(self, session: Session, request: CancelTickByTick) -> None:
        """Answer cancelTickByTickData; an id that is not subscribed is error 300."""
        topic = self._streams.pop((session.conn, request.req_id), None)
        if topic is None:
            self._unknown(session, request.req_id)
            return
        topic.streams = [
            one for one in topic.streams if (one.conn, one.req_id) != (session.conn, request.req_id)
        ]

    def forget(self, conn: int) -> None:
        """End all of a connection's subscriptions."""
        for topic in self._topics.values():
            topic.lines = [line for line in topic.lines if line.conn != conn]
            topic.streams = [stream for stream in topic.streams if stream.conn != conn]
        for subscriptions in (self._lines, self._streams):
            for key in [key for key in subscriptions if key[0] == conn]:
                del subscriptions[key]

    def _side(self, topic: Topic, side: int, price: str | None, size: str | None) -> bool:
        """Take one side over and send what is new of it; whether anything was."""
        is_price = is_size = False
        if price is not None and (price := plain(price)) != topic.price[side]:
            topic.price[side] = price
            is_price = True
        if size is not None and (size := plain(size)) != topic.size[side]:
            topic.size[side] = size
            is_size = True
        if is_price:
            self._send_price(topic.lines, side, topic.price[side], topic.size[side])
        elif is_size:
            self._send_size(topic.lines, side, topic.size[side])
        return is_price or is_size

    def _trade(self, topic: Topic, price: str, size: str | None) -> None:
        topic.price[_LAST] = plain(price)
        topic.size[_LAST] = None if size is None else plain(size)
        self._send_price(topic.lines, _LAST, topic.price[_LAST], topic.size[_LAST])

    def _send_price(
        self, lines: Iterable[Line], side: int, price: str | None, size: str | None
    ) -> None:
        mask = "0" if side == _LAST else "1"  # a quote can be traded with at once
        tail = f"{price}\0{size or '0'}\0{mask}\0".encode()
        for line in lines:
            body = line.prices[side] + tail
            line.append(_LENGTHS[len(body)] + body)
            self.sent += 1

    def _send_size(self, lines: Iterable[Line], side: int, size: str | None) -> None:
        tail = f"{size}\0".encode()
        for line in lines:
            body = line.sizes[side] + tail
            line.append(_LENGTHS[len(body)] + body)
            self.sent += 1

    def _current(self, topic: Topic, line: Line) -> None:
        for side in (_BID, _ASK, _LAST):
            if topic.price[side] is not None:
                self._send_price([line], side, topic.price[side], topic.size[side])

        if topic.option is not None:
            self._compute(topic, topic.option, [line])

    def _compute(self, topic: Topic, terms: OptionTerms, lines: list[Line]) -> None:
        """Send what an option's prices come to as greeks. They are as of the market's own time,
        which a file's is long ago."""
        if not lines:
            return
        on = self._topics.get(terms.underlying)
        spot = price_of(on.price) if on is not None else None
        for kind, values in computations(terms, topic.price, spot, topic.computed_ns):
            for line in lines:
                line.append(messages.frame(
                    messages.option_computation(line.version, line.req_id, kind, values)
                ))  # fmt: skip

    def _stream(self, topic: Topic, is_quote: bool, is_trade: bool, now_ns: int) -> None:
        seconds = str(now_ns // 1_000_000_000)
        (bid, ask, last), (bid_size, ask_size, last_size) = topic.price, topic.size
        quote = trade = b""
        if is_quote and bid is not None and ask is not None:
            quote = _body(seconds, bid, ask, bid_size or "0", ask_size or "0", "0")
        if is_trade and last is not None:
            exchange = topic.instrument.exchange
            trade = _body(seconds, last, last_size or "0", "0", exchange, "")
        for stream in topic.streams:
            tail = quote if stream.is_quotes else trade
            if tail:
                body = stream.head + tail
                stream.append(_LENGTHS[len(body)] + body)
                self.sent += 1

    def _topic(self, session: Session, query: ContractQuery, req_id: int) -> Topic | None:
        found = self._contracts.find(query)
        if len(found) == 1:
            return self._topics[found[0].symbol]
        text = "No security definition has been found for the request"
        self._outbox.error(session, 200, text, req_id)
        return None

    def _unknown(self, session: Session, req_id: int) -> None:
        self._outbox.error(session, 300, f"Can't find EId with tickerId:{req_id}", req_id)

    @staticmethod
    def _count(subscriptions: dict[tuple[int, int], Topic], conn: int) -> int:
        return sum(key[0] == conn for key in subscriptions)


def _body(*fields: str) -> bytes:
    return ("\0".join(fields) + "\0").encode("ascii", "backslashreplace")
