"""Market data: takes rows and makes the tick messages that each client subscribed to.

This is the simulator's one hot path. The part of a message before its values is made once per
subscription, and the rest once per row, so that sending is one concatenation.
"""

from collections.abc import Iterable

import msgspec

from tapewire.common.instruments import Instrument
from tapewire.common.options import OptionTerms
from tapewire.common.ticks.rows import Row
from tapewire.simulator.answers.family import forget_keys
from tapewire.simulator.answers.named import only
from tapewire.simulator.exchange.contracts import BAG, ContractQuery, Contracts
from tapewire.simulator.market.combo_quotes import ComboTopic, ComboTopics
from tapewire.simulator.market.computations import computations, price_of
from tapewire.simulator.market.data_kinds import LIVE, DataKinds
from tapewire.simulator.market.days import Day
from tapewire.simulator.market.history import History
from tapewire.simulator.market.lines import (
    DAY,
    MIDPOINTS,
    QUOTES,
    STREAMS,
    Line,
    Stream,
    Topic,
    body,
)
from tapewire.simulator.market.own_time import OwnTime
from tapewire.simulator.market.plain import digits, plain
from tapewire.simulator.market.screen import EMPTY, size_shown
from tapewire.simulator.protocol import messages
from tapewire.simulator.protocol.outbox import Outbox
from tapewire.simulator.protocol.requests import (
    BadRequest,
    CancelMarketData,
    CancelTickByTick,
    MarketData,
    TickByTick,
    duplicate,
    not_found,
)
from tapewire.simulator.protocol.session import Session
from tapewire.simulator.settings import SimulatorSettings

_LENGTHS = [length.to_bytes(4, "big") for length in range(512)]
_BID, _ASK, _LAST = 0, 1, 2
TICK_BY_TICK_REFUSED = 10189


class Limits(msgspec.Struct, frozen=True):
    """How many subscriptions one connection may hold."""

    lines_max: int
    tick_by_tick_max: int


