"""Catching up: a world as it would be at a moment if rows had gone through it, and idle turns.

The rows are those of a stretch in which nobody acted. So they have left only what ticks leave: the
exchange's quotes, the adapter's, the newest ticks of the gateway, counters, and risk's marks. And
the clock has left leases, heartbeats and probes, which begin again at the last idle turn.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec.structs import replace

from tapewire.common import roles
from tapewire.common.clock import Now
from tapewire.common.events import Tick
from tapewire.common.runtime.service import Service
from tapewire.common.ticks.rows import Row
from tapewire.common.ticks.table import VALUES
from tapewire.executor.service import ExecutorService
from tapewire.gateway.service import GatewayService
from tapewire.risk.service import RiskService
from tapewire.strategy.service import StrategyService
from tapewire.virtual.direct.adapter import DirectBroker
from tapewire.virtual.direct.exchange import DirectExchange
from tapewire.virtual.direct.ticks import Shown
from tapewire.virtual.lane import probes
from tapewire.virtual.lane.flow import Flow, Places
from tapewire.virtual.network import HOP_NS
from tapewire.virtual.world import World


class Passed:
    """What the rows from `start` on and before `stop` come to, for each symbol that has any."""

    def __init__(self, flow: Flow, start: int, stop: int) -> None:
        self.flow, self.start, self.stop = flow, start, stop
        codes = flow.table.symbols.codes[start:stop]
        number = len(flow.symbols)
        self.symbols = np.flatnonzero(np.bincount(codes, minlength=number)).tolist()
        self.news = np.bincount(codes[flow.is_news[start:stop]], minlength=number)
        first, last = int(flow.first_tick[start]), int(flow.first_tick[stop])
        self._ticks = slice(first, last)
        symbols, heads = flow.ticks.symbol[self._ticks], flow.ticks.head[self._ticks]
        self.ticks = np.bincount(symbols, minlength=len(flow.symbols))
        self.messages = np.bincount(symbols[heads], minlength=len(flow.symbols))
        self.recent = np.unique(flow.table.symbols.codes[flow.recent(start) : stop]).tolist()

    def newest(self, symbol: int) -> list[Tick]:
        """The newest quote and trade of a symbol, of those that passed; the older one first."""
        return self.marks(symbol, self._ticks.start)

    def marks(self, symbol: int, first: int = 0) -> list[Tick]:
        """The newest quote and trade of a symbol at the end, the older one first; those from a
        place on."""
        places = self.flow.newest_ticks(symbol, self._ticks.stop)
        return self.flow.made(np.array([p for p in places if p >= first], np.int64))

    def market(self, symbol: int) -> Row:
        """What the rows have given of a symbol, in one row: the newest of each value."""
        flow, name = self.flow, self.flow.symbols[symbol]
        last = flow.rows_of(symbol, self.stop)
        assert last is not None
        found = (self._newest(symbol, one, last) for one in VALUES)
        return Row(int(flow.table.ts_ns[last]), name, *found)

    def news_ns(self, symbols: Sequence[int]) -> Places:
        """When rows of these symbols came that were news, in order."""
        rows = slice(self.start, self.stop)
        is_read = np.isin(self.flow.table.symbols.codes[rows], symbols)
        return np.asarray(self.flow.table.ts_ns[rows][self.flow.is_news[rows] & is_read])

    def sides(self, symbol: int) -> tuple[Shown, Shown]:
        """A symbol's bid and ask after its last row."""
        last = self.flow.rows_of(symbol, self.stop)
        assert last is not None
        return self.flow.side("bid", last), self.flow.side("ask", last)

    def _newest(self, symbol: int, name: str, last: int) -> str | None:
        given = "last" if name == "last_size" else name
        rows = self.flow.rows_between(symbol, self.start, self.stop)
        if not (self.flow.table.values[given].codes[rows] >= 0).any():
            return None
        code = int(self.flow.latest[name][last])
        return self.flow.table.values[name].texts[code] if code >= 0 else None


def catch_up(world: World, passed: Passed, now_ns: int, valued_ns: Places) -> None:
    """Set the world's clock to `now_ns`, and all to what it would be with those rows, and with
    reports of accounts at `valued_ns`, in order."""
    began_ns = world.clock.mono_ns()
    world.clock.advance_to(now_ns)
    beat_ns = world.last_idle_ns(now_ns)
    for broker in world.brokers.values():
        assert isinstance(broker.server, DirectExchange)
        _exchange(broker.server, passed, now_ns)
    for node in world.nodes.values():
        if node.service is not None:
            if beat_ns > began_ns:
                _beat(node.service, beat_ns, world)
            _ticked(node.service, passed, now_ns)
            if isinstance(node.service, GatewayService):
                _heard(node.service, passed, valued_ns, world)
    world.resume()


