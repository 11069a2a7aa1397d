"""Groups from end to end: strategy, executor, gateway, TWS's bytes, fills and books, while
processes die at any step."""

from collections.abc import Mapping
from decimal import Decimal
from typing import get_args

import pytest

from tapewire.common import roles
from tapewire.common.accounting.compare import broker_of
from tapewire.common.config.sections import RiskConfig, RuleConfig
from tapewire.common.config.settings import Config, InstrumentConfig, StrategyConfig
from tapewire.common.events import (
    EVERYTHING,
    Control,
    Fill,
    GroupKind,
    GroupStateChanged,
    OrderCancelled,
    Scope,
)
from tapewire.executor.service import ExecutorService
from tapewire.risk.service import RiskService
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.simulator.server import TwsServer
from tapewire.simulator.settings import SimulatorSettings
from tapewire.strategy.service import StrategyService
from tapewire.virtual.node import Build
from tapewire.virtual.world import SECOND_NS, World
from tests.simulation import group_rules, invariants
from tests.simulation.watch import Watch
from tests.virtual.group_trader import GroupTrader

ACCOUNT = "DU1000001"
IN_PARTS = ("bracket", "ladder", "oco", "vertical")
AT_ONCE = ("combo", "vertical at once")
VICTIMS = (roles.GATEWAY, roles.EXECUTOR)
STEPS = range(0, 40, 2)
SOAK = pytest.mark.soak


class Desk:
    """A world in which one strategy trades groups of one kind."""

    def __init__(
        self,
        kind: str = "bracket",
        *,
        direct: bool = False,
        rules: tuple[RuleConfig, ...] = (),
        replaced: Mapping[str, Build] | None = None,
        **parameters: object,
    ) -> None:
        symbols = ("AAPL", "MSFT") if kind in ("vertical", *AT_ONCE) else ("AAPL",)
        config = Config(
            instruments=tuple(InstrumentConfig(symbol=symbol) for symbol in symbols),
            strategies=(
                StrategyConfig(
                    name="g", strategy="tests.virtual.group_trader:GroupTrader", account=ACCOUNT,
                    parameters={"kind": kind, **parameters},
                ),
            ),
            risk=RiskConfig(rules=rules),
        )  # fmt: skip
        self.watch = Watch(config)
        self.world = World(
            config, SyntheticMarket(config.all_instruments(), 1, 30),
            start_ns=1_700_000_000 * SECOND_NS, observer=self.watch, direct=direct,
            settings=SimulatorSettings(accounts=(ACCOUNT,)), replaced=replaced,
        )  # fmt: skip
        self.watch.attach(self.world)

    def run(self, seconds: float) -> None:
        self.world.run(int(seconds * SECOND_NS))

    def until(self, state: str, seconds: int = 30) -> None:
        """Until the newest group is in this state."""
        for _ in range(seconds * 100):
            self.run(0.01)
            states = [
                e for e in self.world.events(roles.EXECUTOR) if isinstance(e, GroupStateChanged)
            ]
            if states and states[-1].state == state:
                return
        raise AssertionError(f"no group was {state}: {states[-3:]}")

    def misbehave(self, name: str, **parameters: object) -> None:
        assert isinstance(self.world.server, TwsServer)
        self.world.server.faults.inject(name, **parameters)

    def end(self) -> list[str]:
        """Flatten; what does not hold then."""
        found = [*group_rules.at_rest(self.world, self.watch)]
        risk, now = self.world.service(roles.RISK), self.world.clock.now()
        assert isinstance(risk, RiskService)
        _, events = risk.monitor.control(Control(now.wall_ns, "flatten", "x", EVERYTHING), now)
        risk.emit(*events)
        self.run(30)
        held = [q for q in broker_of(self.world.server.books()).positions.values() if q]
        found += [f"the flatten left {q}" for q in held] + [*group_rules.at_end(self.world)]
        return [
            *self.watch.faults,
            *found,
            *invariants.broken(self.world, self.watch, Decimal(100)),
        ]

    @property
    def strategy(self) -> GroupTrader:
        service = self.world.service(roles.strategy_role("g"))
        assert isinstance(service, StrategyService)
        assert isinstance(service.runner.strategy, GroupTrader)
        return service.runner.strategy

    def groups(self) -> int:
        service = self.world.service(roles.EXECUTOR)
        assert isinstance(service, ExecutorService)
        return len(service.executor.keeper.groups.by_id)


def test_every_kind_of_group_is_among_them():
    assert {*IN_PARTS, "combo"} == set(get_args(GroupKind))


@pytest.mark.parametrize(
    ("kind", "direct"),
    [
        *((kind, False) for kind in (*IN_PARTS, *AT_ONCE)),
        *((kind, True) for kind in ("bracket", *AT_ONCE)),
        *(pytest.param(kind, True, marks=SOAK) for kind in IN_PARTS if kind != "bracket"),
    ],
)
def test_groups_trade_from_the_strategy_to_the_books(kind: str, direct: bool):
    few = {"count": 60} if kind in AT_ONCE else {}  # or a signal is on its way at the end
    desk = Desk(kind, direct=direct, **few)
    desk.run(20)
    assert desk.strategy.done > 1
    assert any(isinstance(event, Fill) for event in desk.world.events(roles.GATEWAY))
    assert desk.end() == []


