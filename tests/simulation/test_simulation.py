"""The adversary's seeds hold, runs repeat exactly, and planted bugs are found."""

import os
import subprocess
import sys
from decimal import Decimal

import pytest

from tapewire.common.config.settings import Config, InstrumentConfig, RiskConfig, StrategyConfig
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.virtual.world import SECOND_NS, World
from tests.simulation import invariants
from tests.simulation.order_plants import with_its_mask
from tests.simulation.plants import PLANTS
from tests.simulation.run import LONG, simulate
from tests.simulation.seeds import seeds_for
from tests.simulation.watch import Watch

BUGS = {**PLANTS, "no-welcome": with_its_mask("no-welcome")}
STEPS = 30
SEEDS_MAX = 202
HOUR_S = 3_600
SESSION_S = 23_400  # a US session, 09:30 to 16:00


def soak(*values: object) -> list[object]:
    return [pytest.param(value, marks=pytest.mark.soak) for value in values]


@pytest.mark.parametrize("seed", [2, 5, *soak(3, *range(6, 60))])
def test_no_invariant_breaks_in_a_storm(seed):
    result = simulate(seed, STEPS)
    assert result.broken == []
    assert result.orders > 0
    assert result.deaths > 0


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1_000, 1_100))
def test_no_invariant_breaks_in_a_hundred_thousand_strikes(seed: int):
    result = simulate(seed, 1_000, pace=LONG)
    assert result.broken == []
    assert result.orders > 0, "many a storm is halted early"


@pytest.mark.soak
def test_one_seed_twice_gives_equal_journals():
    assert simulate(3, 10) == simulate(3, 10)


@pytest.mark.soak
@pytest.mark.parametrize("seed", [5, 13])
def test_one_seed_gives_equal_journals_in_each_process(seed: int):
    """Text has another hash in each process, and so a set of it another order."""
    command = [sys.executable, "-m", "tests.simulation", "--seed", str(seed), "--steps", "30"]
    runs = [
        subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": text_hash}, check=False,
                       capture_output=True, text=True, timeout=300).stdout
        for text_hash in "13"
    ]  # fmt: skip
    assert "heads" in runs[0]
    assert runs[0] == runs[1]


@pytest.mark.parametrize(
    "name", ["blind-resend", "halt-ignored", "fill-twice", *soak(*sorted(BUGS))]
)
def test_a_planted_bug_is_found(name):
    """And it was what it was planted for: it had fired."""
    found = (simulate(seed, STEPS, BUGS[name]) for seed in seeds_for(name, SEEDS_MAX))
    assert next(result for result in found if result.broken).fired[name]


def session(seed: int, seconds: int) -> tuple[World, Watch]:
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
    watch, start_ns = Watch(config), 1_700_000_000 * SECOND_NS
    world = World(config, market, start_ns=start_ns, idle_ns=SECOND_NS, observer=watch)
    watch.attach(world)
    world.run(seconds * SECOND_NS)
    return world, watch


@pytest.mark.parametrize("seconds", [HOUR_S // 3, *soak(HOUR_S, SESSION_S)])
def test_a_session_of_synthetic_market_trades_and_repeats_exactly(seconds: int):
    (first, watch), (second, _) = session(1, seconds), session(1, seconds)
    assert first.server.books()["orders"] > 10
    assert invariants.broken(first, watch, Decimal(100)) == []
    assert first.heads() == second.heads()
    assert session(2, seconds)[0].heads() != first.heads()
