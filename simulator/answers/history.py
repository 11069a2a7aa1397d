"""Answers about history: bars, ticks, how far it goes back, what was traded at which price."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Final

from msgspec.structs import replace

from tapewire.common.instruments import Instrument
from tapewire.simulator.answers.family import Family, Handlers
from tapewire.simulator.answers.history_pace import HistoryPace
from tapewire.simulator.answers.live_bars import DateOf, LiveBars
from tapewire.simulator.answers.named import only
from tapewire.simulator.exchange.contracts import ContractQuery, Contracts
from tapewire.simulator.exchange.hours import Hours
from tapewire.simulator.market import bars as made
from tapewire.simulator.market.bars import DAY_S, NS_PER_S, Bars
from tapewire.simulator.market.history import History
from tapewire.simulator.market.ticks import MESSAGES, Ticks
from tapewire.simulator.protocol import history_messages as ask
from tapewire.simulator.protocol.messages import clock_text
from tapewire.simulator.protocol.outbox import Outbox
from tapewire.simulator.protocol.requests import BadRequest, TickByTick, invalid
from tapewire.simulator.protocol.session import Session

NO_DATA: Final = 162
FAILED: Final = "Historical Market Data Service error message:"
TOO_LONG: Final = f"{FAILED}Time length exceed max."
SCHEDULE_MAX_S: Final = 5 * 366 * DAY_S
OF_TRADES: Final = ("TRADES", "ADJUSTED_LAST", "AGGTRADES")
OF_QUOTES: Final = ("MIDPOINT", "BID", "ASK", "BID_ASK")
NEVER_THERE: Final = (
    "HISTORICAL_VOLATILITY", "OPTION_IMPLIED_VOLATILITY", "FEE_RATE", "YIELD_BID", "YIELD_ASK",
    "YIELD_BID_ASK", "YIELD_LAST", "REBATE_RATE",
)  # fmt: skip
TICKS_MAX: Final = 1_000
SMALL_BARS_S: Final = 30
"""Requests for bars of this size and below are paced, and those for ticks."""


class HistoryAnswers(Family):
    """Answers from `History`, which has the market of all symbols at all times."""

    def __init__(
        self,
        contracts: Contracts,
        history: History,
        hours: Hours,
        live: LiveBars,
        outbox: Outbox,
        *,
        is_paced: bool,
    ) -> None:
        self._contracts = contracts
        self._history = history
        self._hours = hours
        self._live = live
        self._outbox = outbox
        self._is_paced = is_paced
        self._paces: defaultdict[int, HistoryPace] = defaultdict(HistoryPace)  # by connection

    def handlers(self) -> Handlers:
        """Who answers which request."""
        return {
            ask.HistoricalData: self._bars,
            ask.CancelHistoricalData: self._cancel,
            ask.HistoricalTicks: self._ticks,
            ask.HeadTimestamp: self._head,
            ask.Histogram: self._histogram,
            ask.CancelQuestion: lambda _session, _request: None,
        }

    def forget(self, conn: int) -> None:
        """End a connection's subscriptions."""
        self._paces.pop(conn, None)

    # ---- bars ------------------------------------------------------------------------------------

    def _bars(self, session: Session, request: ask.HistoricalData) -> None:
        size_s, seconds = checked(request)
        instrument = self._about(request.contract, request.req_id)
        if request.what == "SCHEDULE":
            self._schedule(session, request, seconds)
            return
        if size_s <= SMALL_BARS_S:
            self._within_pace(session, request, request.contract, request.what)
        source = bars_of(self._history, self._hours, instrument.symbol, request.what, size_s)
        begin_ns, end_ns = span_of(request, self._outbox.now_ns, seconds, size_s)
        found = source.between(begin_ns, end_ns, use_rth=request.use_rth)
        if not found:
            raise _no_data(request.req_id, instrument, request.what)
        dates = made_dates(size_s, request.date_format)
        fields = ask.historical_data(
            session.version, request.req_id, clock_text(begin_ns), clock_text(end_ns),
            [(dates(one), one.bar) for one in found], request.what in OF_TRADES,
        )  # fmt: skip
        self._outbox.send(session, fields)
        if request.keep:
            self._live.keep(session, request, source, dates, size_s)

    def _schedule(self, session: Session, request: ask.HistoricalData, seconds: int) -> None:
        if seconds > SCHEDULE_MAX_S:
            raise BadRequest(request.req_id, NO_DATA, TOO_LONG)
        end_ns = self._outbox.now_ns if request.end_ns is None else request.end_ns
        begin_ns = (end_ns // NS_PER_S - seconds) // DAY_S * DAY_S * NS_PER_S
        days = range(begin_ns, end_ns, DAY_S * NS_PER_S)
        sessions = [
            (_dashed(opens), _dashed(closes), f"{_utc(day):%Y%m%d}")
            for day in days
            for opens, closes in self._hours.regular_between(day, day + DAY_S * NS_PER_S)
        ]
        fields = ask.historical_schedule(
            request.req_id, _dashed(begin_ns), _dashed(end_ns), sessions
        )
        self._outbox.send(session, fields)

    def _cancel(self, session: Session, request: ask.CancelHistoricalData) -> None:
        if not self._live.drop(session.conn, request.req_id):
            text = f"No historical data query found for ticker id:{request.req_id}"
            raise BadRequest(request.req_id, 366, text)

    # ---- ticks -----------------------------------------------------------------------------------

    def _ticks(self, session: Session, request: ask.HistoricalTicks) -> None:
        req_id, now_ns = request.req_id, self._outbox.now_ns
        if request.what not in MESSAGES:
            raise invalid(req_id, f"Incorrect WhatToShow {request.what}. Legal ones are: "
                          f"{', '.join(MESSAGES)}")  # fmt: skip
        if not 0 < request.count <= TICKS_MAX:
            raise invalid(req_id, f"Number of ticks must be between 1 and {TICKS_MAX}.")
        if (request.start_ns is None) == (request.end_ns is None):
            raise invalid(req_id, "Please specify either the start or the end date/time.")
        instrument = self._about(request.contract, req_id)
        self._within_pace(session, request, request.contract, request.what)
        ticks = self._ticks_of(session, instrument, request.what)
        end_ns = now_ns if request.end_ns is None else request.end_ns
        found = ticks_up_to(now_ns, ticks, request.start_ns, end_ns, request.count)
        self._outbox.send(session, ask.historical_ticks(MESSAGES[request.what], req_id, found))

    def recent(self, session: Session, request: TickByTick) -> None:
        """The ticks before a tick-by-tick subscription, as many as it asks for."""
        instrument = only(self._contracts, request.contract, request.req_id)
        what = {"BidAsk": "BID_ASK", "MidPoint": "MIDPOINT"}.get(request.kind, "TRADES")
        count = min(request.past, TICKS_MAX)
        found = self._ticks_of(session, instrument, what).until(self._outbox.now_ns + 1, count)
        fields = ask.historical_ticks(MESSAGES[what], request.req_id, found[-count:])
        self._outbox.send(session, fields)

    def _ticks_of(self, session: Session, instrument: Instrument, what: str) -> Ticks:
        return Ticks(self._history, instrument.symbol, what, instrument.exchange, session.version)

    # ---- what else there is to know --------------------------------------------------------------

    def _head(self, session: Session, request: ask.HeadTimestamp) -> None:
        instrument = self._about(request.contract, request.req_id)
        head_ns = self._history.head_ns(instrument.symbol)
        if head_ns is None:
            raise _no_data(request.req_id, instrument, request.what)
        second = head_ns // NS_PER_S
        text = str(second) if request.date_format == 2 else _dashed(head_ns)
        self._outbox.send(session, ask.head_timestamp(request.req_id, text))

    def _histogram(self, session: Session, request: ask.Histogram) -> None:
        """What each minute traded counts at its closing price."""
        seconds = made.duration_s(_short(request.period))
        if seconds is None:
            raise invalid(request.req_id, f"Invalid time period {request.period!r}.")
        instrument = self._about(request.contract, request.req_id)
        now_ns = self._outbox.now_ns
        source = Bars(self._history, self._hours, instrument.symbol, "TRADES", 60)
        from_ns = now_ns - min(seconds, made.WEEK_S) * NS_PER_S
        counts: defaultdict[float, float] = defaultdict(float)
        for one in source.between(from_ns, now_ns, use_rth=request.use_rth):
            counts[one.bar.close] += one.bar.volume
        self._outbox.send(session, ask.histogram(request.req_id, sorted(counts.items())))

    # ---- inside ----------------------------------------------------------------------------------

    def _about(self, query: ContractQuery, req_id: int) -> Instrument:
        instrument = only(self._contracts, query, req_id)
        self._history.asked(self._outbox.now_ns)
        return instrument

    def _within_pace(
        self,
        session: Session,
        request: ask.HistoricalData | ask.HistoricalTicks,
        contract: ContractQuery,
        what: str,
    ) -> None:
        identical = replace(request, req_id=0)
        pace = self._paces[session.conn]
        if self._is_paced and not pace.allows(self._outbox.now_ns, identical, (contract, what)):
            text = f"{FAILED}Historical data request pacing violation"
            raise BadRequest(request.req_id, NO_DATA, text)


def checked(request: ask.HistoricalData) -> tuple[int, int]:
    """The seconds of a bar, and of the whole; raises BadRequest for what TWS does not have."""
    req_id, size_s = request.req_id, made.size_of(request.bar_size)
    seconds = made.duration_s(request.duration)
    if size_s is None:
        legal = ", ".join(made.SIZES)
        raise invalid(
            req_id, f"Historical data bar size setting is invalid. Legal ones are: {legal}."
        )
    if seconds is None:
        text = "Historical data query duration string is invalid: integer{SPACE}unit (S|D|W|M|Y)."
        raise invalid(req_id, text)
    if made.is_in_seconds(request.duration) and seconds > made.SECONDS_MAX:
        text = "Historical data requests for durations longer than 86,400 S must be made in days."
        raise invalid(req_id, text)
    if request.what not in (*OF_TRADES, *OF_QUOTES, *NEVER_THERE, "SCHEDULE"):
        raise invalid(req_id, f"Incorrect WhatToShow {request.what}.")
    if request.keep and request.end_ns is not None:
        raise invalid(req_id, "End date/time must be empty for bars that are kept up to date.")
    if request.what in NEVER_THERE:
        raise BadRequest(req_id, NO_DATA, f"{FAILED}No historical market data for {request.what}")
    if made.too_many(seconds, size_s):
        raise BadRequest(req_id, NO_DATA, TOO_LONG)
    return size_s, seconds


def bars_of(history: History, hours: Hours, symbol: str, what: str, size_s: int) -> Bars:
    """The bars that are asked for: those of trades have several names."""
    return Bars(history, hours, symbol, "TRADES" if what in OF_TRADES else what, size_s)


def span_of(request: ask.HistoricalData, now_ns: int, seconds: int, size_s: int) -> tuple[int, int]:
    """From when to when bars are asked for: bars of days count the day of the end as one, and what
    is of this moment counts."""
    end_ns = now_ns + 1
    if request.end_ns is not None:
        end_ns = min(end_ns, request.end_ns)
    if size_s >= DAY_S:
        return made.begin_of(end_ns - 1, DAY_S) - max(0, seconds - DAY_S) * NS_PER_S, end_ns
    return end_ns - seconds * NS_PER_S, end_ns


def ticks_up_to(
    now_ns: int, ticks: Ticks, start_ns: int | None, end_ns: int, count: int
) -> list[ask.Tick]:
    """The first ticks since the start, or without one the last before the end."""
    if start_ns is not None:
        return ticks.since(start_ns, now_ns + 1, count)
    return ticks.until(min(end_ns, now_ns + 1), count)


def dated_ns(one: made.Made, size_s: int) -> int:
    """The time of a bar: its beginning, or of days and more midnight of its last day."""
    if size_s < DAY_S:
        return one.begin_ns
    return made.begin_of(one.end_ns - 1, DAY_S)


def made_dates(size_s: int, date_format: int) -> DateOf:
    """How the date of each bar is written: bars of days and longer have the last day of them."""

    def date(one: made.Made) -> str:
        at_ns = dated_ns(one, size_s)
        if size_s >= DAY_S:
            return f"{_utc(at_ns):%Y%m%d}"
        return str(at_ns // NS_PER_S) if date_format == 2 else clock_text(at_ns)

    return date


def _no_data(req_id: int, instrument: Instrument, what: str) -> BadRequest:
    about = f"{instrument.symbol}@{instrument.exchange} {what.capitalize()}"
    return BadRequest(req_id, NO_DATA, f"{FAILED}HMDS query returned no data: {about}")


def _utc(at_ns: int) -> datetime:
    return datetime.fromtimestamp(at_ns // NS_PER_S, UTC)


def _dashed(at_ns: int) -> str:
    return f"{_utc(at_ns):%Y%m%d-%H:%M:%S}"


def _short(period: str) -> str:
    """A histogram's period, `3 days`, as a duration, `3 D`."""
    number, _, unit = period.strip().partition(" ")
    return f"{number} {unit[:1].upper()}"
