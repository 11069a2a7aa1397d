"""A strategy that asks for the past in a back-test gets the file's, and never what is to come."""

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import pytest

from tapewire.backtest.run import run
from tapewire.backtest.scan import Window
from tapewire.common.config import settings as configuration
from tapewire.common.config.settings import Config
from tapewire.common.events import HistoryBar, HistoryTick, QueryFailed, Quote, TicksQuery
from tapewire.common.ticks.file import TickFile
from tapewire.common.ticks.rows import HEADER
from tapewire.strategy import Strategy
from tests.backtest.made import SECOND_NS, START_S, written

LENGTH_S = 1_000
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
    """Asks when it starts and every minute and a half; notes when it got which answer."""

    answers: ClassVar[list[Answer]] = []
    quotes: ClassVar[list[tuple[int, float | None]]] = []

    def on_quote(self, quote: Quote) -> None:
        self.quotes.append((self.clock.time.wall_ns, quote.bid))

    def on_start(self) -> None:
        self.ask_all()
        self.every(90_000)

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


WINDOW = Window(FROM_S * SECOND_NS, None)


def in_turns(file: TickFile, config: Config) -> None:
    run(file, WINDOW, config, [], full=True, say=lambda _text: None)


def by_the_lane(file: TickFile, config: Config) -> None:
    run(file, WINDOW, config, [], say=lambda _text: None)


class Played(NamedTuple):
    """What the strategy has got, in a back-test that was played in one way."""

    answers: list[Answer]
    quotes: list[tuple[int, float | None]]

    def of(self, name: str) -> list[tuple[int, Any]]:
        return [(at_ns, found) for at_ns, asked, found in self.answers if asked == name]


@pytest.fixture(scope="module", params=[in_turns, by_the_lane])
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """A file with a trade and a quote each second, played once in each way."""
    folder = tmp_path_factory.mktemp("rising")
    lines = [HEADER]
    for second in range(START_S, START_S + LENGTH_S):
        price = price_at(second)
        lines.append(f"{second * SECOND_NS},XYZ,{price:.2f},{price + 0.01:.2f},5,5,{price:.2f},1")
    file = TickFile(written(folder, "rising.csv", lines))
    Asking.answers.clear()
    Asking.quotes.clear()
    request.param(file, configuration.load(str(written(folder, "own.toml", [TEXT]))))
    return Played([*Asking.answers], [*Asking.quotes])


def test_history_is_the_files_own_up_to_the_present_and_no_further(played: Played):
    minutes = played.of("minutes")
    assert len(minutes) >= 5
    for at_ns, bars in minutes:
        assert all(isinstance(bar, HistoryBar) for bar in bars), bars
        newest = price_at(at_ns // SECOND_NS)
        assert max(bar.high for bar in bars) <= newest
        assert bars[-1].close >= newest - 0.05, "nor does it lag"
        assert bars[0].open == price_at(START_S), "also what is before the window"
        traded = sum(bar.count for bar in bars)
        assert 0 <= at_ns // SECOND_NS + 1 - START_S - traded <= 3
    first_ns, _ = minutes[0]
    assert first_ns < FROM_S * SECOND_NS, "asked before the first row is played"


def test_ticks_are_the_files_too(played: Played):
    for at_ns, found in played.of("ticks"):
        assert found
        assert all(isinstance(tick, HistoryTick) and tick.ts_ns <= at_ns for tick in found)


def test_what_is_not_known_fails_with_its_reason(played: Played):
    assert all(found == () for _, found in played.of("chain")), "no options are configured"
    for _, failed in played.of("none"):
        assert isinstance(failed, QueryFailed)
        assert failed.code == 200


def test_asking_does_not_begin_the_market_early(played: Played):
    assert len(played.quotes) > 300
    assert all(bid == price_at(at_ns // SECOND_NS) for at_ns, bid in played.quotes)
