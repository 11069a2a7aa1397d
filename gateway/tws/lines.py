r"""Market data lines: what is read, opened as far as TWS has room, and what TWS says of it.

    wanted --room--> open --TWS ends it--> refused --`reopen`--> wanted
               \--none--> waiting --another closes--> open

A stream that TWS has refused is not asked for again until somebody says so (`reopen`): who watches
the silence of a line knows when (see `gateway.feeds.liveness`). Requests are made in `open_due`,
which knows the time, in the order in which symbols were wanted.

Where a stream of ticks one by one cannot be had, the top of book stands in for it, and what is
lacking is reported. Once the stream is open it has its ticks to itself again (see `line`).

Live data that a login is not subscribed to may come delayed. TWS sends them once the connection has
asked for them, and sends live ones all the same where it can: so they are asked for with the first
refusal, and the line then is asked for again.
"""

from collections import Counter, deque
from typing import Final

from tapewire.gateway.market_feed import Extra, FeedNews
from tapewire.gateway.outbox import Outbox
from tapewire.gateway.tws import errors
from tapewire.gateway.tws.contracts import Contracts
from tapewire.gateway.tws.lacks import Lacks
from tapewire.gateway.tws.line_limits import LineLimits, Room
from tapewire.gateway.tws.market_data import MarketData
from tapewire.gateway.tws.session import TwsSession
from tapewire.gateway.tws.streams import GENERIC, TOP, Share, Stream, Terms, streams_of

FARM_BROKEN: Final = 2103
FARM_IS_BACK: Final = 2104
FRESH_MAX: Final = 100
NEVER_NS: Final = 2**63


