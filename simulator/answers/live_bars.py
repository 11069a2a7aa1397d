"""Bars as they are made: every five seconds a bar of them, and bars that are kept up to date."""

from collections.abc import Callable
from typing import Final

import msgspec

from tapewire.simulator.answers.family import Family, Handlers, forget_keys
from tapewire.simulator.answers.named import only
from tapewire.simulator.exchange.contracts import Contracts
from tapewire.simulator.exchange.hours import Hours
from tapewire.simulator.market.bars import NS_PER_S, Bars, Made, begin_of
from tapewire.simulator.market.history import History
from tapewire.simulator.market.summary import Bar
from tapewire.simulator.protocol import history_messages as ask
from tapewire.simulator.protocol.outbox import Outbox
from tapewire.simulator.protocol.requests import duplicate, invalid, not_found
from tapewire.simulator.protocol.session import Session

EVERY_S: Final = 5
EVERY_NS: Final = EVERY_S * NS_PER_S
BEHIND_MAX: Final = 720
"""So many bars are sent at most for time that passed in one step: an hour of them."""
KINDS: Final = ("TRADES", "MIDPOINT", "BID", "ASK")
DateOf = Callable[[Made], str]


class _Kept(msgspec.Struct):
    """Bars that are kept up to date; `sent_ns` is when the newest that was sent begins."""

    session: Session
    request: ask.HistoricalData
    source: Bars
    date: DateOf
    size_s: int
    sent_ns: int


class _Every5s(msgspec.Struct):
    """A subscription to real-time bars; `flat` is a bar in which nothing changes."""

    session: Session
    request: ask.RealTimeBars
    source: Bars
    flat: Bar | None = None


class LiveBars(Family):
    """Real-time bars, and bars of history that are kept up to date, both every five seconds."""

    def __init__(
        self, contracts: Contracts, history: History, hours: Hours, outbox: Outbox
    ) -> None:
        self._contracts = contracts
        self._history = history
        self._hours = hours
        self._outbox = outbox
        self._kept: dict[tuple[int, int], _Kept] = {}  # by connection and request id
        self._every: dict[tuple[int, int], _Every5s] = {}
        self._next_ns = 0

    def handlers(self) -> Handlers:
        """Who answers which request."""
        return {ask.RealTimeBars: self._subscribe, ask.CancelRealTimeBars: self._unsubscribe}

    def forget(self, conn: int) -> None:
        """End a connection's subscriptions."""
        forget_keys(self._kept, conn)
        forget_keys(self._every, conn)

    forget_data = forget

    def keep(
        self, session: Session, request: ask.HistoricalData, source: Bars, date: DateOf, size_s: int
    ) -> None:
        """Send the newest bar of an answer again as it changes."""
        sent_ns = begin_of(self._outbox.now_ns, size_s)
        self._start()
        self._kept[session.conn, request.req_id] = _Kept(
            session, request, source, date, size_s, sent_ns
        )

    def drop(self, conn: int, req_id: int) -> bool:
        """End what `keep` began; whether there was something."""
        return self._kept.pop((conn, req_id), None) is not None

    def due_ns(self) -> int | None:
        """When the next bar of five seconds is over."""
        return self._next_ns if self._kept or self._every else None

    def pass_time(self, *, is_cut_off: bool) -> None:
        """Send the bars that are over."""
        if not (self._kept or self._every) or self._outbox.now_ns < self._next_ns:
            return
        over_ns = self._outbox.now_ns // EVERY_NS * EVERY_NS
        first_ns = max(self._next_ns, over_ns - BEHIND_MAX * EVERY_NS)
        if not is_cut_off:
            for end_ns in range(first_ns, over_ns + 1, EVERY_NS):
                for one in self._every.values():
                    self._send(one, end_ns - EVERY_NS)
            for kept in self._kept.values():
                self._update(kept)
        self._next_ns = over_ns + EVERY_NS

    def _subscribe(self, session: Session, request: ask.RealTimeBars) -> None:
        key = (session.conn, request.req_id)
        if key in self._every:
            raise duplicate(request.req_id)
        if request.what not in KINDS:
            raise invalid(request.req_id, f"Incorrect WhatToShow {request.what}.")
        instrument = only(self._contracts, request.contract, request.req_id)
        self._history.begin(self._outbox.now_ns)
        self._start()
        source = Bars(self._history, self._hours, instrument.symbol, request.what, EVERY_S)
        self._every[key] = _Every5s(session, request, source)

    def _unsubscribe(self, session: Session, request: ask.CancelRealTimeBars) -> None:
        if self._every.pop((session.conn, request.req_id), None) is None:
            raise not_found(request.req_id)

    def _start(self) -> None:
        if not (self._kept or self._every):
            self._next_ns = (self._outbox.now_ns // EVERY_NS + 1) * EVERY_NS

    def _send(self, one: _Every5s, begin_ns: int) -> None:
        """The bar of five seconds; flat where nothing happened."""
        use_rth = one.request.use_rth
        if use_rth and not self._hours.is_open(begin_ns):
            return
        made = one.source.between(begin_ns, begin_ns + EVERY_NS, use_rth=use_rth)
        bar = made[-1].bar if made else one.flat
        if bar is None:
            return
        one.flat = Bar(bar.close, bar.close, bar.close, bar.close)
        fields = ask.real_time_bar(
            one.session.version, one.request.req_id, begin_ns // NS_PER_S, bar,
            one.request.what == "TRADES",
        )  # fmt: skip
        self._outbox.send(one.session, fields)

    def _update(self, one: _Kept) -> None:
        """The newest bar, and first the one before it if that was not over when it was sent."""
        request, now_ns = one.request, self._outbox.now_ns
        trades = request.what not in ("MIDPOINT", "BID", "ASK", "BID_ASK")
        for made in one.source.between(one.sent_ns, now_ns, use_rth=request.use_rth):
            fields = ask.historical_data_update(
                one.session.version, request.req_id, one.date(made), made.bar, trades
            )
            self._outbox.send(one.session, fields)
            one.sent_ns = made.begin_ns
