"""A flatten without the gateway: it is stopped and wakes, or it is dead."""

import os
import signal
import time
from decimal import Decimal

from tapewire.common.bus import wire
from tapewire.common.bus.endpoints import endpoint
from tapewire.common.bus.transport import ZmqTransport
from tapewire.common.events import (
    Fill,
    FlattenDelayed,
    OrderAccepted,
    OrderCancelled,
    OrderDenied,
    OrderTerms,
    Side,
    Signal,
)
from tapewire.common.runtime.tokens import TokenFile, path_of
from tapewire.console.group.supervisord import Supervisord
from tests.pipeline.running import Running, tapewire
from tests.waiting import wait_for

HELD = 40


def test_a_queued_sell_does_not_pass_after_a_halt_and_a_completed_flatten(running: Running):
    running.until_ready()
    pid = running.pids()["gateway"]
    try:
        held = _signal(running, "test-held", "BUY", HELD)
        running.until(lambda: _filled(running, held), "the position to be open")
        os.kill(pid, signal.SIGSTOP)
        late = _signal(running, "test-late", "SELL", 5)
        flat = tapewire("flatten")
        assert flat.stdout.startswith("flat: every position was closed"), flat.stdout + flat.stderr
    finally:
        os.kill(pid, signal.SIGCONT)
    running.until(lambda: _denials(running, late), "the gateway to have decided")
    assert not any(p.quantity for p in running.traded().book.positions.values())
    assert running.faults_at_the_end() == []


def test_of_a_dead_gateway_only_the_orders_of_the_flattened_symbol_are_cancelled(running: Running):
    """TWS lets nobody but client 1 cancel them singly: the liquidation gateway becomes client 1."""
    running.until_ready()
    supervisord = Supervisord(running.run_dir)
    here = _signal(running, "test-here", "BUY", 1, limit=1)
    there = _signal(running, "test-there", "BUY", 1, limit=1, symbol="MSFT")
    running.until(lambda: {here, there} <= _seen(running, OrderAccepted), "both orders to work")
    supervisord.stop(["gateway"])
    try:
        flat = tapewire("flatten", "--symbol", "AAPL")
        assert flat.stdout.startswith("flat: every position in symbol AAPL"), flat.stdout
    finally:
        supervisord.start("gateway")
    running.until(lambda: here in _seen(running, OrderCancelled), "the gateway to know")
    assert there not in _seen(running, OrderCancelled)
    delays = [e.reason for e in running.journal("risk") if isinstance(e, FlattenDelayed)]
    assert not any("Every order of the login" in reason for reason in delays)


def _seen(running: Running, kind: type[OrderAccepted] | type[OrderCancelled]) -> set[str]:
    return {e.intent_id for e in running.journal("gateway") if isinstance(e, kind)}


def _signal(
    running: Running,
    name: str,
    side: Side,
    quantity: int,
    limit: int | None = None,
    symbol: str = "AAPL",
) -> str:
    """A signal that is good for an hour, as a strategy would send it; gives its order's id."""
    now_ns = time.time_ns()
    price = None if limit is None else Decimal(limit)
    terms = OrderTerms(side, Decimal(quantity), "MKT" if price is None else "LMT", price)
    expires_ns = now_ns + 3600 * 1_000_000_000
    body = wire.encode(Signal(name, now_ns, "", "test", symbol, terms, expires_ns))
    transport = ZmqTransport()
    try:
        address = endpoint("signals", running.group.config.bus, running.run_dir)
        transport.connect("signals", "push", address)
        transport.present("signals", TokenFile(path_of(running.run_dir, "executor", "strategy")))
        wait_for(lambda: transport.send("signals", [body]), "the executor to take it")
    finally:
        transport.close(linger_ms=2000)
    return f"{name}/1"


def _filled(running: Running, name: str) -> bool:
    fills = [e for e in running.journal("gateway") if isinstance(e, Fill) and e.intent_id == name]
    return sum(fill.quantity for fill in fills) == HELD


def _denials(running: Running, name: str) -> list[str]:
    found = [e for e in running.journal("gateway") if isinstance(e, OrderDenied)]
    return [e.reason for e in found if e.intent_id == name]