class Lines:
    """The symbols that somebody reads. What is open ends with the session, what is wanted does not.

    With `delayed`, delayed data are taken where TWS refuses live ones.
    """

    def __init__(
        self,
        session: TwsSession,
        market: MarketData,
        contracts: Contracts,
        outbox: Outbox[bytes],
        limits: LineLimits | None = None,
        *,
        delayed: bool = True,
        depth_rows: int = 10,
    ) -> None:
        self._session = session
        self._market = market
        self._contracts = contracts
        self._outbox = outbox
        self._room = Room(limits or LineLimits())
        self._takes_delayed = delayed
        self._depth_rows = depth_rows
        self._delayed_asked = False  # on this connection
        self._wanted: dict[str, tuple[Stream, ...]] = {}
        self._extras: dict[Stream, None] = {}  # what is wanted apart from ticks, in order
        self._plain: set[str] = set()  # whose generic ticks TWS refuses
        self._open: dict[Stream, int] = {}  # with the request's id
        self._by_id: dict[int, Stream] = {}
        self._fresh: deque[Stream] = deque(maxlen=FRESH_MAX)  # the newest that were opened
        self._refused: set[Stream] = set()
        self._full: list[Share] = []  # of which TWS has just said that it has no room
        self._lacks = Lacks()
        self._news: list[FeedNews] = []
        self._farm_broken = False
        self._due_ns: int | None = None  # when something may be opened; None: nothing waits

    def __repr__(self) -> str:
        return f"<Lines: {len(self._open)} open of {len(self._wanted)} symbols>"

    # ---- what is wanted --------------------------------------------------------------------------

    def want(self, symbol: str) -> bool:
        """Somebody reads `symbol`: open its line. False if it is not configured."""
        instrument = self._contracts.instruments.get(symbol)
        if instrument is None:
            return False
        if symbol not in self._wanted:
            self._wanted[symbol] = streams_of(instrument)
            self.subscribe()
        return True

    def unwant(self, symbol: str) -> None:
        """Nobody reads `symbol` any more: close its line."""
        for stream in self._wanted.pop(symbol, ()):
            self._close(stream)
            self._refused.discard(stream)
        self._lacks.forget(symbol)
        self._market.drop(symbol)
        self.subscribe()  # one that waits for room

    def reopen(self, symbol: str) -> None:
        """Ask for a symbol's data again, whether TWS has refused them or is silent."""
        for stream in self._wanted.get(symbol, ()):
            self._close(stream)
            self._refused.discard(stream)
        self._refused -= {one for one in self._extras if one.symbol == symbol}
        self.subscribe()

    def has_values(self, symbol: str) -> bool:
        """Whether generic ticks of `symbol` are asked for."""
        instrument = self._contracts.instruments.get(symbol)
        return instrument is not None and bool(instrument.generic_ticks)

    def want_extra(self, symbol: str, extra: Extra) -> bool:
        """Somebody reads more than ticks of `symbol`: open it. False if it is not configured."""
        if symbol not in self._contracts.instruments:
            return False
        self._extras[Stream(symbol, extra)] = None
        self.subscribe()
        return True

    def unwant_extra(self, symbol: str, extra: Extra) -> None:
        """Nobody reads it any more: close it."""
        stream = Stream(symbol, extra)
        self._extras.pop(stream, None)
        self._close(stream)
        self._refused.discard(stream)
        self._lacks.end_of(stream)
        self.subscribe()

    def reopen_extra(self, symbol: str, extra: Extra) -> None:
        """Ask for it again: what came makes no sense."""
        self._close(Stream(symbol, extra))
        self.subscribe()

    def again(self) -> None:
        """TWS has refused requests of the last seconds, and does not say which: what was opened
        then and has brought nothing is asked for again."""
        for stream in [
            one for one in self._fresh if self._market.is_silent(self._open.get(one, 0))
        ]:
            self._close(stream)
        self._fresh.clear()
        self.subscribe()

    def closed(self) -> None:
        """All lines are gone; those who read them still do."""
        self._market.close_all()
        self._open.clear()
        self._by_id.clear()
        self._fresh.clear()
        self._refused.clear()
        self._wanted = {
            symbol: streams_of(self._contracts.instruments[symbol]) for symbol in self._wanted
        }
        self._room.forget()
        self._delayed_asked = self._farm_broken = False
        self._due_ns = None  # until the session's first questions are asked

    def subscribe(self) -> None:
        """Open what is wanted and not open, with the next `open_due`."""
        self._due_ns = 0

    # ---- what is open ----------------------------------------------------------------------------

    def open_due(self, now_ns: int) -> None:
        """Ask for what may be opened now."""
        if self._market.dead:
            self._leave_dead()
        if self._due_ns is None or now_ns < self._due_ns or self._session.state != "UP":
            return
        counts = Counter[Share](stream.share for stream in self._open)
        for share in self._full:
            self._room.full(share, counts[share], now_ns)
        self._full.clear()
        waits: list[int] = []
        wanted = [one for streams in self._wanted.values() for one in streams]
        wanted += self._extras
        for stream in wanted:
            if stream in self._open or stream in self._refused:
                continue
            if early_ns := self._room.early_ns(stream, now_ns):
                waits.append(early_ns)
            elif reason := self._room.refusal(stream, counts[stream.share], now_ns):
                wanted += self._cannot_have(stream, reason)  # what stands in is opened with it
                waits.append(self._room.full_until_ns(stream.share) or NEVER_NS)
            else:
                self._room.asked(stream, counts[stream.share], now_ns)
                self._ask(stream)
                counts[stream.share] += 1
        self._due_ns = min(waits, default=None)

    def _ask(self, stream: Stream) -> None:
        contract, encode = self._contracts.contract(stream.symbol), self._session.encode
        terms = self._terms(stream)
        request_id = self._market.open(stream.symbol, stream.kind, values=bool(terms.generic))
        self._fresh.append(stream)
        self._open[stream], self._by_id[request_id] = request_id, stream
        self._outbox.market_data(stream.opening(encode, request_id, contract, terms))

    def _terms(self, stream: Stream) -> Terms:
        """What a stream is asked for with."""
        instrument = self._contracts.instruments[stream.symbol]
        numbers = () if stream.symbol in self._plain else instrument.generic_ticks
        return Terms(instrument, ",".join(map(str, numbers)), self._depth_rows)

    def _close(self, stream: Stream) -> None:
        request_id = self._end(stream)
        if request_id is None or self._session.state != "UP":
            return
        self._outbox.market_data(
            stream.closing(self._session.encode, request_id, self._terms(stream))
        )

    def _end(self, stream: Stream) -> int | None:
        """A stream is open no more; the id of its request, if it was."""
        request_id = self._open.pop(stream, None)
        if request_id is not None:
            del self._by_id[request_id]
            self._market.close(request_id)
        return request_id

    # ---- what TWS says ---------------------------------------------------------------------------

    def trouble(self, request_id: int, code: int, text: str) -> None:
        """TWS's error about a request, or about a data farm. One about anything else is nothing."""
        if code in (FARM_BROKEN, FARM_IS_BACK):
            self._on_farm(code)
        stream = self._by_id.get(request_id)
        if stream is None:
            return
        match errors.meaning(code).line:
            case "not live" | "delayed":
                self._not_live(stream, code, text)
            case "full":
                self._end(stream)
                self._full.append(stream.share)
                self._due_ns = 0
            case "refused" | "unknown":
                self._refuse(stream, code, text)
            case "deactivated" if self._market.is_silent(request_id):
                self._refuse(stream, code, text)  # it would be asked for in a loop
            case "deactivated":
                self._end(stream)
                self._due_ns = 0

    def _on_farm(self, code: int) -> None:
        """Lines may be dead after a farm has broken, and TWS does not say whether they are."""
        if code == FARM_BROKEN:
            self._farm_broken = True
        elif self._farm_broken:
            self._farm_broken = False
            reason = "the data farm was broken, and is back"
            self._news.append(FeedNews("", "doubtful", reason))
            for stream in self._extras:  # nothing else would show that they are dead
                self._close(stream)
                self._refused.discard(stream)
            self._due_ns = 0

    def _not_live(self, stream: Stream, code: int, text: str) -> None:
        if stream.kind != TOP:
            self._refuse(stream, code, text)  # of nothing else there are delayed data
            return
        advises = errors.meaning(code).line == "delayed"
        if advises and self._delayed_asked:
            return  # delayed ticks follow
        if not self._takes_delayed or self._delayed_asked:
            self._refuse(stream, code, text)
            return
        self._delayed_asked = True
        self._outbox.market_data(self._session.encode.delayed_data())
        self._end(stream)
        self._due_ns = 0

    def _refuse(self, stream: Stream, code: int, text: str) -> None:
        if stream.kind == TOP and code in errors.BAD_REQUEST and self._terms(stream).generic:
            self._leave_out_generic(stream, code, text)
            return
        self._end(stream)
        self._refused.add(stream)
        reason = f"TWS refuses it ({code}): {text}"
        self._cannot_have(stream, f"{stream.symbol} has no {stream.called}: {reason}")
        self._due_ns = 0  # its place may serve another

    def _leave_out_generic(self, stream: Stream, code: int, text: str) -> None:
        """TWS refuses a line, perhaps for its generic ticks: prices matter more than they do."""
        self._plain.add(stream.symbol)
        generic = Stream(stream.symbol, GENERIC)
        reason = f"{stream.symbol} has no {generic.called}: TWS refuses them ({code}): {text}"
        self._lacks.add(generic, reason)
        self._end(stream)
        self._due_ns = 0

    def _cannot_have(self, stream: Stream, reason: str) -> tuple[Stream, ...]:
        """Report why a stream is not open, once; what stands in for it, if it was not wanted."""
        self._lacks.add(stream, reason)
        top = Stream(stream.symbol, TOP)
        if not stream.has_prices or top in self._wanted[stream.symbol]:
            return ()
        self._wanted[stream.symbol] += (top,)
        return (top,)

    def _leave_dead(self) -> None:
        """Streams of ticks one by one that are silent while the top of book moves: asked for again,
        and until then the top of book stands in."""
        for request_id in self._market.take_dead():
            stream = self._by_id.get(request_id)
            if stream is not None:
                self._close(stream)
                reason = "it was silent while the top of book moved"
                self._cannot_have(stream, f"{stream.symbol} has no {stream.called}: {reason}")
                self._due_ns = 0

    def take_news(self) -> list[FeedNews]:
        """What is to be reported since the last call."""
        taken, self._news = self._news, []
        if self._lacks:
            for symbol in self._lacks.end(self._is_heard):
                self._end_stand_in(symbol)
            taken += self._lacks.take_news(self._has_prices)
        return [*taken, *self._market.take_news()]

    def _is_heard(self, stream: Stream) -> bool:
        request_id = self._open.get(stream)
        return request_id is not None and not self._market.is_silent(request_id)

    def _has_prices(self, symbol: str) -> bool:
        return any(
            one.symbol == symbol and (one.kind == TOP or one.has_prices) for one in self._open
        )

    def _end_stand_in(self, symbol: str) -> None:
        """A symbol has all that was wanted of it, and needs its top of book no more."""
        if symbol not in self._wanted:
            return  # a book, or bars, of a symbol whose ticks nobody reads
        chosen = streams_of(self._contracts.instruments[symbol])
        for stream in self._wanted[symbol]:
            if stream not in chosen:
                self._close(stream)
                self.subscribe()  # one that waits for room
        self._wanted[symbol] = chosen
