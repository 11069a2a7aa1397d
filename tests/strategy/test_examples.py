"""The examples on made ticks: what each is for, and what it must not do."""

import runpy
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest

from tapewire.common.events import (
    Fill,
    OrderChanged,
    OrderCreated,
    OrderUpdated,
    Signal,
    SubmitOrder,
    Trade,
)
from tapewire.strategy.runner import Runner
from tests.strategy.desk import SECOND, T0, quote, runner

EXAMPLES = Path("strategy/examples")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda p: p.stem)
def test_an_example_can_be_read_at_a_glance(path: Path):
    assert len(path.read_text().splitlines()) < 50


class Desk:
    """One strategy with an executor and a market that do as the test says."""

    def __init__(self, strategy: str, **parameters: object) -> None:
        self.runner: Runner = runner(
            strategy=f"tapewire.strategy.examples.{strategy}", parameters=parameters, name="x"
        )
        self.now_ns = T0
        self._fills = count()

    def feed(self, *middles: float) -> None:
        for middle in middles:
            self.runner.on_ticks("o", [quote(middle - 0.01, middle + 0.01)], self.now_ns)

    def bar(self, *prices: float) -> None:
        """A minute with these trades, and the next one well begun."""
        for price in prices:
            trade = Trade("AAPL", self.now_ns, price, 1.0)
            self.runner.on_ticks("o", [trade], self.now_ns)
        self.now_ns += 61 * SECOND
        self.runner.tick(self.now_ns)

    def sent(self) -> list[Signal]:
        signals = self.runner.due(self.now_ns)
        for signal in signals:
            self.runner.sent(signal, self.now_ns)
        return signals

    def take(self, signal: Signal, filled: int = 0) -> None:
        """The order is accepted, and filled so far."""
        order = SubmitOrder(
            f"{signal.id}/1", T0, "x", "AAPL", signal.action, signal.quantity, signal.order_type,
            T0, limit_price=signal.limit_price, signal_id=signal.id,
        )  # fmt: skip
        self.runner.on_executor(OrderCreated(T0, signal.id, order), self.now_ns)
        self.fill(signal, filled)

    def fill(self, signal: Signal, filled: int) -> None:
        state = "FILLED" if filled == signal.quantity else "ACCEPTED"
        changed = OrderChanged(T0, f"{signal.id}/1", "x", state, Decimal(filled))
        self.runner.on_executor(changed, self.now_ns)
        if filled:
            one = Fill(
                T0, f"e{next(self._fills)}.01", 1, "AAPL", signal.action, Decimal(filled),
                Decimal(1), f"{signal.id}/1", "x",
            )  # fmt: skip
            self.runner.on_gateway(one, self.now_ns)

    def act(self) -> tuple[str, int] | None:
        """The one order that was asked for, filled at once."""
        signals = self.sent()
        if not signals:
            return None
        (signal,) = signals
        self.take(signal, int(signal.quantity))
        return signal.action, int(signal.quantity)


# ---- mean reversion -----------------------------------------------------------------------------

CALM = [100.0, 100.1] * 30


@pytest.mark.parametrize(("far", "first", "second"), [(105, "SELL", "BUY"), (95, "BUY", "SELL")])
def test_mean_reversion_goes_against_a_move_and_out_when_it_is_over(
    far: float, first: str, second: str
):
    desk = Desk("mean_reversion:MeanReversion", memory=40, quantity=5)
    desk.feed(*CALM)
    assert desk.act() is None
    desk.feed(far)
    assert desk.act() == (first, 5)
    desk.feed(far)
    assert desk.act() is None
    desk.feed(*([100.0] if far > 100 else [100.2]))
    assert desk.act() == (second, 5)
    assert desk.runner.strategy.position("AAPL") == 0


def test_mean_reversion_waits_for_its_mean_and_for_what_is_pending():
    desk = Desk("mean_reversion:MeanReversion", memory=40)
    desk.feed(100.0, 100.1, 105.0)
    assert desk.sent() == []
    desk.feed(*CALM, 120.0, 140.0)
    assert len(desk.sent()) == 1


