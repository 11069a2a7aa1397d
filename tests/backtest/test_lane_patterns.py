"""Patterns in a back-test: by the lane and through everything the strategy does the same."""

from tapewire.backtest.run import run
from tapewire.backtest.scan import Window
from tapewire.common.config import settings as configuration
from tapewire.common.events import OrderDenied
from tapewire.common.ticks.file import TickFile
from tapewire.strategy import Strategy
from tapewire.strategy.patterns import event, highest, pattern, step, times, trade
from tests.backtest.made import SECOND_NS, START_S, strategy, written

HIGH = highest(trade.price, "day")
BROKE = step(trade.price > HIGH)
RETEST = BROKE.then(trade.price <= BROKE[HIGH]).within("1m")
LONELY = step(trade.price >= 105).then_not(trade.price < 105, "20s")
PRICES = [(0, 100), (1, 101), (3, 100.5), (7, 102), (8, 101), (30, 105), (31, 105.5), (200, 104)]


class TradesPatterns(Strategy):
    """Buys at a retest, sells when nothing has fallen; asks for too many after that."""

    @pattern(RETEST)
    def on_retest(self, match):
        self.buy("XYZ", 10)

    @pattern(LONELY)
    def on_lonely(self, match):
        self.sell("XYZ", 5)
        for _ in range(2):
            self.buy("NONE", 1)  # is denied: no such symbol

    @pattern(times(2, event(OrderDenied)).by("strategy").within("1m"))
    def on_denied(self, match):
        self.sell("XYZ", 3)


def test_the_lane_and_everything_do_the_same(tmp_path):
    lines = [f"{(START_S + s) * SECOND_NS},XYZ,{price}" for s, price in PRICES]
    file = TickFile(written(tmp_path, "trades.csv", ["ts,symbol,price", *lines]))
    dotted = "tests.backtest.test_lane_patterns:TradesPatterns"
    config = configuration.load(str(written(tmp_path, "t.toml", [strategy("it", dotted)])))
    found = [
        run(file, Window(), config, ["it"], full=full, say=lambda _text: None).results.fills
        for full in (False, True)
    ]
    times_ = [[(one.ts_ns, one.side, one.quantity, one.price) for one in fills] for fills in found]
    assert times_[0] == times_[1]
    assert [(one.side, int(one.quantity)) for one in found[0]] == [
        ("BUY", 10), ("SELL", 5), ("SELL", 3), ("SELL", 5), ("SELL", 3),
    ]  # fmt: skip
    sold_s = found[0][1].ts_ns / SECOND_NS - START_S
    assert 50.5 <= sold_s < 51.5
