"""Queries in a whole group: what strategies ask reaches the broker, and its answer comes back."""

from typing import Any

import pytest

from tapewire import Strategy
from tapewire.common import roles
from tapewire.common.config.settings import Config, InstrumentConfig, StrategyConfig
from tapewire.common.events import HistoryBar, OptionChain, OrderIntended, QueryFailed
from tapewire.common.events.account_queries import (
    AccountQuery,
    PnlQuery,
    PortfolioQuery,
    SummaryQuery,
)
from tapewire.common.events.scans import Scan, ScanQuery
from tapewire.common.runtime.service import Service
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.simulator.settings import SimulatorSettings
from tapewire.strategy.service import StrategyService
from tapewire.virtual.world import SECOND_NS, World
from tests.markdown import blocks
from tests.places import ROOT
from tests.simulation.run import START_NS

CALL = "AAPL  261218C00150000"
STRATEGY = roles.strategy_role("asking")
(BREAKOUT,) = (
    b.text for b in blocks(ROOT / "docs" / "strategies.md", "python") if "self.history" in b.text
)
exec(BREAKOUT)  # defines Breakout


class Curious(Strategy):
    """Asks one thing of each kind, and one that nobody can answer."""

    def on_start(self) -> None:
        self.answers: dict[str, Any] = {}
        self.ask("minutes", self.history, "AAPL", "1 min", "1800 S")
        self.ask("chain", self.chain, "AAPL")
        self.ask("never", self.history, "AAPL", "1 min", "two days")
        self.ask("parts", self.history, "AAPL", "5 secs", "7200 S")
        self.every(5_000)

    def on_timer(self, interval_ms: int) -> None:
        """By now the gateway knows the accounts, and a scan has something to rank."""
        for query in (
            SummaryQuery("-"), AccountQuery("-"), PortfolioQuery("-"), PnlQuery("-"),
            ScanQuery("-", Scan("TOP_TRADE_COUNT", rows=1)),
        ):  # fmt: skip
            self.ask(type(query).__name__, self.query, query)

    def ask(self, name: str, how: Any, *about: Any) -> None:
        def answer(found: Any) -> None:
            self.answers[name] = found

        how(*about, then=answer, failed=answer)


def world_of(strategy: str, *, direct: bool = False) -> World:
    config = Config(
        instruments=(InstrumentConfig(symbol="AAPL"), InstrumentConfig(symbol=CALL)),
        strategies=(
            StrategyConfig(name="asking", strategy=f"{__name__}:{strategy}", symbols=("AAPL",)),
        ),
    )
    world = World(
        config, SyntheticMarket(config.all_instruments(), 1, 20, START_NS),
        start_ns=START_NS, settings=SimulatorSettings(), direct=direct,
    )  # fmt: skip
    world.run(20 * SECOND_NS)
    return world


def strategy_of(world: World) -> Any:
    service: Service = world.service(STRATEGY)
    assert isinstance(service, StrategyService)
    return service.runner.strategy


def test_history_and_chains_come_from_tws_and_a_refusal_with_its_code():
    answers = strategy_of(world_of("Curious")).answers
    bars = answers["minutes"]
    assert len(bars) in (29, 30, 31)
    assert all(isinstance(bar, HistoryBar) and bar.low <= bar.close <= bar.high for bar in bars)
    times = [bar.ts_ns for bar in bars]
    assert times == sorted(times)
    long = [bar.ts_ns for bar in answers["parts"]]
    assert long == sorted(set(long))
    assert len(long) in (1439, 1440, 1441)
    (chain,) = answers["chain"]
    assert isinstance(chain, OptionChain)
    assert (chain.expiries, chain.strikes, chain.multiplier) == (("20261218",), (150.0,), "100")
    assert isinstance(answers["never"], QueryFailed)
    assert answers["never"].code == 321
    (summary,) = answers["SummaryQuery"]
    assert summary.equity > 0
    listed = {row.key: row.value for row in answers["AccountQuery"]}
    assert len(listed) > 100
    assert float(listed["NetLiquidation"]) == float(summary.equity)
    assert answers["PortfolioQuery"] == ()
    (gained,) = answers["PnlQuery"]
    assert (gained.account, gained.daily) == (summary.account, 0)
    (first,) = answers["ScanQuery"]
    assert first.symbol == "AAPL"


def test_without_tws_a_question_fails_with_its_reason():
    answers = strategy_of(world_of("Curious", direct=True)).answers
    failed = {name for name, one in answers.items() if isinstance(one, QueryFailed)}
    assert failed == {"minutes", "parts", "never", "AccountQuery", "PnlQuery", "ScanQuery"}
    assert answers["SummaryQuery"][0].equity > 0
    assert "no history to ask for" in answers["minutes"].reason
    assert [chain.strikes for chain in answers["chain"]] == [(150.0,)]


@pytest.mark.parametrize("direct", [False, True])
def test_the_strategy_of_the_docs_takes_its_past(direct: bool):
    world = world_of("Breakout", direct=direct)
    strategy = strategy_of(world)
    if direct:
        assert "no history to ask for" in strategy.reason
        return
    assert strategy.high > 0
    for event in world.events(roles.GATEWAY):
        if isinstance(event, OrderIntended):
            assert event.order.terms.side == "BUY"
