"""A gateway that is stopped, and wakes to orders that were right when it was."""

import os
import signal
import time
from decimal import Decimal

from tapewire.common.bus import wire
from tapewire.common.bus.endpoints import endpoint
from tapewire.common.bus.transport import ZmqTransport
from tapewire.common.events import Fill, OrderDenied, OrderRequest, OrderTerms, Side, SubmitOrder
from tests.pipeline.running import Running, tapewire
from tests.waiting import wait_for


def test_a_queued_sell_does_not_pass_after_a_halt_and_a_completed_flatten(running: Running):
    running.until_ready()
    transport = ZmqTransport()
    bus = running.group.config.bus
    transport.connect("orders", "dealer", endpoint("orders", bus, running.run_dir))
    pid = running.pids()["gateway"]
    try:
        _send(running, transport, "held/1", "BUY", 60)
        running.until(lambda: _filled(running, "held/1"), "the position to be open")
        os.kill(pid, signal.SIGSTOP)
        _send(running, transport, "late/1", "SELL", 5)
        flat = tapewire("flatten")
        assert flat.stdout.startswith("flat: every position was closed"), flat.stdout + flat.stderr
    finally:
        os.kill(pid, signal.SIGCONT)
        transport.close()
    running.until(lambda: _denials(running, "late/1"), "the gateway to have decided")
    assert not any(p.quantity for p in running.traded().book.positions.values())
    assert running.faults_at_the_end() == []


def _send(running: Running, transport: ZmqTransport, name: str, side: Side, quantity: int) -> None:
    """An order that is good for an hour, as an executor would send it."""
    now_ns = time.time_ns()
    order = SubmitOrder(
        name, now_ns, _account(running), "test", "AAPL", OrderTerms(side, Decimal(quantity)),
        now_ns + 3600 * 1_000_000_000,
    )  # fmt: skip
    body = wire.encode(OrderRequest(1, [order]))
    wait_for(lambda: transport.send("orders", [body]), "the gateway's socket")


def _account(running: Running) -> str:
    return running.group.config.simulator.accounts[0]


def _filled(running: Running, name: str) -> bool:
    fills = [e for e in running.journal("gateway") if isinstance(e, Fill) and e.intent_id == name]
    return sum(fill.quantity for fill in fills) == 60


def _denials(running: Running, name: str) -> list[str]:
    found = [e for e in running.journal("gateway") if isinstance(e, OrderDenied)]
    return [e.reason for e in found if e.intent_id == name]
