"""What a strategy does because time has passed leaves at that time, whatever row comes next."""

from tapewire.backtest.run import run
from tapewire.backtest.scan import Window
from tapewire.common.config import settings as configuration
from tapewire.common.ticks.file import TickFile
from tapewire.strategy import Strategy
from tests.backtest.made import SECOND_NS, START_S, strategy, written

AT_S = (0, 3, 12, 15, 135, 138)
"""Trades; after the fourth nothing happens for two minutes."""


class BuysAtSecondBar(Strategy):
    """Buys when the second bar of ten seconds is over; it hears trades and no quotes."""

    def on_start(self):
        self.count = 0
        self.bars("XYZ", "time", 10_000)

    def on_bar(self, bar):
        self.count += 1
        if self.count == 2:
            self.buy("XYZ", 10)


def test_an_order_at_the_end_of_a_bar_does_not_wait_for_the_next_row(tmp_path):
    lines = [f"{(START_S + s) * SECOND_NS},XYZ,{100 + s / 100}" for s in AT_S]
    file = TickFile(written(tmp_path, "trades.csv", ["ts,symbol,price", *lines]))
    dotted = "tests.backtest.test_lane_time:BuysAtSecondBar"
    config = configuration.load(str(written(tmp_path, "t.toml", [strategy("buys", dotted)])))
    found = [
        run(file, Window(), config, ["buys"], full=full, say=lambda _text: None).results.fills
        for full in (False, True)
    ]
    times = [[(one.ts_ns, one.price) for one in fills] for fills in found]
    assert times[0] == times[1]
    ((bought_ns, _),) = times[0]
    assert 20 <= bought_ns / SECOND_NS - START_S < 22