@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("state", ["WORKING", "PROTECTING", "DONE"])
def test_a_bracket_survives_kill_9_in_each_state(state: str, victim: str):
    wide = {"stop": "2", "target": "2"} if state == "PROTECTING" else {}
    entry = {"limit": "1"} if state == "WORKING" else {}
    desk = Desk(**wide, **entry)
    desk.until(state)
    desk.world.kill(victim, restart_after_ns=SECOND_NS)
    desk.run(20)
    assert desk.end() == []


@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("after_s", [0, pytest.param(0.5, marks=SOAK), pytest.param(1, marks=SOAK)])
@pytest.mark.parametrize("state", ["CLOSING", "CANCELLING"])
def test_a_bracket_that_is_being_ended_survives_kill_9(state: str, after_s: float, victim: str):
    """TWS takes its time, so that the process dies before, while and after it has obeyed."""
    entry = {"limit": "1"} if state == "CANCELLING" else {"stop": "2", "target": "2"}
    leaves = "WORKING" if state == "CANCELLING" else "PROTECTING"
    desk = Desk(leaves=leaves, count=1, **entry)
    desk.misbehave("delay", delay_s=0.3, seconds=10.0)
    desk.until(state)
    desk.run(after_s)
    desk.world.kill(victim, restart_after_ns=SECOND_NS)
    desk.run(20)
    assert desk.strategy.done == 1
    assert desk.end() == []


@pytest.mark.parametrize("fault", ["rejected", "swallowed"])
@pytest.mark.parametrize("number", [1, pytest.param(2, marks=SOAK), 3])
def test_a_bracket_of_which_tws_loses_or_rejects_one_order_is_taken_down_or_closed(
    number: int, fault: str
):
    """Whichever it is, nothing stays open without a stop, and nothing works alone."""
    desk = Desk()
    desk.misbehave(fault, on_order=number)
    desk.run(100)
    assert desk.groups() > 1
    assert desk.end() == []


@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize(
    "step", [pytest.param(step, marks=[] if step == 10 else [SOAK]) for step in STEPS]
)
def test_a_bracket_survives_kill_9_at_each_step(step: int, victim: str):
    desk = Desk()
    desk.run(2 + step % 7 / 10)
    desk.world.nodes[victim].transport.crash_after = step
    desk.run(15)
    assert desk.world.nodes[victim].starts > 1
    assert desk.end() == []


def test_a_connection_that_ends_in_the_middle_of_a_bracket_leaves_nothing_behind():
    desk = Desk()
    for _ in range(6):
        desk.run(1.37)
        desk.world.cut(roles.GATEWAY)
    desk.run(100)
    assert desk.strategy.done > 1
    assert desk.end() == []


# ---- a spread in one order -----------------------------------------------------------------------


def fills_of(desk: Desk) -> dict[str, list[tuple[str, str, Decimal, Decimal]]]:
    """What was executed of each order, as the gateway has it."""
    found: dict[str, list[tuple[str, str, Decimal, Decimal]]] = {}
    for event in desk.world.events(roles.GATEWAY):
        if isinstance(event, Fill) and event.strategy == "g":
            one = (event.symbol, event.side, event.quantity, event.price)
            found.setdefault(event.intent_id or "", []).append(one)
    return found


@pytest.mark.parametrize("direct", [False, True])
def test_a_spread_in_one_order_is_filled_by_its_legs(direct: bool):
    desk = Desk("vertical at once", direct=direct)
    desk.run(6)
    found = fills_of(desk)
    assert len(found) > 1
    for executed in found.values():
        bought = sum(quantity for _, side, quantity, _ in executed if side == "BUY")
        sold = sum(quantity for _, side, quantity, _ in executed if side == "SELL")
        assert (bought, sold, len({symbol for symbol, *_ in executed})) == (3, 3, 2)


@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize(
    "step", [pytest.param(step, marks=[] if step == 10 else [SOAK]) for step in STEPS]
)
def test_a_spread_in_one_order_survives_kill_9_at_each_step(step: int, victim: str):
    desk = Desk("combo", count=60)  # then no signal is on its way at the end
    desk.run(2 + step % 7 / 10)
    desk.world.nodes[victim].transport.crash_after = step
    desk.run(15)
    assert desk.world.nodes[victim].starts > 1
    assert desk.strategy.done > 1
    assert desk.end() == []


def test_a_spread_that_rests_is_ended_by_a_flatten_of_one_of_its_symbols():
    desk = Desk("combo", limit="-500")
    desk.until("WORKING")
    risk, now = desk.world.service(roles.RISK), desk.world.clock.now()
    assert isinstance(risk, RiskService)
    scope = Scope(symbol="MSFT")
    _, events = risk.monitor.control(Control(now.wall_ns, "flatten", "x", scope), now)
    risk.emit(*events)
    desk.run(5)
    ended = [e for e in desk.world.events(roles.GATEWAY) if isinstance(e, OrderCancelled)]
    assert len(ended) == 1
    assert desk.end() == []
