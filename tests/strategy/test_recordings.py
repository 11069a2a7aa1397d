"""Bars and timers of a recording follow the time that its ticks are of, however fast it is played:
they are those of the same market at its own pace."""

from tapewire import Bar, Quote, Tick, Trade
from tapewire.common.clock import Now
from tapewire.strategy.runner import Runner
from tests.strategy.kit import MS, NOW, SECOND, T0, runner

BEGAN = 1_381_152_600 * SECOND  # 2013-10-07T13:30:00Z


class Played:
    """A runner whose strategy asks for bars of a second and a timer of two, and notes them."""

    def __init__(self) -> None:
        self.runner: Runner = runner()
        self.log: list[object] = []
        strategy = self.runner.strategy
        strategy.on_timer = strategy.on_bar = strategy.on_quote = strategy.on_trade = (
            self.log.append
        )  # type: ignore[method-assign]
        self.runner.start(NOW)
        for symbol in ("AAPL", "MSFT"):
            strategy.bars(symbol, "time", 1000)
        strategy.every(2000)
        self.mono_ns = NOW.mono_ns

    def message(self, *ticks: Tick) -> list[object]:
        """What it is called with for a message, which comes 10 ms after the last one."""
        self.log.clear()
        self.mono_ns += 10 * MS
        self.runner.on_ticks("o", [*ticks], Now(T0, self.mono_ns))
        return list(self.log)


def trade(ms: int, symbol: str = "AAPL") -> Trade:
    return Trade(symbol, T0, 1.0, 1.0, market_ns=BEGAN + ms * MS)


def quote(ms: int, symbol: str = "AAPL") -> Quote:
    return Quote(symbol, T0, 1.0, 1.0, 2.0, 1.0, market_ns=BEGAN + ms * MS)


def bars_of(found: list[object]) -> list[tuple[str, int, int]]:
    return [
        (one.symbol, (one.ts_ns - BEGAN) // MS, one.count) for one in found if isinstance(one, Bar)
    ]


def test_many_seconds_within_one_message_are_many_bars():
    found = Played().message(*(trade(ms) for ms in range(0, 5_000, 250)))
    assert bars_of(found) == [("AAPL", end, 4) for end in (1000, 2000, 3000, 4000)]
    kinds = [type(one) for one in found]
    assert kinds.index(Bar) == 4, "a bar comes before the trade that ends it"


def test_a_bar_ends_with_a_quote_too_once_no_trade_can_be_on_its_way():
    one = Played()
    one.message(trade(100))
    assert bars_of(one.message(quote(1_499))) == []
    assert bars_of(one.message(quote(1_500))) == [("AAPL", 1000, 1)]


def test_no_clock_ends_a_bar_and_no_timer_fires_without_a_tick():
    one = Played()
    one.message(trade(0))
    one.log.clear()
    for hours in (1, 2):
        one.runner.tick(Now(T0 + hours * 3600 * SECOND, NOW.mono_ns + hours * 3600 * SECOND))
    assert (one.log, one.runner.due_ns(NOW)) == ([], None)


def test_timers_keep_the_beat_of_the_recording():
    one = Played()
    found = [one.message(quote(ms)) for ms in (0, 1_900, 2_100, 3_900, 4_000, 9_000)]
    assert [2000 in each for each in found] == [False, False, True, False, True, True]
    assert found[2][0] == 2000, "it comes before the tick that is later"


def test_what_was_read_at_once_of_another_symbol_is_in_its_bars():
    one = Played()
    one.message(*(trade(ms) for ms in (100, 5_000)))
    found = one.message(*(trade(ms, "MSFT") for ms in (200, 900, 1_100)))
    assert bars_of(found) == [("MSFT", 1000, 2)]


def test_a_strategy_sees_the_time_of_the_recording_and_its_signals_the_present():
    one = Played()
    one.runner.live = True
    seen: list[int] = []

    def buy(tick: Trade) -> None:
        seen.append(tick.ts_ns)
        one.runner.strategy.buy(tick.symbol, 1)

    one.runner._on_trade = buy
    one.message(trade(100))
    (signal,) = one.runner.due(Now(T0, one.mono_ns))
    assert seen == [BEGAN + 100 * MS]
    assert (signal.ts_ns, signal.cause_ns, signal.cause_id) == (T0, T0, "o/0")


def test_a_schedule_goes_by_the_time_of_the_recording():
    """13:30 UTC is 9:30 in New York; the clock of the process is years later."""
    one, called = Played(), []
    one.runner.strategy.schedule("09:31", "America/New_York", lambda: called.append("minute"))
    one.message(quote(0), quote(59_999))
    assert called == []
    one.message(quote(60_000))
    assert called == ["minute"]
    one.runner.strategy.schedule("09:32", "America/New_York", lambda: called.append("next"))
    one.message(quote(119_999), quote(300_000), quote(300_001))
    assert called == ["minute", "next"], "the first tick after it is when it can be called"
    assert one.runner.context.schedules.take() is None


def test_bars_of_a_recording_begin_without_the_brokers_history_and_say_so():
    one, lines = Played(), []
    one.runner.context.log._to = lines.append
    series = one.runner.strategy.bars("AAPL", "time", "1s", history="1 D")
    one.message(*(trade(ms) for ms in range(0, 3_000, 250)))
    assert [bar.count for bar in series] == [4, 4]
    assert not series.is_warm
    assert [(line.level, line.symbol) for line in lines] == [("warning", "AAPL")]
    assert one.runner.context.warm_ups.is_idle
