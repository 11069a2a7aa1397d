"""The exchange's side of queries: bars and ticks of its market's past, and its options.

They are answered as TWS's are, with TWS's errors: by the same rules, from the same history.
"""

from typing import Final

import msgspec

from tapewire.common.events.queries import (
    ChainQuery,
    HistoryBar,
    HistoryQuery,
    HistoryTick,
    OptionChain,
    TicksQuery,
)
from tapewire.common.instruments import Instrument
from tapewire.gateway.query_port import Found, Refused
from tapewire.gateway.tws.queries import why_of
from tapewire.simulator.answers.history import (
    NO_DATA,
    OF_TRADES,
    bars_of,
    checked,
    dated_ns,
    span_of,
    ticks_up_to,
)
from tapewire.simulator.exchange.contracts import ContractQuery, Contracts
from tapewire.simulator.exchange.hours import Hours
from tapewire.simulator.market.bars import NS_PER_S, Made
from tapewire.simulator.market.history import History
from tapewire.simulator.market.ticks import Ticks
from tapewire.simulator.protocol.history_messages import HistoricalData
from tapewire.simulator.protocol.requests import BadRequest

UNKNOWN: Final = 200
NO_HISTORY: Final = "the exchange without TWS has no history to ask for"
VERSION: Final = 178
"""Sizes are written as TWS does at this version, with their fractions."""


class AskPast(msgspec.Struct, frozen=True):
    """Answer a query of that number."""

    number: int
    query: HistoryQuery | TicksQuery | ChainQuery


class PastAnswers:
    """Answers about one exchange. Without a history there are options to be asked about alone."""

    def __init__(self, contracts: Contracts, hours: Hours, history: History | None) -> None:
        self._contracts = contracts
        self._hours = hours
        self._history = history

    def answer(self, request: AskPast, now_ns: int) -> Found | Refused:
        """The whole answer to a query."""
        number, query = request.number, request.query
        instrument = self._contracts.by_symbol.get(query.symbol)
        if instrument is None:
            reason = f"{query.symbol} is not configured, and a back-test has no other contracts"
            return Refused(number, UNKNOWN, reason)
        if isinstance(query, ChainQuery):
            return Found(number, self._chains(query.symbol), last=True)
        if self._history is None:
            return Refused(number, 0, NO_HISTORY)
        self._history.asked(now_ns)
        try:
            rows: tuple[HistoryBar | HistoryTick, ...] = (
                self._bars(self._history, query, instrument, now_ns)
                if isinstance(query, HistoryQuery)
                else self._ticks(self._history, query, instrument, now_ns)
            )
        except BadRequest as bad:
            return Refused(number, bad.code, bad.text, why_of(bad.code, bad.text))
        if not rows and isinstance(query, HistoryQuery):
            reason = f"HMDS query returned no data: {query.symbol}"
            return Refused(number, NO_DATA, reason, why_of(NO_DATA, reason))
        return Found(number, rows, last=True)

    def _bars(
        self, history: History, query: HistoryQuery, instrument: Instrument, now_ns: int
    ) -> tuple[HistoryBar, ...]:
        contract = ContractQuery(0, query.symbol, instrument.sec_type, "", "", "")
        asked = HistoricalData(
            req_id=0, contract=contract, end_ns=query.end_ns or None, bar_size=query.bars,
            duration=query.back, use_rth=query.regular_hours, what=query.show, date_format=2,
            keep=False,
        )  # fmt: skip
        size_s, seconds = checked(asked)
        source = bars_of(history, self._hours, query.symbol, query.show, size_s)
        begin_ns, end_ns = span_of(asked, now_ns, seconds, size_s)
        found = source.between(begin_ns, end_ns, use_rth=query.regular_hours)
        has_trades = query.show in OF_TRADES
        return tuple(_bar(one, dated_ns(one, size_s), has_trades=has_trades) for one in found)

    def _ticks(
        self, history: History, query: TicksQuery, instrument: Instrument, now_ns: int
    ) -> tuple[HistoryTick, ...]:
        source = Ticks(history, query.symbol, query.show, instrument.exchange, VERSION)
        start_ns = query.start_ns or None
        found = ticks_up_to(now_ns, source, start_ns, query.end_ns, query.count)
        return tuple(_tick(second, fields, query.show) for second, fields in found)

    def _chains(self, symbol: str) -> tuple[OptionChain, ...]:
        return tuple(
            OptionChain(
                one.exchange, one.trading_class, format(one.multiplier.normalize(), "f"),
                one.expiries, tuple(map(float, one.strikes)),
            )
            for one in self._contracts.chains(symbol)
        )  # fmt: skip


def _bar(made: Made, ts_ns: int, *, has_trades: bool) -> HistoryBar:
    one = made.bar
    traded = (one.volume, one.average, one.count) if has_trades else (None, None, None)
    return HistoryBar(ts_ns, one.open, one.high, one.low, one.close, *traded)


def _tick(second: int, fields: list[str], show: str) -> HistoryTick:
    """A tick from TWS's fields for it; the first of them says nothing."""
    ts_ns = second * NS_PER_S
    if show == "BID_ASK":
        bid, ask, bid_size, ask_size = map(float, fields[1:5])
        return HistoryTick(ts_ns, None, None, bid, ask, bid_size, ask_size)
    size = float(fields[2]) if show == "TRADES" else None
    return HistoryTick(ts_ns, float(fields[1]), size)
