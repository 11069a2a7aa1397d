"""Costs: what ten times the work costs, of everything that a crowd of orders could make slow.

Each case is done with some signals or orders and with ten times as many, in one process, in turns,
and its own CPU time is taken, the least of three. What is linear costs ten times as much; what
looks at all that waits for each that waits costs a hundred times as much.

In a checkout there is one case more: a simulation, with its processes that die and come back.
"""

import argparse
import gc
import importlib
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any, Final

from rich.console import Console

from tapewire.benchmarks.options import seconds
from tapewire.benchmarks.report.figures import goal, ratio
from tapewire.benchmarks.report.goal_table import goal_table
from tapewire.common import roles
from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.orders import Order
from tapewire.common.clock import Now
from tapewire.common.delivery.outgoing import Outgoing
from tapewire.common.events import (
    CancelAll,
    CancelSignal,
    ConnectionUp,
    Heartbeat,
    OrderAccepted,
    OrderIntended,
    OrderTerms,
    Scope,
    Signal,
    SubmitOrder,
)
from tapewire.common.instruments import Instrument
from tapewire.executor.executor import Executor
from tapewire.gateway.broker import DATA, OPENED
from tapewire.gateway.gateway import Gateway
from tapewire.gateway.orders.registry import Registry
from tapewire.gateway.orders.waits import Waits
from tapewire.gateway.outbox import Outbox
from tapewire.risk.flatten import Flatten
from tapewire.risk.halting import Standing
from tapewire.risk.rules import RuleBook
from tapewire.strategy.portfolio import Portfolio
from tapewire.virtual.direct.adapter import DirectBroker
from tapewire.virtual.direct.reports import Welcome

Figures = dict[str, Any]
Act = Callable[[], object]

COUNT: Final = 500
FACTOR: Final = 10
RATIO_MAX: Final = 15.0
"""Ten times the work in a larger memory: a cache that holds it no more costs something too."""
TRIES: Final = 3
STEPS: Final = 30
SECOND_NS: Final = 1_000_000_000
NOW: Final = Now(SECOND_NS, SECOND_NS)
LATE: Final = NOW + 60 * SECOND_NS
TTL_NS: Final = 5 * SECOND_NS
BENCH: Final = Instrument(symbol="BENCH", con_id=1)
PACE: Final = 45  # orders per second, as TWS takes them


def add_options(parser: argparse.ArgumentParser) -> None:
    """How much work."""
    parser.add_argument("--count", type=int, default=COUNT, help="and ten times as many (500)")
    parser.add_argument(
        "--steps", type=int, default=STEPS, help="of a simulation, and ten times; 0: none (30)"
    )
    parser.add_argument("--seconds", type=seconds, help="means nothing here: the work is counted")


def measure(options: argparse.Namespace) -> Figures:
    """Every case at both sizes."""
    found = {name: _case(make, options.count) for name, make in CASES.items()}
    if options.steps and (simulation := _simulation(options.steps)) is not None:
        found[f"a simulation of {options.steps} steps"] = simulation
    return {
        "benchmark": "costs",
        "count": options.count,
        "ms": found,
        "goals": [
            goal(
                name, ratio(many, few), "x",
                most=RATIO_MAX, figure=many, figure_unit="ms",
            )
            for name, (few, many) in found.items()
        ],
        "faults": [],
    }  # fmt: skip


def show(figures: Figures) -> None:
    """Print all of it."""
    console = Console(markup=False)
    for name, (few, many) in figures["ms"].items():
        console.print(f"{name}: {few:.2f} ms, ten times as many {many:.2f} ms")
    console.print(goal_table({figures["benchmark"]: figures}))


def _case(make: Callable[[int], Act], count: int) -> tuple[float, float]:
    """Milliseconds of CPU for `count` and for ten times as many."""
    tries = [(_ms(make(count)), _ms(make(count * FACTOR))) for _ in range(TRIES)]
    return min(few for few, _ in tries), min(many for _, many in tries)


def _ms(act: Act) -> float:
    gc.collect()
    gc.disable()  # which looks at everything that others made
    try:
        began_ns = time.process_time_ns()
        act()
        return (time.process_time_ns() - began_ns) / 1e6
    finally:
        gc.enable()


def _simulation(steps: int) -> tuple[float, float] | None:
    """A simulation of `steps` and of ten times as many; None where Tapewire is only installed."""
    try:
        simulate = importlib.import_module("tests.simulation.run").simulate
    except ImportError:
        return None
    return _ms(partial(simulate, 1, steps)), _ms(partial(simulate, 1, steps * FACTOR))


# ---- the cases -----------------------------------------------------------------------------------


def _signal(number: int) -> Signal:
    return Signal(
        id=f"s-e-{number}", ts_ns=NOW.wall_ns, account="DU1", strategy="s", symbol="BENCH",
        expires_ns=NOW.wall_ns + 3600 * SECOND_NS,
        terms=OrderTerms("SELL" if number % 2 else "BUY", Decimal(1)),
    )  # fmt: skip


