"""A strategy that asks for the past in a back-test gets the file's, and never what is to come."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tapewire.backtest import group
from tapewire.backtest.market import Played
from tapewire.backtest.run import run
from tapewire.backtest.scan import Window, instruments_of, scan
from tapewire.common import roles
from tapewire.common.config import settings as configuration
from tapewire.common.config.settings import Config
from tapewire.common.events import HistoryBar, HistoryTick, QueryFailed, Quote, TicksQuery
from tapewire.common.ticks.file import TickFile
from tapewire.common.ticks.rows import HEADER
from tapewire.strategy import Strategy
from tapewire.virtual.world import World
from tests.backtest.made import SECOND_NS, START_S, written

LENGTH_S = 1_200
FROM_S = START_S + 600
TEXT = """
[[strategies]]
name = "asking"
strategy = "tests.backtest.test_history:Asking"
[[strategies]]
name = "other"
strategy = "tapewire.strategy.base:Strategy"
"""
Answer = tuple[int, str, tuple[Any, ...] | QueryFailed]


def price_at(second: int) -> float:
    """The price rises by a cent per second, so each price says when it was."""
    return round(100 + (second - START_S) / 100, 2)


class Asking(Strategy):
    """Asks when it starts and each two minutes; notes when it got which answer."""

    answers: ClassVar[list[Answer]] = []
    quotes: ClassVar[list[tuple[int, float | None]]] = []

    def on_quote(self, quote: Quote) -> None:
        self.quotes.append((self.clock.time.wall_ns, quote.bid))

    def on_start(self) -> None:
        self.ask_all()
        self.every(120_000)

    def on_timer(self, _interval_ms: int) -> None:
        self.ask_all()

    def ask_all(self) -> None:
        def note(name: str) -> Callable[[Any], None]:
            return lambda found: self.answers.append((self.clock.time.wall_ns, name, found))

        self.history("XYZ", "1 min", "3600 S", then=note("minutes"), failed=note("minutes"))
        self.history("NONE", "1 min", "3600 S", then=note("none"), failed=note("none"))
        self.chain("XYZ", then=note("chain"), failed=note("chain"))
        ahead = TicksQuery("-", "XYZ", start_ns=self.clock.time.wall_ns - 30 * SECOND_NS)
        self.query(ahead, then=note("ticks"), failed=note("ticks"))


@pytest.fixture
def file(tmp_path: Path) -> TickFile:
    """A trade and a quote each second."""
    lines = [HEADER]
    for second in range(START_S, START_S + LENGTH_S):
        price = price_at(second)
        lines.append(f"{second * SECOND_NS},XYZ,{price:.2f},{price + 0.01:.2f},5,5,{price:.2f},1")
    return TickFile(written(tmp_path, "rising.csv", lines))


@pytest.fixture
def config(tmp_path: Path) -> Config:
    Asking.answers.clear()
    Asking.quotes.clear()
    return configuration.load(str(written(tmp_path, "own.toml", [TEXT])))


WINDOW = Window(FROM_S * SECOND_NS, None)


def in_turns(file: TickFile, config: Config) -> None:
    run(file, WINDOW, config, [], say=lambda _text: None)


def directly(file: TickFile, config: Config) -> None:
    found = scan(file, WINDOW)
    derived = group.derived(config, instruments_of(found, config), config.strategies)
    start_ns = found.first_ns - 60 * SECOND_NS
    empty = iter([group._empty_row(found.first_ns - 55 * SECOND_NS)])
    rows = (row for part in (empty, file.rows(WINDOW.from_ns, None)) for row in part)
    world = World(
        derived, Played(rows, file), start_ns=start_ns, idle_ns=SECOND_NS,
        settings=group.simulator_settings(derived), direct=True,
    )  # fmt: skip
    assert roles.GATEWAY in world.nodes
    world.run((LENGTH_S - 600 + 60) * SECOND_NS)


@pytest.mark.parametrize("way", [in_turns, directly])
def test_history_is_the_files_own_up_to_the_present_and_no_further(
    file: TickFile, config: Config, way: Callable[[TickFile, Config], None]
):
    way(file, config)
    minutes = [(at, found) for at, name, found in Asking.answers if name == "minutes"]
    assert len(minutes) >= 5
    for at_ns, bars in minutes:
        assert all(isinstance(bar, HistoryBar) for bar in bars), bars
        newest = price_at(at_ns // SECOND_NS)
        assert max(bar.high for bar in bars) <= newest
        assert bars[-1].close >= newest - 0.05, "nor does it lag"
        assert bars[0].open == price_at(START_S), "also what is before the window"
        assert sum(bar.count or 0 for bar in bars) in range(
            round((newest - 100) * 100) - 4, round((newest - 100) * 100) + 2
        )
    first_ns = minutes[0][0]
    assert first_ns < FROM_S * SECOND_NS, "asked before the first row is played"


@pytest.mark.parametrize("way", [in_turns, directly])
def test_ticks_are_the_files_too_and_what_is_not_known_fails_with_its_reason(
    file: TickFile, config: Config, way: Callable[[TickFile, Config], None]
):
    way(file, config)
    for at_ns, name, found in Asking.answers:
        if name == "ticks":
            assert found
            assert all(isinstance(tick, HistoryTick) and tick.ts_ns <= at_ns for tick in found)
        elif name == "chain":
            assert found == (), "the configuration has no options"
        elif name == "none":
            assert isinstance(found, QueryFailed)
            assert found.code == 200


def test_asking_does_not_begin_the_market_early(file: TickFile, config: Config):
    in_turns(file, config)
    assert len(Asking.quotes) > 500
    for at_ns, bid in Asking.quotes:
        assert bid == price_at(at_ns // SECOND_NS)
