"""Patterns in a strategy: its methods are called with matches, by whatever is looked at."""

import pytest

from tapewire import Strategy, Tick
from tapewire.common.events import Bar, OrderDenied, Quote, Trade
from tapewire.strategy.loading.callbacks import never_called
from tapewire.strategy.patterns import (
    Match,
    PatternError,
    bar,
    event,
    pattern,
    quote,
    step,
    times,
    trade,
)
from tests.strategy.kit import MS, NOW, T0, at, executor, gateway, runner

LARGE = step(trade.size > 5)
ALONE = LARGE.then_not(quote, "1s")


class Watcher(Strategy):
    """Notes what it is called with."""

    def on_start(self) -> None:
        self.calls: list[str] = []

    def on_trade(self, trade: Trade) -> None:
        self.calls.append(f"trade {trade.price:g}")

    @pattern(LARGE)
    def on_large(self, match: Match) -> None:
        self.calls.append(f"large {match[LARGE].price:g}")
        if match[LARGE].price == 13:
            raise ValueError("unlucky")
        if match[LARGE].price == 7:
            self.buy("AAPL", 1)

    @pattern(ALONE, LARGE)
    def on_alone(self, match: Match) -> None:
        self.calls.append(f"{'alone' if match.ts_ns > match.last.ts_ns else 'also'}")

    @pattern(step(bar.close > 1))
    def on_rich(self, match: Match) -> None:
        self.calls.append(f"bar {match.last.close:g}")

    @pattern(times(2, event(OrderDenied)).by("strategy").within("1m"))
    def on_denied(self, match: Match) -> None:
        self.calls.append(f"denied {match.key[0]}")


def watcher(**given: object):
    return runner(strategy="tests.strategy.test_patterns:Watcher", **given)


def paid(ms: float, price: float, size: float = 10.0) -> Trade:
    return Trade("AAPL", T0 + int(ms * MS), price, size)


def feed(one, *ticks: Tick) -> list[str]:
    one.on_ticks("o", list(ticks), NOW)
    return one.strategy.calls


def test_a_match_comes_before_the_callback_of_its_tick() -> None:
    assert feed(watcher(), paid(0, 2), paid(1, 3, 1)) == ["also", "large 2", "trade 2", "trade 3"]


def test_what_does_not_come_is_noticed_without_a_tick() -> None:
    one = watcher()
    feed(one, paid(0, 2))
    del one.strategy.calls[:]
    assert one.due_ns(NOW) == at(1500).mono_ns + 1
    one.tick(at(1500))
    assert one.strategy.calls == []
    one.tick(at(1501))
    assert one.strategy.calls == ["alone"]
    assert one.due_ns(at(1501)) is None


def test_a_tick_that_was_on_its_way_still_counts() -> None:
    one = watcher()
    late = Quote("AAPL", T0 + 999 * MS, 1, 1, 2, 1)
    feed(one, paid(0, 2))
    one.on_ticks("o", [late], at(1400))
    one.tick(at(9000))
    assert "alone" not in one.strategy.calls


def test_a_signal_of_a_match_names_its_tick_as_its_cause() -> None:
    one = watcher()
    feed(one, paid(0, 1, 1), paid(3, 7))
    [waiting] = one.waiting.values()
    assert (waiting.signal.cause_id, waiting.signal.cause_ns) == ("o/1", T0 + 3 * MS)


def test_a_method_that_raises_costs_its_match_alone() -> None:
    one = watcher()
    assert feed(one, paid(0, 13), paid(1, 2))[-2:] == ["large 2", "trade 2"]
    assert one.failures == 1


def test_bars_are_looked_at_before_on_bar() -> None:
    one = watcher()
    one.on_bar(Bar("AAPL", T0, T0 - MS, 1, 2, 1, 2, 5, 1, 2), NOW)
    assert one.strategy.calls == ["bar 2"]


def test_events_of_the_system_are_looked_at_once_the_past_is_known() -> None:
    denial = OrderDenied(T0, "DU1", "other", "executor", "no", signal_id="s")
    past = watcher(live=False)
    for _ in range(2):
        executor(past, denial)
    assert past.strategy.calls == []
    one = watcher()
    executor(one, denial)
    gateway(one, denial)
    assert one.strategy.calls == ["denied other"]


def test_a_method_with_a_pattern_is_no_callback_that_is_never_called() -> None:
    assert never_called(Watcher) == []


def test_a_pattern_that_cannot_be_is_refused_where_it_stands() -> None:
    with pytest.raises(PatternError, match="add within"):
        pattern(LARGE.then(quote))


def test_many_ticks_at_once_stop_where_something_is_due() -> None:
    one = watcher()
    ticks, moments = [paid(0, 2), paid(5000, 3, 1)], [at(0), at(5000)]
    assert one.deliver(ticks, moments, str) == 1
    assert one.due_ns(at(0)) == at(1500).mono_ns + 1
