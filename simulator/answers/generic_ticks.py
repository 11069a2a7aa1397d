"""Further ticks of a market data line, for those who ask for them by their generic ids."""

from typing import Final

from tapewire.common.instruments import Instrument
from tapewire.common.options import OPTION
from tapewire.common.ticks.rows import Row
from tapewire.simulator.answers.family import Family, Handlers
from tapewire.simulator.answers.named import only
from tapewire.simulator.answers.news import News
from tapewire.simulator.answers.watchers import Watched, Watchers
from tapewire.simulator.exchange.contracts import BAG, Contracts
from tapewire.simulator.exchange.matching import Exchange
from tapewire.simulator.market.history import History
from tapewire.simulator.market.plain import digits, plain
from tapewire.simulator.market.summary import Bar
from tapewire.simulator.protocol import messages
from tapewire.simulator.protocol.outbox import Outbox
from tapewire.simulator.protocol.requests import MarketData, invalid
from tapewire.simulator.protocol.session import Session

VOLUME: Final = "volume"
DAY_NS: Final = 86_400_000_000_000
RT_VOLUME, MARK_PRICE, STATISTICS, SHORTABLE, NEWS = "233", "221", "165", "236", "292"
LEGAL: Final = (
    "100", "101", "104", "105", "106", STATISTICS, MARK_PRICE, "225", "232", RT_VOLUME, SHORTABLE,
    "256", "258", NEWS, "293", "294", "295", "318", "375", "411", "456", "460", "499", "506", "577",
    "586", "587", "588", "595", "614", "619", "623", "mdoff",
)  # fmt: skip
"""The generic ids of TWS. Of those without a name here this market has nothing to send."""
PERIODS: Final = ((91, ("15", "16")), (182, ("17", "18")), (364, ("19", "20")))
"""The lows and highs that STATISTICS has: of how many days, and their tick types."""
EASY_TO_BORROW: Final = "3.0"


class GenericTicks(Family):
    """Ticks beyond quotes and trades."""

    def __init__(
        self,
        contracts: Contracts,
        exchange: Exchange,
        history: History,
        news: News,
        watchers: Watchers,
        outbox: Outbox,
    ) -> None:
        self._contracts = contracts
        self._exchange = exchange
        self._history = history
        self._news = news
        self._watchers = watchers
        self._outbox = outbox

    def handlers(self) -> Handlers:
        """Nothing of its own: these ticks come with market data."""
        return {}

    def forget(self, conn: int) -> None:
        """End a connection's subscriptions."""
        self._watchers.forget(VOLUME, conn)

    forget_data = forget

    def check(self, request: MarketData) -> None:
        """Raise BadRequest for an id that TWS does not have, and for a snapshot with any."""
        unknown = [one for one in request.generic if one.partition(":")[0] not in LEGAL]
        if unknown:
            text = f"Incorrect generic tick list of {','.join(request.generic)}."
            raise invalid(request.req_id, f"{text} Legal ones are: {', '.join(LEGAL)}")
        if request.generic and request.snapshot:
            text = "Snapshot market data subscription is not applicable to generic ticks."
            raise invalid(request.req_id, text)

    def begin(self, session: Session, request: MarketData) -> None:
        """Send what a line has asked for, now and as it comes."""
        wanted = {one.partition(":")[0] for one in request.generic}
        if not wanted or request.contract.sec_type == BAG:  # a combo has no market of its own
            return
        instrument = only(self._contracts, request.contract, request.req_id)
        if SHORTABLE in wanted and instrument.sec_type == "STK":
            fields = messages.tick_generic(request.req_id, "46", EASY_TO_BORROW)
            self._outbox.send(session, fields)
        if MARK_PRICE in wanted:
            self._mark(session, request.req_id, instrument)
        if STATISTICS in wanted and instrument.sec_type != OPTION:
            self._statistics(session, request.req_id, instrument)
        if NEWS in wanted:
            self._news.read(session, request.req_id, instrument)
        if RT_VOLUME in wanted:
            self._volume(session, request.req_id, instrument)

    def end(self, conn: int, req_id: int) -> None:
        """A line has ended."""
        self._watchers.remove(Watched(VOLUME, conn, req_id))
        self._news.stop(conn, req_id)

    def _mark(self, session: Session, req_id: int, instrument: Instrument) -> None:
        mark = self._exchange.books[instrument.symbol].mark()
        if mark is not None:
            self._price(session, req_id, "37", float(mark))

    def _statistics(self, session: Session, req_id: int, instrument: Instrument) -> None:
        """The lows and highs of 13, 26 and 52 weeks."""
        now_ns = self._outbox.now_ns + 1  # what is of this moment counts
        for days, (low, high) in PERIODS:
            found = self._history.summary(instrument.symbol, now_ns - days * DAY_NS, now_ns)
            bar = found.get("TRADES")
            if bar is not None:
                self._price(session, req_id, low, bar.low)
                self._price(session, req_id, high, bar.high)

    def _price(self, session: Session, req_id: int, kind: str, price: float) -> None:
        self._outbox.send(session, messages.tick_price(req_id, kind, digits(price)))

    def _volume(self, session: Session, req_id: int, instrument: Instrument) -> None:
        """Each trade with what was traded today until then, and the day's average price."""
        now_ns = self._outbox.now_ns
        day = self._history.summary(instrument.symbol, now_ns // DAY_NS * DAY_NS, now_ns + 1)
        total = day.get("TRADES", Bar(0, 0, 0, 0))

        def show(row: Row) -> None:
            if row.last is None:
                return
            price, size = plain(row.last), plain(row.last_size or "0")
            total.volume += float(size)
            total.value += float(price) * float(size)
            at_ms = self._outbox.now_ns // 1_000_000
            numbers = (digits(total.volume), digits(total.average))
            text = ";".join((price, size, str(at_ms), *numbers, "true"))
            self._outbox.send(session, messages.tick_string(req_id, "48", text))

        self._watchers.add(instrument.symbol, Watched(VOLUME, session.conn, req_id), show)
