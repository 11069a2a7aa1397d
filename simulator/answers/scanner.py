"""Answers to scans: the simulator's own symbols, ranked by what they have done today. As with TWS,
options are not scanned.

A ranking is sent when it is asked for, and again every 30 seconds.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from tapewire.common.instruments import Instrument
from tapewire.common.options import OPTION
from tapewire.simulator.answers.family import Family, Handlers, forget_keys
from tapewire.simulator.exchange.contracts import Contracts
from tapewire.simulator.market.history import History
from tapewire.simulator.market.summary import Bar
from tapewire.simulator.protocol import scanner_messages as ask
from tapewire.simulator.protocol.outbox import Outbox
from tapewire.simulator.protocol.requests import BadRequest, not_found
from tapewire.simulator.protocol.session import Session

EVERY_NS: Final = 30_000_000_000
DAY_NS: Final = 86_400_000_000_000
SCANS_MAX: Final = 10
ROWS_MAX: Final = 50
FAILED: Final = "Historical Market Data Service error message:"


class Today(NamedTuple):
    """What a symbol has done today: its bar since midnight, and its close of yesterday."""

    bar: Bar
    before: float

    def gain(self) -> float:
        """The change since yesterday, of 1."""
        return self.bar.close / self.before - 1 if self.before else 0.0

    def gap(self) -> float:
        """The change from yesterday's close to the first price of today, of 1."""
        return self.bar.open / self.before - 1 if self.before else 0.0


SCANS: Final[dict[str, tuple[str, Callable[[Today], float]]]] = {
    "TOP_PERC_GAIN": ("Top % Gainers", Today.gain),
    "TOP_PERC_LOSE": ("Top % Losers", lambda one: -one.gain()),
    "MOST_ACTIVE": ("Most Active", lambda one: one.bar.volume),
    "MOST_ACTIVE_USD": ("Most Active ($)", lambda one: one.bar.value),
    "TOP_TRADE_COUNT": ("Top Trade Count", lambda one: one.bar.count),
    "HOT_BY_VOLUME": ("Hot Contracts by Volume", lambda one: one.bar.volume),
    "HOT_BY_PRICE": ("Hot Contracts by Price", lambda one: abs(one.gain())),
    "HIGH_OPEN_GAP": ("Top Close-to-Open % Gainers", Today.gap),
    "LOW_OPEN_GAP": ("Top Close-to-Open % Losers", lambda one: -one.gap()),
}
"""By its code, each ranking's name, and what it ranks by, the highest first."""


class _Scan(msgspec.Struct):
    session: Session
    request: ask.Scan


class Scanner(Family):
    """Scans of the market. A client may have ten at a time."""

    def __init__(self, contracts: Contracts, history: History, outbox: Outbox) -> None:
        self._contracts = contracts
        self._history = history
        self._outbox = outbox
        self._scans: dict[tuple[int, int], _Scan] = {}
        self._next_ns = 0

    def handlers(self) -> Handlers:
        """Who answers which request."""
        return {
            ask.ScannerParameters: self._parameters,
            ask.Scan: self._subscribe,
            ask.CancelScan: self._unsubscribe,
        }

    def forget(self, conn: int) -> None:
        """End a connection's subscriptions."""
        forget_keys(self._scans, conn)

    forget_data = forget

    def due_ns(self) -> int | None:
        """When rankings are sent again."""
        return self._next_ns if self._scans else None

    def pass_time(self, *, is_cut_off: bool) -> None:
        """Send the rankings again."""
        if not self._scans or self._outbox.now_ns < self._next_ns:
            return
        self._next_ns = self._outbox.now_ns + EVERY_NS
        if not is_cut_off:
            for one in self._scans.values():
                self._send(one)

    def _parameters(self, session: Session, _request: ask.ScannerParameters) -> None:
        types = sorted({one.sec_type for one in self._contracts.by_symbol.values()})
        self._outbox.send(session, ask.scanner_parameters(parameters(types)))

    def _subscribe(self, session: Session, request: ask.Scan) -> None:
        if request.code not in SCANS:
            text = f"{FAILED}Scan code {request.code!r} is unknown; it must be one of "
            raise BadRequest(request.req_id, 162, text + ", ".join(SCANS))
        own = [key for key in self._scans if key[0] == session.conn]
        if len(own) >= SCANS_MAX:
            text = f"{FAILED}Only {SCANS_MAX} simultaneous API scanner subscriptions are allowed"
            raise BadRequest(request.req_id, 162, text)
        self._history.asked(self._outbox.now_ns)
        if not self._scans:
            self._next_ns = self._outbox.now_ns + EVERY_NS
        one = self._scans[session.conn, request.req_id] = _Scan(session, request)
        self._send(one)

    def _unsubscribe(self, session: Session, request: ask.CancelScan) -> None:
        if self._scans.pop((session.conn, request.req_id), None) is None:
            raise not_found(request.req_id)

    def _send(self, one: _Scan) -> None:
        found = self._ranked(one.request)
        self._outbox.send(one.session, ask.scanner_data(one.request.req_id, found))
        if not found:
            text = "Historical Market Data Service query message:no items retrieved"
            self._outbox.error(one.session, 165, text, one.request.req_id)

    def _ranked(self, request: ask.Scan) -> list[Instrument]:
        by = SCANS[request.code][1]
        scored = [
            (by(today), one)
            for one in self._contracts.by_symbol.values()
            if one.sec_type == request.instrument.partition(".")[0] != OPTION
            and (today := self._today(one.symbol)) is not None
            and _passes(request, today)
        ]
        scored.sort(key=lambda pair: -pair[0])
        rows = request.rows if 0 < request.rows <= ROWS_MAX else ROWS_MAX
        return [one for _, one in scored[:rows]]

    def _today(self, symbol: str) -> Today | None:
        now_ns = self._outbox.now_ns
        midnight_ns = now_ns // DAY_NS * DAY_NS
        today = self._history.summary(symbol, midnight_ns, now_ns + 1).get("TRADES")
        before = self._history.summary(symbol, midnight_ns - DAY_NS, midnight_ns).get("TRADES")
        if today is None:
            return None
        return Today(today, before.close if before is not None else today.open)


def _passes(request: ask.Scan, today: Today) -> bool:
    price = today.bar.close
    return (
        (request.above is None or price >= request.above)
        and (request.below is None or price <= request.below)
        and (request.volume_above is None or today.bar.volume >= request.volume_above)
    )


def parameters(types: list[str]) -> str:
    """What can be scanned for, in the elements that TWS has for it."""
    instruments = "".join(
        f"<Instrument><name>{one}</name><type>{one}</type></Instrument>" for one in types
    )
    locations = "".join(
        f"<Location><displayName>{one}</displayName><locationCode>{one}.US</locationCode></Location>"
        for one in types
    )
    scans = "".join(
        f"<ScanType><displayName>{name.replace('&', '&amp;')}</displayName>"
        f"<scanCode>{code}</scanCode></ScanType>"
        for code, (name, _) in SCANS.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><ScanParameterResponse>'
        f"<InstrumentList>{instruments}</InstrumentList>"
        f"<LocationTree>{locations}</LocationTree><ScanTypeList>{scans}</ScanTypeList>"
        "</ScanParameterResponse>"
    )