class Feed:
    """All topics and subscriptions. `sent` counts tick messages (1, 2, 21 and 99) ever sent."""

    def __init__(
        self,
        contracts: Contracts,
        outbox: Outbox,
        limits: Limits,
        history: History,
        settings: SimulatorSettings,
    ) -> None:
        self._contracts = contracts
        self._outbox = outbox
        self._limits = limits
        self._history = history
        self._topics = {symbol: Topic(one) for symbol, one in contracts.by_symbol.items()}
        self._combos = ComboTopics(contracts, self._topics)
        self._lines: dict[tuple[int, int], Topic] = {}
        self._streams: dict[tuple[int, int], Topic] = {}
        self.kinds = DataKinds(settings.delayed, outbox)
        self._own_time = OwnTime(settings)
        self.sent = 0

    def add(self, instrument: Instrument) -> None:
        """Offer another instrument."""
        self._topics.setdefault(instrument.symbol, Topic(instrument))

    def apply(self, row: Row, now_ns: int) -> None:
        """Send what the row changed: a price with its size, a size alone, each trade."""
        topic = self._topics[row.symbol]
        changed = False
        if self._own_time:
            self._own_time.pass_to(topic, row.ts_ns)
        if row.bid is not None or row.bid_size is not None:
            changed = self._side(topic, _BID, row.bid, row.bid_size)
        if row.ask is not None or row.ask_size is not None:
            changed = self._side(topic, _ASK, row.ask, row.ask_size) or changed
        if row.last is not None:
            self._trade(topic, row.last, row.last_size, now_ns)
        if topic.streams:
            self._stream(topic, changed, row.last is not None, now_ns)
        if topic.option is not None:
            topic.computed_ns = row.ts_ns
            self._compute(topic, topic.option, topic.lines)
        if row.symbol in self._combos.of_leg:
            for combo in self._combos.of_leg[row.symbol]:
                if self._own_time:
                    self._own_time.pass_to(combo, row.ts_ns)
                for side, (price, size) in combo.quotes():
                    self._side(combo, side, price, size)

    def keep(self, row: Row, now_ns: int) -> None:
        """Take over what the row changed without sending it."""
        topic = self._topics[row.symbol]
        if row.last is not None and topic.day is not None:
            topic.day.take(float(row.last), now_ns)
        prices, sizes = (row.bid, row.ask, row.last), (row.bid_size, row.ask_size, row.last_size)
        for side in (_BID, _ASK, _LAST):
            price, size = prices[side], sizes[side]
            topic.price[side] = topic.price[side] if price is None else plain(price)
            topic.size[side] = topic.size[side] if size is None else plain(size)

    def subscribe(self, session: Session, request: MarketData) -> None:
        """Answer reqMktData: its parameters and current values, then every change."""
        key, req_id = (session.conn, request.req_id), request.req_id
        if key in self._lines:
            raise duplicate(req_id)
        is_combo = request.contract.sec_type == BAG
        topic_of = self._combos.topic if is_combo else self._topic
        topic = topic_of(request.contract, req_id)
        if self._count(self._lines, session.conn) >= self._limits.lines_max:
            raise BadRequest(req_id, 101, "Max number of tickers has been reached")
        kind = self.kinds.of(session, topic.symbols, req_id)
        line = Line(session, req_id, self._outbox.chunks(session.conn), kind != LIVE)
        self._outbox.send(session, messages.tick_req_params(req_id, topic.instrument))
        self._outbox.send(session, messages.market_data_type(req_id, kind))
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
            raise not_found(request.req_id)
        topic.lines = [
            line
            for line in topic.lines
            if (line.conn, line.req_id) != (session.conn, request.req_id)
        ]
        self._combos.drop_unread()

    def stream(self, session: Session, request: TickByTick) -> None:
        """Answer reqTickByTickData."""
        key, req_id = (session.conn, request.req_id), request.req_id
        if key in self._streams:
            raise duplicate(req_id)
        topic = self._topic(request.contract, req_id)
        refused = "Failed to request tick-by-tick data:"
        if request.kind not in STREAMS:
            raise BadRequest(req_id, TICK_BY_TICK_REFUSED, f"{refused}{request.kind} is unknown.")
        if not self.kinds.are_live(topic.symbols):
            text = f"{refused}No market data permissions for {topic.instrument.exchange}"
            raise BadRequest(req_id, TICK_BY_TICK_REFUSED, text)
        if self._count(self._streams, session.conn) >= self._limits.tick_by_tick_max:
            text = "Max number of tick-by-tick requests has been reached."
            raise BadRequest(req_id, 10190, text)
        chunks = self._outbox.chunks(session.conn)
        topic.middle = topic.midpoint()
        topic.streams.append(Stream(session.conn, req_id, request.kind, chunks))
        self._streams[key] = topic

    def unstream(self, session: Session, request: CancelTickByTick) -> None:
        """Answer cancelTickByTickData; an id that is not subscribed is error 300."""
        topic = self._streams.pop((session.conn, request.req_id), None)
        if topic is None:
            raise not_found(request.req_id)
        topic.streams = [
            one for one in topic.streams if (one.conn, one.req_id) != (session.conn, request.req_id)
        ]

    def forget(self, conn: int) -> None:
        """End all of a connection's subscriptions."""
        for topic in (*self._topics.values(), *self._combos.all()):
            topic.lines = [line for line in topic.lines if line.conn != conn]
            topic.streams = [stream for stream in topic.streams if stream.conn != conn]
        self._combos.drop_unread()
        forget_keys(self._lines, conn)
        forget_keys(self._streams, conn)

    def forget_connection(self, conn: int) -> None:
        """End them, and forget which kind of data it has asked for."""
        self.forget(conn)
        self.kinds.forget(conn)

    def _side(self, topic: Topic, side: int, price: str | None, size: str | None) -> bool:
        """Take one side over and send what is new of it; whether anything was. That a side becomes
        empty, or is so no longer, is about its price too."""
        is_price = is_size = False
        if price is not None and (price := plain(price)) != topic.price[side]:
            topic.price[side] = price
            is_price = True
        if size is not None:
            before, size = size_shown(topic.size[side]), plain(size)
            is_size = size != before
            is_price |= is_size and topic.price[side] == EMPTY and "0" in (before, size)
            topic.size[side] = size
        if is_price:
            self._send_price(topic.lines, side, topic.price[side], topic.size[side])
        elif is_size:
            self._send_size(topic.lines, side, topic.size[side])
        return is_price or is_size

    def _trade(self, topic: Topic, price: str, size: str | None, now_ns: int) -> None:
        topic.price[_LAST] = plain(price)
        topic.size[_LAST] = None if size is None else plain(size)
        self._send_price(topic.lines, _LAST, topic.price[_LAST], topic.size[_LAST])
        day = topic.day
        if day is not None:
            value = float(price)
            if day.low <= value <= day.high and now_ns < day.end_ns:
                day.last = value  # as of most trades, no more is to be said of it
            else:
                self._send_day(day.take(value, now_ns), topic.lines)

    def _send_day(self, prices: Iterable[tuple[int, float]], lines: Iterable[Line]) -> None:
        for which, price in prices:
            self._send_price(lines, DAY + which, digits(price), None)

    def _send_price(
        self, lines: Iterable[Line], side: int, price: str | None, size: str | None
    ) -> None:
        mask = "1" if side < _LAST else "0"  # a quote can be traded with at once
        tail = f"{price}\0{size_shown(size)}\0{mask}\0".encode()
        for line in lines:
            whole = line.prices[side] + tail
            line.append(_LENGTHS[len(whole)] + whole)
            self.sent += 1

    def _send_size(self, lines: Iterable[Line], side: int, size: str | None) -> None:
        tail = f"{size}\0".encode()
        for line in lines:
            whole = line.sizes[side] + tail
            line.append(_LENGTHS[len(whole)] + whole)
            self.sent += 1

    def _current(self, topic: Topic, line: Line) -> None:
        self._own_time.tell(topic, [line])
        for side in (_BID, _ASK, _LAST):
            if topic.price[side] is not None:
                self._send_price([line], side, topic.price[side], topic.size[side])
        if not isinstance(topic, ComboTopic):
            self._send_day(self._day_of(topic).prices(), [line])
        if topic.option is not None:
            self._compute(topic, topic.option, [line])

    def _day_of(self, topic: Topic) -> Day:
        """The day of a symbol; those who read it already hear that another one has begun."""
        now_ns = self._outbox.now_ns
        if topic.day is None or now_ns >= topic.day.end_ns:
            topic.day = Day(self._history, topic.instrument.symbol, now_ns)
            self._send_day(topic.day.prices(), topic.lines)
        return topic.day

    def _compute(self, topic: Topic, terms: OptionTerms, lines: list[Line]) -> None:
        """Send what an option's prices come to as greeks. They are as of the market's own time,
        which a file's is long ago."""
        if not lines:
            return
        on = self._topics.get(terms.underlying)
        spot = price_of(on.price) if on is not None else None
        for kind, values in computations(terms, topic.price, spot, topic.computed_ns):
            for line in lines:
                fields = messages.option_computation(
                    line.version, line.req_id, line.computed(kind), values
                )
                line.append(messages.frame(fields))
                self.sent += 1

    def _stream(self, topic: Topic, is_quote: bool, is_trade: bool, now_ns: int) -> None:
        seconds = str(now_ns // 1_000_000_000)
        (bid, ask, last), (bid_size, ask_size, last_size) = topic.price, topic.size
        quote = trade = middle = b""
        if is_quote and bid is not None and ask is not None:
            quote = body(seconds, bid, ask, bid_size or "0", ask_size or "0", "0")
        if is_trade and last is not None:
            exchange = topic.instrument.exchange
            trade = body(seconds, last, last_size or "0", "0", exchange, "")
        if is_quote and (midpoint := topic.midpoint()) != topic.middle:
            topic.middle = midpoint
            middle = b"" if midpoint is None else body(seconds, digits(midpoint))
        tails = {QUOTES: quote, MIDPOINTS: middle}
        for stream in topic.streams:
            tail = tails.get(stream.kind, trade)
            if tail:
                whole = stream.head + tail
                stream.append(_LENGTHS[len(whole)] + whole)
                self.sent += 1

    def _topic(self, query: ContractQuery, req_id: int) -> Topic:
        return self._topics[only(self._contracts, query, req_id).symbol]

    @staticmethod
    def _count(subscriptions: dict[tuple[int, int], Topic], conn: int) -> int:
        return sum(key[0] == conn for key in subscriptions)
