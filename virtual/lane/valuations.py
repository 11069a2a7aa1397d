"""Valuations: what the broker reports of accounts while a stretch is run as columns.

While something is held, the broker sends the values of an account every three minutes. Nobody acts
on that but a strategy that looks at its account, and each report replaces the one before. So the
lane does not stop for them. A strategy that asks is shown what would have reached it by then, and
where the stretch ends all processes have the last values that came.

A report takes its way as any other: the gateway waits a moment for the rest of the values, writes
them down in its first turn after that, and sends them on. When that turn is, rows and idle turns
say. Where those are too near to each other to tell, the lane stops for every report.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Final, NamedTuple

import numpy as np
from msgspec.structs import replace

from tapewire.common import roles
from tapewire.common.events import AccountUpdated
from tapewire.common.ticks.rows import Row
from tapewire.common.ticks.table import VALUES
from tapewire.gateway.account_values import TOGETHER_NS
from tapewire.gateway.broker import AccountReport
from tapewire.gateway.service import GatewayService
from tapewire.risk.service import RiskService
from tapewire.simulator.exchange.values import EVERY_NS
from tapewire.strategy.service import StrategyService
from tapewire.virtual.direct.exchange import DirectExchange
from tapewire.virtual.lane.flow import Flow, Places
from tapewire.virtual.lane.probes import LAST_NS, turn_ns
from tapewire.virtual.network import HOP_NS
from tapewire.virtual.world import COMMIT_NS, World

NEAR_NS: Final = 1_000_000
"""A moment that is nearer to a report on its way is too near to tell what comes first."""


class Way(NamedTuple):
    """A report: when the exchange sends it, the gateway writes it down, and strategies have it."""

    sent_ns: int
    written_ns: int
    known_ns: int


class Valuations:
    """The reports of the stretch that begins at row `start` of a flow."""

    def __init__(self, world: World, flow: Flow, exchange: DirectExchange) -> None:
        self._world, self._flow, self._exchange = world, flow, exchange
        self._times = flow.table.ts_ns
        self._news_ns = self._times[flow.is_news]
        self._numbers = {symbol: number for number, symbol in enumerate(flow.symbols)}
        gateway = world.service(roles.GATEWAY)
        assert isinstance(gateway, GatewayService)
        self._facts = gateway.gateway.facts
        self._start = 0
        self._is_active = False
        self._shown: dict[str, Way | None] = {}  # by strategy
        self._is_certain: bool | None = None

    def bound_ns(self, row_ns: int, forever_ns: int) -> int:
        """When the lane has to stop for the next report, if a row comes at `row_ns`."""
        if not self._exchange.holds:
            return forever_ns
        next_ns = self._exchange.reports_after(row_ns)
        if self._is_certain is None:
            self._is_certain = self._can_tell(next_ns)
        return forever_ns if self._is_certain else next_ns

    def _can_tell(self, sent_ns: int) -> bool:
        """Whether no row comes with a report, and no idle turn when the gateway writes one down."""
        since_ns = (self._times - sent_ns) % EVERY_NS
        late_ns = sent_ns + HOP_NS + TOGETHER_NS
        since_idle_ns = late_ns - self._world.last_idle_ns(late_ns)
        is_near = since_idle_ns < NEAR_NS or since_idle_ns > self._world.idle_ns - NEAR_NS
        return not (is_near or bool((since_ns == 0).any()))

    # ---- while strategies are given ticks --------------------------------------------------------

    def begin(self, start: int) -> None:
        """A stretch begins: whoever looks at an account is shown what is known by then."""
        self._start = start
        self._is_active = self._exchange.holds and bool(self._is_certain)
        self._shown = {}
        for service in self._strategies():
            watch = service.runner.context.account_watch
            watch.look = self._shower(service) if self._is_active else _nothing

    def end(self, now_ns: int) -> None:
        """It is over: the values that came by then are known to all."""
        for service in self._strategies():
            service.runner.context.account_watch.look = _nothing
        if not self._is_active or (way := self._last(now_ns)) is None:
            return
        self._exchange.valued_by_now(self._reports(way.sent_ns))
        for event in self._values(way):
            self._facts.apply(event)
            for node in self._world.nodes.values():
                if isinstance(node.service, RiskService):
                    node.service.monitor.values[event.account] = event
            for service in self._strategies():
                service.runner.context.account_watch.apply(event)

    def before(self, moment_ns: int) -> int:
        """The last moment, up to this one, at which no report is on its way."""
        if not self._is_active:
            return moment_ns
        for way in self._backwards(moment_ns + NEAR_NS):
            if way.sent_ns - NEAR_NS <= moment_ns:
                return (
                    way.sent_ns - NEAR_NS - 1 if moment_ns < way.known_ns + NEAR_NS else moment_ns
                )
        return moment_ns

    def _shower(self, service: StrategyService) -> Callable[[], None]:
        context = service.runner.context

        def show() -> None:
            way = self._last(context.clock.time.mono_ns)
            if way is not None and way != self._shown.get(service.role):
                self._shown[service.role] = way
                for event in self._values(way):
                    context.account_watch.apply(event)

        return show

    def _strategies(self) -> Iterator[StrategyService]:
        for node in self._world.nodes.values():
            if isinstance(node.service, StrategyService):
                yield node.service

    # ---- reports ---------------------------------------------------------------------------------

    def heard_ns(self, now_ns: int) -> Places:
        """When reports of the stretch came over the line, in order: the first one, and those that
        say how long the last silences were. One with nothing new in it is not sent."""
        if not self._is_active:
            return np.zeros(0, np.int64)
        last_ns = now_ns - LAST_NS
        row = int(np.searchsorted(self._news_ns, last_ns)) - 1
        row_ns = int(self._news_ns[row]) if row >= 0 else 0
        sent, first_ns = list[int](), self._first_ns()
        for way in (one for one in self._backwards(now_ns) if one.sent_ns < now_ns):
            is_news = self._is_news(way.sent_ns)
            sent += [way.sent_ns] if is_news else []
            if way.sent_ns < last_ns and (is_news or way.sent_ns < row_ns):
                break
        if sent and first_ns < sent[-1] and self._is_news(first_ns):
            sent.append(first_ns)
        return np.array(sent[::-1], np.int64) + HOP_NS

    def _first_ns(self) -> int:
        pending_ns = self._exchange.report_due_ns
        if pending_ns is not None or self._start >= len(self._times):
            return pending_ns or 0
        return self._exchange.reports_after(int(self._times[self._start]), moved=True)

    def _is_news(self, sent_ns: int) -> bool:
        """Whether any account is worth something else than by the report before."""
        before = next((one for one in self._backwards(sent_ns) if one.sent_ns < sent_ns), None)
        values = self._valued(sent_ns)
        if before is not None:
            return values != self._valued(before.sent_ns)
        known = self._facts.accounts.known
        return any(_plain(known.get(name)) != value for name, value in values.items())

    def _last(self, at_ns: int) -> Way | None:
        """The last report of the stretch that strategies have at a moment."""
        return next((way for way in self._backwards(at_ns) if way.known_ns <= at_ns), None)

    def _backwards(self, at_ns: int) -> Iterator[Way]:
        """The reports that rows of the stretch before a moment lead to, the last one first."""
        pending_ns, sent_ns = self._exchange.report_due_ns, None
        row = int(np.searchsorted(self._times, at_ns)) - 1
        while row >= self._start:
            sent_ns = self._exchange.reports_after(int(self._times[row]), moved=True)
            yield self._way(sent_ns)
            row = int(np.searchsorted(self._times, sent_ns - EVERY_NS)) - 1
        if pending_ns is not None and pending_ns != sent_ns:
            yield self._way(pending_ns)

    def _way(self, sent_ns: int) -> Way:
        late_ns = sent_ns + HOP_NS + TOGETHER_NS
        written_ns = turn_ns(late_ns, self._world)
        news = int(np.searchsorted(self._news_ns, late_ns - HOP_NS))
        if news < len(self._news_ns):
            written_ns = min(written_ns, int(self._news_ns[news]) + HOP_NS)
        return Way(sent_ns, written_ns, written_ns + COMMIT_NS + HOP_NS)

    def _values(self, way: Way) -> list[AccountUpdated]:
        """What each account is worth by a report, as of the first one that said so."""
        newest, known = self._valued(way.sent_ns), self._facts.accounts.known
        since_ns, same = dict.fromkeys(newest, way.written_ns), set(newest)
        for earlier in self._backwards(way.sent_ns):
            if not same:
                break
            if earlier.sent_ns < way.sent_ns:
                before = self._valued(earlier.sent_ns)
                same = {name for name in same if before[name] == newest[name]}
                since_ns |= dict.fromkeys(same, earlier.written_ns)
        is_old = {name for name in same if _plain(known.get(name)) == newest[name]}
        return [
            known[name] if name in is_old else replace(one, ts_ns=since_ns[name])
            for name, one in newest.items()
        ]

    def _reports(self, sent_ns: int) -> list[AccountReport]:
        row = int(np.searchsorted(self._times, sent_ns))
        return list(self._exchange.valued(lambda symbol: self._mark(symbol, row)))

    def _valued(self, sent_ns: int) -> dict[str, AccountUpdated]:
        found: dict[str, AccountUpdated] = {}
        for report in self._reports(sent_ns):
            before = found.get(report.account) or AccountUpdated(0, report.account)
            value = {"currency": report.currency, report.value: report.amount}
            found[report.account] = replace(before, **value)
        return found

    def _mark(self, symbol: str, before: int) -> Decimal | None:
        """A symbol's mark at the exchange before a row."""
        number = self._numbers.get(symbol)
        last = self._flow.rows_of(number, before) if number is not None else None
        return self._exchange.mark_of(symbol, None if last is None else self._row(last, symbol))

    def _row(self, row: int, symbol: str) -> Row:
        """All that is shown of a symbol after a row of it."""
        codes = {name: int(self._flow.latest[name][row]) for name in VALUES}
        texts = (
            self._flow.table.values[name].texts[code] if code >= 0 else None
            for name, code in codes.items()
        )
        return Row(int(self._times[row]), symbol, *texts)


def _plain(event: AccountUpdated | None) -> AccountUpdated | None:
    return event and replace(event, ts_ns=0)


def _nothing() -> None:
    """There is nothing to look up."""
