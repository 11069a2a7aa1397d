"""The examples on made ticks: what each is for, and what it must not do."""

import runpy
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest

from tapewire import Trade
from tapewire.common.daily_time import DailyTime
from tapewire.common.events import GroupSignal, OrderTerms, OrderTermsChanged, Signal
from tapewire.common.events.queries import HistoryBar, HistoryPage, HistoryQuery
from tapewire.strategy.examples import moving_average
from tapewire.strategy.runner import Runner
from tests.strategy.kit import (
    NOW,
    SECOND,
    T0,
    created,
    executor,
    fill,
    gateway,
    moved,
    quote,
    runner,
)

EXAMPLES = Path("strategy/examples")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda p: p.stem)
def test_an_example_can_be_read_at_a_glance(path: Path):
    assert len(path.read_text().splitlines()) < 50


class Market:
    """One strategy with an executor and a market that do as the test says."""

    def __init__(self, strategy: str, **parameters: object) -> None:
        self.runner: Runner = runner(
            strategy=f"tapewire.strategy.examples.{strategy}", parameters=parameters, name="x"
        )
        self.now = NOW
        self._fills = count()

    def feed(self, *middles: float) -> None:
        for middle in middles:
            self.runner.on_ticks("o", [quote(middle - 0.01, middle + 0.01)], self.now)

    def trade(self, *prices: float) -> None:
        for price in prices:
            trade = Trade("AAPL", self.now.wall_ns, price, 1.0)
            self.runner.on_ticks("o", [trade], self.now)

    def bar(self, *prices: float) -> None:
        """A minute with these trades, and the next one well begun."""
        self.trade(*prices)
        self.now += 61 * SECOND
        self.runner.tick(self.now)

    def at(self, clock: str) -> None:
        """The next time that it is that in New York."""
        at_ns = DailyTime.of(f"{clock} America/New_York").next_ns(self.now.wall_ns)
        self.now += at_ns - self.now.wall_ns
        self.runner.tick(self.now)

    def past(self) -> list[HistoryQuery]:
        """The questions about the past, once something trades."""
        self.now += 1
        self.trade(100.0)
        self.runner.tick(self.now)
        asking = self.runner.context.asking
        queries = asking.due()
        for query in queries:
            asking.sent(query)
        return queries

    def answer(self, query: HistoryQuery, size_s: int, closes: list[float]) -> None:
        """Bars that ended before the one of now."""
        first_ns = (self.now.wall_ns // (size_s * SECOND) - len(closes)) * size_s * SECOND
        rows = [
            HistoryBar(first_ns + n * size_s * SECOND, close, close, close, close, 1.0, close, 1)
            for n, close in enumerate(closes)
        ]
        self.runner.on_answer(HistoryPage(self.now.wall_ns, query.id, tuple(rows)), self.now)

    def sent(self) -> list[Signal]:
        signals = self.runner.due(self.now)
        for signal in signals:
            self.runner.sent(signal, self.now)
        return signals

    def take(self, signal: Signal, filled: int = 0) -> None:
        """The order is accepted, and filled so far."""
        executor(self.runner, created(signal.id, terms=signal.terms, strategy="x"))
        self.fill(signal, filled)

    def fill(self, signal: Signal, filled: int) -> None:
        state = "FILLED" if filled == signal.terms.quantity else "ACCEPTED"
        executor(self.runner, moved(state, filled, signal.id, "x"))
        if filled:
            exec_id, side = f"e{next(self._fills)}.01", signal.terms.side
            gateway(self.runner, fill(exec_id, filled, side, signal.id, strategy="x"))

    def act(self) -> tuple[str, int] | None:
        """The one order that was asked for, filled at once."""
        signals = self.sent()
        if not signals:
            return None
        (signal,) = signals
        terms = signal.terms
        self.take(signal, int(terms.quantity))
        return terms.side, int(terms.quantity)


# ---- mean reversion -----------------------------------------------------------------------------

CALM = [100.0, 100.1] * 30


@pytest.mark.parametrize(("far", "first", "second"), [(105, "SELL", "BUY"), (95, "BUY", "SELL")])
def test_mean_reversion_goes_against_a_move_and_out_when_it_is_over(
    far: float, first: str, second: str
):
    market = Market("mean_reversion:MeanReversion", memory=40, quantity=5)
    market.feed(*CALM)
    assert market.act() is None
    market.feed(far)
    assert market.act() == (first, 5)
    market.feed(far)
    assert market.act() is None
    market.feed(*([100.0] if far > 100 else [100.2]))
    assert market.act() == (second, 5)
    assert market.runner.strategy.position("AAPL") == 0


def test_mean_reversion_waits_for_its_mean_and_for_what_is_pending():
    market = Market("mean_reversion:MeanReversion", memory=40)
    market.feed(100.0, 100.1, 105.0)
    assert market.sent() == []
    market.feed(*CALM, 120.0, 140.0)
    assert len(market.sent()) == 1


def test_mean_reversion_passes_over_a_market_that_does_not_move_or_has_one_side():
    market = Market("mean_reversion:MeanReversion", memory=40)
    market.feed(*[100.0] * 200)
    market.runner.on_ticks("o", [quote(None, 1.0), quote(1.0, None)], NOW)
    assert (market.sent(), market.runner.failures) == ([], 0)


# ---- support and resistance ---------------------------------------------------------------------


def resting() -> tuple[Market, Signal]:
    """Two minutes are over, and a bid rests at their low."""
    market = Market("support_resistance:SupportResistance", bars=2, quantity=5)
    market.bar(101.0, 103.0)
    assert market.sent() == []
    market.bar(100.5, 102.0)
    (signal,) = market.sent()
    return market, signal


def test_support_rests_a_bid_at_the_low_of_the_last_bars():
    _, signal = resting()
    assert signal.terms == OrderTerms("BUY", Decimal(5), "LMT", Decimal("100.5"))


def test_support_moves_its_order_with_the_level_and_does_not_add_another():
    market, signal = resting()
    market.take(signal)
    market.bar(100.7, 102.5)
    assert market.sent() == []
    market.bar(100.9, 102.5)
    (change,) = market.sent()
    assert (change.signal_id, change.changes.limit) == (signal.id, Decimal("100.7"))
    terms = OrderTerms("BUY", Decimal(5), "LMT", Decimal("100.7"))
    changed = OrderTermsChanged(T0, "DU1", f"{signal.id}/1", "x", terms, change.id)
    executor(market.runner, changed)
    market.runner.context.outgoing.answered(change.id)
    market.bar(100.7)
    assert market.sent() == []


def test_resistance_sells_what_was_bought_at_the_high():
    market, signal = resting()
    market.take(signal, 5)
    market.bar(101.0, 104.0)
    (sale,) = market.sent()
    assert sale.terms == OrderTerms("SELL", Decimal(5), "LMT", Decimal(104))


def test_the_rest_of_a_bid_that_filled_in_part_is_cancelled_and_never_moved_to_the_high():
    market, signal = resting()
    market.take(signal, 2)
    market.bar(101.0, 104.0)
    (cancel,) = market.sent()
    assert type(cancel).__name__ == "CancelSignal"
    assert cancel.signal_id == signal.id


# ---- prediction feed ----------------------------------------------------------------------------


def predicted(*moves: float) -> Market:
    market = Market("prediction_feed:PredictionFeed", quantity=5)
    for move in moves:
        value = {"symbol": "AAPL", "move": move}
        market.runner.on_external("predictions", "prediction.AAPL", value, market.now)
    return market


def test_a_prediction_is_followed_turned_round_and_left_when_it_is_old():
    market = predicted(0.001)
    market.feed(100.0)
    assert market.act() == ("BUY", 5)
    market.feed(100.0)
    assert market.act() is None
    value = {"symbol": "AAPL", "move": -0.001}
    market.runner.on_external("predictions", "prediction.AAPL", value, market.now)
    market.feed(100.0)
    assert market.act() == ("SELL", 10)
    market.now += 3 * SECOND
    market.feed(100.0)
    assert market.act() == ("BUY", 5)


def test_without_a_prediction_or_with_a_small_one_nothing_is_done():
    for market in (predicted(), predicted(0.0001)):
        market.feed(100.0)
        assert market.sent() == []


def test_a_prediction_that_is_none_is_a_failure_and_no_trade():
    market = predicted()
    market.runner.on_external("predictions", "t", {"symbol": "AAPL"}, NOW)
    market.feed(100.0)
    assert (market.runner.failures, market.sent()) == (1, [])


def test_the_publisher_sends_what_the_strategy_reads(monkeypatch, tmp_path: Path):
    sent: list[list[bytes]] = []

    class Socket:
        def bind(self, endpoint: str) -> None:
            assert endpoint == "ipc://x"

        def send_multipart(self, frames: list[bytes]) -> None:
            sent.append(frames)

    class Context:
        def socket(self, _kind: int) -> Socket:
            return Socket()

    def stop(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("zmq.Context", Context)
    monkeypatch.setattr("time.sleep", stop)
    monkeypatch.setattr("sys.argv", ["x", "ipc://x", "AAPL"])
    runpy.run_module("tapewire.strategy.examples.publish_predictions", run_name="__main__")
    from tapewire.strategy.feeds import values_of

    ((topic, body),) = sent
    market = predicted()
    ((value,), _dead) = values_of(body)
    market.runner.on_external("predictions", topic.decode(), value, NOW)
    assert (market.runner.failures, list(market.runner.strategy.predictions)) == (0, ["AAPL"])


# ---- moving averages -----------------------------------------------------------------------------


def test_the_moving_average_with_its_exits_is_thirty_lines():
    assert len((EXAMPLES / "moving_average.py").read_text().splitlines()) <= 30


def test_moving_averages_enter_with_stop_loss_and_take_profit_where_they_cross():
    market = Market("moving_average:MovingAverage")

    def bars(*prices: float) -> None:
        for price in prices:
            market.trade(*[price] * moving_average.TRADES)

    bars(*[100.0] * moving_average.SLOW)
    assert market.sent() == [], "they have not crossed"
    bars(99.0, 101.0, 104.0)
    (group,) = market.sent()
    assert isinstance(group, GroupSignal)
    assert [(leg.role, str(leg.terms)) for leg in group.legs] == [
        ("entry", "BUY 10 MKT"),
        ("target", "SELL 10 LMT limit 104.42 GTC"),
        ("stop", "SELL 10 STP stop 103.79 GTC"),
    ]
    bars(90.0, 120.0)
    assert market.sent() == [], "one at a time"


# ---- trend --------------------------------------------------------------------------------------


def test_trend_buys_a_rising_market_leaves_a_falling_one_and_is_flat_over_night():
    """T0 is 22:13 UTC, 17:13 in New York; the past of the larger bars makes it ready to trade."""
    pytest.importorskip("talib", reason="the indicators extra is not installed")
    market = Market("trend:Trend", fast=2, slow=4)
    quarters, minutes = market.past()
    market.answer(quarters, 900, [81.0 + n for n in range(20)])
    market.answer(minutes, 60, [100.0] * 6)
    assert market.sent() == [], "nothing is signalled on bars of the past"
    for price in (101.0, 102.0):
        market.bar(price)
    assert market.act() == ("BUY", 10)
    for price in (101.0, 95.0):
        market.bar(price)
    assert market.act() == ("SELL", 10)
    market.bar(120.0)
    assert market.act() == ("BUY", 10)
    market.at("15:55:01")
    assert market.act() == ("SELL", 10)
    for price in (130.0, 140.0):
        market.bar(price)
    assert market.sent() == [], "the day is over"
    market.at("09:30:01")
    market.bar(160.0)
    assert market.act() == ("BUY", 10)
