"""Bars, their past, schedules and logs: the same by the lane as through the whole group."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tapewire import Bar, Strategy
from tapewire.backtest.run import Outcome, run
from tapewire.backtest.scan import Window
from tapewire.common.config import settings as configuration
from tapewire.common.events import Trade
from tapewire.common.ticks.aggregate import Bars, Every
from tapewire.common.ticks.file import TickFile
from tapewire.common.ticks.rows import HEADER
from tests.backtest.made import written

SECOND = 10**9
MINUTE = 60 * SECOND
START_S = 1_704_727_200  # 2024-01-08 15:20 UTC, 10:20 in New York
LENGTH_S = 800
FROM_S = START_S + 587
SYMBOLS = ("AAA", "BBB")
TEXT = """
[[strategies]]
name = "mixed"
strategy = "tests.backtest.test_author:Mixed"
"""


class MixedParameters(msgspec.Struct, frozen=True):
    back: str = ""


class Mixed(Strategy[MixedParameters]):
    """Trades on bars of several sizes of two symbols, and goes flat at a time of day."""

    def on_start(self) -> None:
        for symbol in self.symbols:
            self.bars(symbol, "time", "1m", history=self.parameters.back)
            self.bars(symbol, "time", 180_000, history=self.parameters.back, then=self.on_three)
            self.bars(symbol, "tick", 60, then=self.on_sixty)
        self.schedule("10:32:10", "America/New_York", self.go_flat)
        self.schedule("15:31", "UTC", self.go_flat)

    def on_bar(self, bar: Bar) -> None:
        self.log.info("minute", bar=shown(bar), live=self.live, at=self.clock.now_ns())
        if bar.close > bar.open and not (self.position(bar.symbol) or self.pending(bar.symbol)):
            self.buy(bar.symbol, 10)

    def on_three(self, bar: Bar) -> None:
        self.log.info("three", bar=shown(bar), live=self.live, at=self.clock.now_ns())

    def on_sixty(self, bar: Bar) -> None:
        self.log.info("sixty", bar=shown(bar))
        self.close(bar.symbol)

    def go_flat(self) -> None:
        self.log.info("flat", at=self.clock.now_ns())
        for symbol in self.symbols:
            self.close(symbol)


def shown(bar: Bar) -> str:
    """All of it; the mean price as far as it does not depend on how it was added up."""
    return repr(msgspec.structs.replace(bar, vwap=round(bar.vwap or 0, 6)))


def rows() -> list[tuple[int, str, float]]:
    """A trade of each symbol in most seconds: time, symbol, price."""
    found = []
    for second in range(LENGTH_S):
        for place, symbol in enumerate(SYMBOLS):
            if (second * 7 + place) % 5:
                price = 100 + abs((second * (3 + place)) % 400 - 200) / 50
                found.append((START_S + second, symbol, round(price, 2)))
    return found


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> TickFile:
    lines = [HEADER] + [
        f"{at * SECOND},{symbol},{price:.2f},{price + 0.01:.2f},50,50,{price:.2f},{1 + at % 3}"
        for at, symbol, price in rows()
    ]
    return TickFile(written(tmp_path_factory.mktemp("mixed"), "mixed.csv", lines))


def play(file: TickFile, folder: Path, *, full: bool, back: str = "", **given: Any) -> Outcome:
    text = f'{TEXT}parameters = {{ back = "{back}" }}\n'
    config = configuration.load(str(written(folder, "own.toml", [text])))
    return run(file, given.get("window", Window()), config, [], full=full, say=lambda _text: None)


def fills(outcome: Outcome) -> list[tuple[Any, ...]]:
    return [(f.symbol, f.side, f.quantity, f.price, f.ts_ns) for f in outcome.results.fills]


@pytest.mark.parametrize("back", [pytest.param("", marks=pytest.mark.soak), "1 D"])
def test_the_lane_trades_on_bars_and_at_times_of_day_as_the_whole_group_does(file, tmp_path, back):
    window = Window(FROM_S * SECOND, None) if back else Window()
    whole = play(file, tmp_path, full=True, back=back, window=window)
    lane = play(file, tmp_path, full=False, back=back, window=window)
    assert lane.log == whole.log
    assert fills(lane) == fills(whole)
    assert len(fills(lane)) > 2
    texts = [line.text for line in lane.log]
    assert {*texts} == {"minute", "three", "sixty", "flat"}
    assert texts.count("flat") == 2, "at 15:31 and 15:32:10 UTC"


def test_a_series_that_begins_with_its_past_has_the_bars_of_the_whole_file(file, tmp_path):
    outcome = play(file, tmp_path, full=False, back="1 D", window=Window(FROM_S * SECOND, None))
    for text, width_ns in (("minute", MINUTE), ("three", 3 * MINUTE)):
        found = [line.values["bar"] for line in outcome.log if line.text == text]
        expected = [shown(bar) for bar in _bars_of_the_file(width_ns)]
        assert sorted(found) == sorted(expected)
        live = [line.values["live"] for line in outcome.log if line.text == text]
        assert live == sorted(live), "first those of the past, on which nothing is signalled"
        assert live.count(False) >= 4


def _bars_of_the_file(width_ns: int) -> list[Bar]:
    bars = Bars(Every(width_ns=width_ns))
    trades = [Trade(s, at * SECOND + 1, price, 1.0 + at % 3) for at, s, price in rows()]
    return [bar for trade in trades for bar in bars.add(trade)]
