"""Timers and bars: in the runner's own time, each in its turn, none twice."""

import pytest

from tapewire import Bar, Trade
from tapewire.common.clock import Now
from tapewire.strategy.symbol_bars import GRACE_NS
from tests.strategy.kit import MS, NOW, SECOND, T0, at, runner

START = T0 - T0 % SECOND


def wall(ns: int) -> Now:
    """A moment by the wall clock; the monotonic one stands still."""
    return Now(ns, NOW.mono_ns)


class Told:
    """A runner whose strategy notes timers, bars and trades."""

    def __init__(self) -> None:
        self.runner = runner()
        self.log: list[object] = []
        strategy = self.runner.strategy
        strategy.on_timer = self.log.append
        strategy.on_bar = self.log.append
        self.runner._on_trade = self.log.append
        self.strategy = strategy

    def tick(self, ms: float) -> list[object]:
        self.log.clear()
        self.runner.tick(at(ms))
        return list(self.log)

    def trade(self, ms: int, price: float = 1.0, size: float = 1.0) -> list[object]:
        self.log.clear()
        trade = Trade("AAPL", START + ms * MS, price, size)
        self.runner.on_ticks("o", [trade], wall(START + ms * MS))
        return list(self.log)


def test_timers_fire_when_they_are_due_and_keep_their_beat():
    one = Told()
    one.strategy.every(100)
    one.strategy.every(250)
    assert one.tick(99.9) == []
    assert one.tick(130) == [100]
    assert one.tick(199) == []
    assert one.tick(260) == [100, 250]


def test_a_turn_that_took_too_long_fires_once_and_not_for_all_that_it_missed():
    one = Told()
    one.strategy.every(100)
    assert one.tick(1050) == [100]
    assert one.tick(1099) == []
    assert one.tick(1100) == [100]


def test_timers_are_monotonic_so_setting_the_wall_clock_does_not_move_them():
    one = Told()
    one.strategy.every(100)
    for hours in (-1, 1):
        one.runner.tick(Now(T0 + hours * 3600 * SECOND, NOW.mono_ns + 99 * MS))
    assert one.log == []


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda s: s.every(0), "interval_ms is 0, must be 1 or above"),
        (lambda s: s.bars("AAPL", "hour", 1), "kind of bar is 'hour', must be time, tick or"),
        (
            lambda s: s.bars("AAPL", "tick", 0),
            "size of tick bars is 0, must be a number of trades, 1 or above",
        ),
        (lambda s: s.bars("AAPL", "tick", 0.5), "size of tick bars is 0.5, must be a number of"),
        (
            lambda s: s.bars("AAPL", "time", "1min"),
            "size of time bars is '1min', must be a number of ms above 0, or a text",
        ),
        (lambda s: s.bars("AAPL", "time", -1), "size of time bars is -1, must be a number of ms"),
        (lambda s: s.bars("AAPL", "time", 1e-9), "size of time bars is 1e-09, must be a number"),
        (
            lambda s: s.bars("AAPL", "volume", float("nan")),
            "size of volume bars is nan, must be a volume above 0",
        ),
        (lambda s: s.bars("AAPL", "volume", "100"), "size of volume bars is '100', must be a vol"),
        (lambda s: s.bars("AAPL", "volume", True), "size of volume bars is True, must be a vol"),
    ],
)
def test_what_cannot_be_is_refused(call, says: str):
    with pytest.raises(ValueError, match=says):
        call(Told().strategy)


def test_a_bar_comes_before_the_trade_that_ends_it():
    one = Told()
    one.strategy.bars("AAPL", "time", 1000)
    one.trade(100, 2.0)
    one.trade(900, 3.0)
    bar, trade = one.trade(1000, 4.0)
    assert bar == Bar("AAPL", START + SECOND, START, 2.0, 3.0, 2.0, 3.0, 2.0, 2, 2.5)
    assert trade.price == 4.0


def test_a_bar_of_time_ends_without_a_trade_too_once_none_can_be_on_its_way():
    one = Told()
    one.strategy.bars("AAPL", "time", 1000)
    one.trade(100)
    end_ns = START + SECOND + GRACE_NS
    one.log.clear()
    one.runner.tick(wall(end_ns - 1))
    assert one.log == []
    one.runner.tick(wall(end_ns))
    assert [type(e) for e in one.log] == [Bar]


@pytest.mark.parametrize(("kind", "size"), [("tick", 3), ("volume", 5.0)])
def test_bars_of_trades_and_of_volume(kind: str, size: float):
    one = Told()
    one.strategy.bars("AAPL", kind, size)
    assert [len(one.trade(n, size=2.0)) for n in range(6)] == [1, 1, 2, 1, 1, 2]


@pytest.mark.parametrize(("kind", "size"), [("tick", 3), ("volume", 3.0)])
def test_bars_of_trades_and_of_volume_lose_no_trade_of_a_strategy_that_is_behind(
    kind: str, size: float
):
    one = Told()
    one.strategy.bars("AAPL", kind, size)
    trades = [one.trade(0)]
    one.runner.tick(wall(START + 10 * SECOND))  # what came meanwhile still waits
    trades += [one.trade(1), one.trade(2)]
    assert [len(came) for came in trades] == [1, 1, 2]


def test_bars_of_trades_go_on_where_the_clock_is_set_back():
    one = Told()
    one.strategy.bars("AAPL", "tick", 2)
    assert [len(one.trade(ms)) for ms in (5000, 0, 1, 2)] == [1, 2, 1, 2]


def test_a_bar_that_raises_costs_itself_and_the_trade_goes_on():
    one = Told()
    one.strategy.bars("AAPL", "tick", 1)
    one.strategy.on_bar = lambda _bar: 1 / 0
    assert len(one.trade(0)) == 1
    assert one.runner.failures == 1


def test_a_signal_made_on_a_bar_is_caused_by_the_trade_that_ended_it():
    one = Told()
    one.strategy.bars("AAPL", "tick", 1)
    one.strategy.on_bar = lambda bar: one.strategy.buy(bar.symbol, 1)
    one.trade(0, 7.0)
    (signal,) = one.runner.due(NOW)
    assert (signal.cause_id, signal.trigger_price) == ("o/0", 7.0)
