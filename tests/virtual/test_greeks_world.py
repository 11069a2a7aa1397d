"""Greeks in a whole group: from TWS, or computed, to the rule that holds positions against them."""

from collections import Counter
from decimal import Decimal

import pytest

from tapewire.common import roles
from tapewire.common.accounting.compare import broker_of
from tapewire.common.config.sections import RiskConfig, RuleConfig, StrategyConfig
from tapewire.common.config.settings import Config, InstrumentConfig
from tapewire.common.events import Fill, OrderDenied, RiskViolation
from tapewire.gateway.service import GatewayService
from tapewire.risk.service import RiskService
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.simulator.settings import SimulatorSettings
from tapewire.virtual.world import SECOND_NS, World

CALL = "AAPL  231215C00150000"
HIGHER = "AAPL  231215C00160000"
START_NS = 1_700_000_000 * SECOND_NS  # 14 November 2023
LIMIT = 250


def group(*, direct: bool, limit: int = LIMIT, symbols: tuple[str, ...] = (CALL,)) -> World:
    trader = "OptionBuyer" if len(symbols) == 1 else "SpreadBuyer"
    config = Config(
        instruments=tuple(InstrumentConfig(symbol=one) for one in ("AAPL", *symbols)),
        strategies=(
            StrategyConfig(
                name="buyer", strategy=f"tests.virtual.option_buyer:{trader}", symbols=symbols
            ),
        ),
        risk=RiskConfig(rules=(RuleConfig(rule="PortfolioGreeks", parameters={"delta": limit}),)),
    )
    return World(
        config, SyntheticMarket(config.all_instruments(), 3, 20, START_NS),
        start_ns=START_NS, settings=SimulatorSettings(), direct=direct,
    )  # fmt: skip


@pytest.mark.parametrize("direct", [False, True], ids=["by TWS", "computed"])
def test_delta_is_held_to_its_limit(direct: bool):
    if direct:
        pytest.importorskip("QuantLib", reason="greeks are computed with tapewire[options]")
    world = group(direct=direct)
    world.run(30 * SECOND_NS)
    gateway, risk = world.service(roles.GATEWAY), world.service(roles.RISK)
    assert isinstance(gateway, GatewayService)
    assert isinstance(risk, RiskService)
    newest = gateway.market.greeks.newest(CALL)
    assert newest is not None
    assert newest.source == ("computed" if direct else "tws")
    known = risk.monitor.view.at(world.clock.now()).greeks(CALL)
    assert known is not None
    assert known[1] < 5 * SECOND_NS
    assert newest.delta is not None
    events = world.events(roles.GATEWAY)
    held = sum(one.quantity for one in events if isinstance(one, Fill))
    denied = [one.reason for one in events if isinstance(one, OrderDenied)]
    assert held > 0
    assert held * 100 * Decimal(newest.delta) < LIMIT * 2
    assert any("the delta of AAPL" in reason for reason in denied)
    found = [one for one in world.events(roles.RISK) if isinstance(one, RiskViolation)]
    assert not any("not known" in one.reason for one in found)


def test_risk_that_starts_again_knows_the_greeks_at_once():
    world = group(direct=False, limit=100_000)
    world.run(10 * SECOND_NS)
    world.kill(roles.RISK, restart_after_ns=SECOND_NS)
    world.run(12 * SECOND_NS)
    risk = world.service(roles.RISK)
    assert isinstance(risk, RiskService)
    assert risk.monitor.view.greeks(CALL) is not None
    assert [one.used for one in risk.monitor.readings] != [None]
    assert not [one for one in world.events(roles.RISK) if isinstance(one, RiskViolation)]


@pytest.mark.parametrize("direct", [False, True], ids=["by TWS", "computed"])
def test_a_vertical_spread_trades_as_one_order_and_its_legs_count(direct: bool):
    if direct:
        pytest.importorskip("QuantLib", reason="greeks are computed with tapewire[options]")
    world = group(direct=direct, symbols=(CALL, HIGHER), limit=150)
    world.run(40 * SECOND_NS)
    events = world.events(roles.GATEWAY)
    held: Counter[str] = Counter()
    for one in events:
        if isinstance(one, Fill):
            held[one.symbol] += int(one.quantity if one.side == "BUY" else -one.quantity)
    assert held[CALL] > 1
    assert held[HIGHER] == -held[CALL]
    assert broker_of(world.server.books()).positions == {
        ("DU1234567", symbol): quantity for symbol, quantity in held.items()
    }
    denied = [one.reason for one in events if isinstance(one, OrderDenied)]
    assert any("the delta of AAPL" in reason for reason in denied)