def _unanswered(count: int, *, sent: bool) -> Outgoing:
    outgoing = Outgoing(Portfolio().state_of, TTL_NS)
    for number in range(count):
        outgoing.add(_signal(number), NOW)
    if sent:
        for signal in outgoing.due(NOW):
            outgoing.sent(signal, NOW)
    return outgoing


def _one_by_one(count: int) -> Act:
    """A signal in each turn, each cancelled in the next, and no answer to any."""

    def act() -> None:
        outgoing = Outgoing(Portfolio().state_of, TTL_NS)
        for number in range(count):
            signal = _signal(number)
            outgoing.add(signal, NOW)
            for due in outgoing.due(NOW):
                outgoing.sent(due, NOW)
            outgoing.add(
                CancelSignal(
                    id=f"c-{number}", ts_ns=NOW.wall_ns, account="DU1", strategy="s",
                    signal_id=signal.id, expires_ns=signal.expires_ns,
                ),
                NOW,
            )  # fmt: skip

    return act


def _executing(count: int, *, answered: bool) -> Act:
    """An order in each turn of the executor; the gateway takes all, or answers none."""

    def act() -> None:
        executor = Executor(RuleBook([]), [BENCH])
        executor.places.connected(ConnectionUp(0, 157, ("DU1",)), roles.GATEWAY)
        executor.caught_up(NOW)
        for number in range(count):
            _, orders = executor.on_signal(_signal(number), NOW)
            for order in orders if answered else ():
                assert isinstance(order, SubmitOrder)
                executor.on_broker(OrderIntended(NOW.wall_ns, str(number + 1), order), NOW)
            executor.tick(NOW)
        executor.tick(LATE)

    return act


def _working(count: int) -> tuple[Registry, Accounts[Order]]:
    """Orders that work, as a gateway and risk know them."""
    executor, registry = Executor(RuleBook([]), [BENCH]), Registry()
    accounts: Accounts[Order] = Accounts([BENCH], Order)
    executor.places.connected(ConnectionUp(0, 157, ("DU1",)), roles.GATEWAY)
    for number in range(count):
        _, (order,) = executor.on_signal(_signal(number), NOW)
        assert isinstance(order, SubmitOrder)
        intended = OrderIntended(NOW.wall_ns, str(number + 1), order)
        accepted = OrderAccepted(NOW.wall_ns, "DU1", order.intent_id, str(number + 1), "1")
        for event in (intended, accepted):
            registry.apply(event)
            accounts.apply(event)
    return registry, accounts


def _missing(count: int) -> Act:
    registry, _ = _working(count)
    return lambda: (registry.missing(()), registry.unanswered(NOW.wall_ns, "x"))


def _flattening(count: int) -> Act:
    _, accounts = _working(count)
    flatten = Flatten("f", Scope(symbol="BENCH"))
    return lambda: flatten.tick(accounts, Standing(), NOW)


def _waiting(count: int) -> Gateway:
    """A gateway with orders on disk that wait for their turn."""
    adapter = DirectBroker([BENCH], client_id=1, send=lambda _requests: True)
    gateway = Gateway(adapter, waits=Waits(lease_ms=3600_000))
    gateway.take([OPENED], NOW)
    adapter.arrived([Welcome(("DU1",), 1)])
    gateway.take([DATA], NOW)
    gateway.connection.stage = "READY"
    gateway.on_risk(Heartbeat(NOW.wall_ns, "READY", "", 0, "", "ACTIVE", NOW.mono_ns))
    gateway.gate.decisions_known = True
    executor = Executor(RuleBook([]), [BENCH])
    executor.places.connected(ConnectionUp(0, 157, ("DU1",)), roles.GATEWAY)
    for number in range(count):
        _, (order,) = executor.on_signal(_signal(number), NOW)
        assert isinstance(order, SubmitOrder)
        answer, _ = gateway.obey(order, NOW)
        assert answer.accepted, answer.reason
    gateway.entry.seal()
    gateway.entry.durable()
    return gateway


def _written(count: int) -> Act:
    """Each as its turn comes, at TWS's pace."""
    outbox: Outbox[bytes] = Outbox(PACE)
    for number in range(count):
        outbox.order(b"", str(number))

    def act() -> None:
        now_ns = 0
        while len(outbox):
            outbox.release(now_ns, lambda _name: "send")
            now_ns += SECOND_NS

    return act


CASES: Final[Mapping[str, Callable[[int], Act]]] = {
    "signals that are sent again": lambda n: partial(_unanswered(n, sent=True).due, LATE),
    "signals that expire": lambda n: partial(_unanswered(n, sent=False).expired, LATE),
    "signals and cancels, one in each turn": _one_by_one,
    "orders that the gateway takes, one in each turn": partial(_executing, answered=True),
    "orders without an answer, one in each turn": partial(_executing, answered=False),
    "orders that a broker does not name": _missing,
    "orders that a flatten cancels": _flattening,
    "orders that wait, all cancelled": lambda n: partial(_waiting(n).obey, CancelAll(0), NOW),
    "orders that wait too long, denied": lambda n: partial(_waiting(n).release, LATE),
    "orders written at TWS's pace": _written,
}
"""What is measured, by name: each makes, for a number of signals or orders, the work to be done."""
