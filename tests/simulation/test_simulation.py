"""The adversary's seeds hold, runs repeat exactly, and planted bugs are found."""

from decimal import Decimal

import pytest

from tapewire.common.config.settings import Config, InstrumentConfig, RiskConfig, StrategyConfig
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.virtual.world import SECOND_NS, World
from tests.simulation import invariants
from tests.simulation.plants import PLANTS
from tests.simulation.run import simulate

STEPS = 30
HOUR_S = 3_600
SESSION_S = 23_400  # a US session, 09:30 to 16:00


@pytest.mark.parametrize(
    "seed", [1, 2, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(3, 41))]
)
def test_no_invariant_breaks_in_a_storm(seed):
    result = simulate(seed, STEPS)
    assert result.broken == []
    assert result.orders > 0
    assert result.deaths > 0


@pytest.mark.parametrize(
    "seed", [12, *(pytest.param(seed, marks=pytest.mark.soak) for seed in (26, 30, 56))]
)
def test_seeds_that_once_broke_an_invariant_hold(seed):
    assert simulate(seed, STEPS, outages=False).broken == []


def test_a_gateway_that_does_not_wait_for_its_disk_is_found():
    """A power cut makes it forget orders and fills; the executor may forget, and is not found."""
    runs = (simulate(seed, STEPS, PLANTS["hasty-journal"]).broken for seed in range(1, 20))
    broken = next(filter(None, runs))
    assert any(fault.startswith(("G1", "G2", "G3")) for fault in broken)


def test_one_seed_twice_gives_equal_journals():
    assert simulate(3, 10) == simulate(3, 10)


def test_a_blind_resend_is_found_within_20_seeds():
    assert any(_sent_twice(seed) for seed in range(20))


def _sent_twice(seed: int) -> bool:
    broken = simulate(seed, STEPS, PLANTS["blind-resend"]).broken
    return any(fault.startswith("G1") for fault in broken)


def session(seed: int, seconds: int) -> World:
    config = Config(
        instruments=(
            InstrumentConfig(symbol="AAPL"),
            InstrumentConfig(symbol="ESZ6", sec_type="FUT", exchange="CME", multiplier=Decimal(50)),
        ),
        strategies=(
            StrategyConfig(
                name="momentum",
                strategy="tapewire.strategy.examples.momentum:Momentum",
                parameters={"window": 50, "quantity": 10, "pause": 100},
            ),
        ),
        risk=RiskConfig(heartbeat_ms=1000),
    )
    market = SyntheticMarket(config.all_instruments(), seed, 2)
    world = World(config, market, start_ns=1_700_000_000 * SECOND_NS, idle_ns=SECOND_NS)
    world.run(seconds * SECOND_NS)
    return world


@pytest.mark.parametrize("seconds", [HOUR_S, pytest.param(SESSION_S, marks=pytest.mark.soak)])
def test_a_session_of_synthetic_market_trades_and_repeats_exactly(seconds: int):
    first, second = session(1, seconds), session(1, seconds)
    assert first.server.books()["orders"] > 10
    assert invariants.broken(first, Decimal(100)) == []
    assert first.heads() == second.heads()
    assert session(2, seconds).heads() != first.heads()