def _exchange(exchange: DirectExchange, passed: Passed, now_ns: int) -> None:
    if passed.stop > passed.start:
        rows = [passed.market(symbol) for symbol in passed.symbols]
        sent = {passed.flow.symbols[one]: int(passed.news[one]) for one in passed.symbols}
        last_ns = int(passed.flow.table.ts_ns[passed.stop - 1])
        exchange.caught_up(rows, passed.stop - passed.start, sent, last_ns, now_ns)
    else:
        exchange.caught_up([], 0, {}, None, now_ns)


def _ticked(service: Service, passed: Passed, now_ns: int) -> None:
    """The ticks of the stretch, as far as a process has received them."""
    if isinstance(service, GatewayService):
        service.gateway.seen_mono_ns = now_ns
        if roles.kind_of(service.role) == roles.GATEWAY:
            _gateway(service, passed)
    elif isinstance(service, RiskService):
        for symbol in passed.recent:
            if newest := passed.marks(symbol):
                moment_ns = newest[-1].ts_ns + HOP_NS
                service.monitor.view.mark(newest, Now(moment_ns, moment_ns))
    elif isinstance(service, StrategyService):
        for symbol, name in _named(passed):
            if name in service.readers and passed.messages[symbol]:
                service.readers[name].last_seq += int(passed.messages[symbol])
                service.metrics.count("ticks_received", int(passed.ticks[symbol]), name)


def _heard(service: GatewayService, passed: Passed, valued_ns: Places, world: World) -> None:
    """Rows and reports came over the line, and where none did for long, the answers to probes."""
    adapter = service.gateway.broker
    assert isinstance(adapter, DirectBroker)
    read = [one for one in passed.symbols if adapter.reads(passed.flow.symbols[one])]
    heard_ns = passed.news_ns(read) + HOP_NS
    if adapter.watches_accounts and len(valued_ns):
        heard_ns = np.sort(np.concatenate((heard_ns, valued_ns)))
    probes.caught_up(adapter, heard_ns, world.clock.mono_ns(), world)


def _gateway(service: GatewayService, passed: Passed) -> None:
    adapter = service.gateway.broker
    assert isinstance(adapter, DirectBroker)
    for symbol, name in _named(passed):
        if not adapter.reads(name):
            continue
        adapter.caught_up(name, int(passed.news[symbol]), *passed.sides(symbol))
        if newest := passed.newest(symbol):
            service.market.ticks.caught_up(name, int(passed.messages[symbol]), newest)
            service.metrics.count("ticks_published", int(passed.ticks[symbol]), name)
    if told_ns := _told_ns(passed, adapter):
        service.market.marks.caught_up(told_ns)


def _told_ns(passed: Passed, adapter: DirectBroker) -> dict[str, int]:
    """When each symbol ticked last that may not have been told as a mark."""
    names = ((one, passed.flow.symbols[one]) for one in passed.recent)
    newest = ((name, passed.marks(one)) for one, name in names if adapter.reads(name))
    return {name: ticks[-1].ts_ns for name, ticks in newest if ticks}


def _named(passed: Passed) -> Iterator[tuple[int, str]]:
    return ((symbol, passed.flow.symbols[symbol]) for symbol in passed.symbols)


def _beat(service: Service, beat_ns: int, world: World) -> None:
    """Every process had its idle turn at `beat_ns`, and sent and received heartbeats."""
    wall_ns = beat_ns + world.clock.now_ns() - world.clock.mono_ns()
    for source, beat in service.beats.items():
        sender = world.nodes[source]
        assert sender.service is not None
        head, risk_seq = sender.records.head, sender.service.risk_seq()
        service.beats[source] = newest = replace(
            beat, ts_ns=wall_ns, mono_ns=beat_ns, seq=head.seq, chain=head.chain, risk_seq=risk_seq
        )
        service.followers[source].on_heartbeat(newest, sender.epoch)
    service.rhythm.done(beat_ns)
    if isinstance(service, GatewayService) and service.gateway.gate.beat is not None:
        service.gateway.gate.beat = service.beats[roles.RISK]
    elif isinstance(service, ExecutorService):
        for door in service.doors:
            door.welcome.caught_up(beat_ns)
    elif isinstance(service, RiskService):
        service.timer.done(world.clock.mono_ns())