def test_mean_reversion_passes_over_a_market_that_does_not_move_or_has_one_side():
    desk = Desk("mean_reversion:MeanReversion", memory=40)
    desk.feed(*[100.0] * 200)
    desk.runner.on_ticks("o", [quote(None, 1.0), quote(1.0, None)], T0)
    assert (desk.sent(), desk.runner.failures) == ([], 0)


# ---- support and resistance ---------------------------------------------------------------------


def resting() -> tuple[Desk, Signal]:
    """Two minutes are over, and a bid rests at their low."""
    desk = Desk("support_resistance:SupportResistance", bars=2, quantity=5)
    desk.bar(101.0, 103.0)
    assert desk.sent() == []
    desk.bar(100.5, 102.0)
    (signal,) = desk.sent()
    return desk, signal


def test_support_rests_a_bid_at_the_low_of_the_last_bars():
    _, signal = resting()
    assert (signal.action, signal.quantity) == ("BUY", 5)
    assert (signal.order_type, signal.limit_price) == ("LMT", Decimal("100.5"))


def test_support_moves_its_order_with_the_level_and_does_not_add_another():
    desk, signal = resting()
    desk.take(signal)
    desk.bar(100.7, 102.5)
    assert desk.sent() == []
    desk.bar(100.9, 102.5)
    (change,) = desk.sent()
    assert (change.signal_id, change.limit_price) == (signal.id, Decimal("100.7"))
    updated = OrderUpdated(T0, f"{signal.id}/1", "x", Decimal(5), Decimal("100.7"), change.id)
    desk.runner.on_executor(updated, T0)
    desk.runner.outgoing.answered(change.id)
    desk.bar(100.7)
    assert desk.sent() == []


def test_resistance_sells_what_was_bought_at_the_high():
    desk, signal = resting()
    desk.take(signal, 5)
    desk.bar(101.0, 104.0)
    (sale,) = desk.sent()
    assert (sale.action, sale.quantity, sale.limit_price) == ("SELL", 5, Decimal(104))


def test_the_rest_of_a_bid_that_filled_in_part_is_cancelled_and_never_moved_to_the_high():
    desk, signal = resting()
    desk.take(signal, 2)
    desk.bar(101.0, 104.0)
    (cancel,) = desk.sent()
    assert type(cancel).__name__ == "CancelSignal"
    assert cancel.signal_id == signal.id


# ---- prediction feed ----------------------------------------------------------------------------


def predicted(*moves: float) -> Desk:
    desk = Desk("prediction_feed:PredictionFeed", quantity=5)
    for move in moves:
        value = {"symbol": "AAPL", "move": move}
        desk.runner.on_external("predictions", "prediction.AAPL", value, desk.now_ns)
    return desk


def test_a_prediction_is_followed_turned_round_and_left_when_it_is_old():
    desk = predicted(0.001)
    desk.feed(100.0)
    assert desk.act() == ("BUY", 5)
    desk.feed(100.0)
    assert desk.act() is None
    value = {"symbol": "AAPL", "move": -0.001}
    desk.runner.on_external("predictions", "prediction.AAPL", value, desk.now_ns)
    desk.feed(100.0)
    assert desk.act() == ("SELL", 10)
    desk.now_ns += 3 * SECOND
    desk.feed(100.0)
    assert desk.act() == ("BUY", 5)


def test_without_a_prediction_or_with_a_small_one_nothing_is_done():
    for desk in (predicted(), predicted(0.0001)):
        desk.feed(100.0)
        assert desk.sent() == []


def test_a_prediction_that_is_none_is_a_failure_and_no_trade():
    desk = predicted()
    desk.runner.on_external("predictions", "t", {"symbol": "AAPL"}, T0)
    desk.feed(100.0)
    assert (desk.runner.failures, desk.sent()) == (1, [])


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
    desk = predicted()
    ((value,), _dead) = values_of(body)
    desk.runner.on_external("predictions", topic.decode(), value, T0)
    assert (desk.runner.failures, list(desk.runner.strategy.predictions)) == (0, ["AAPL"])
