"""The momentum example on made quotes."""

from tapewire.common.config import settings as configuration
from tests.places import ROOT
from tests.strategy.kit import NOW, at, fill, gateway, quote, runner

PARAMETERS = {"window": 10, "entry": 2.0, "quantity": 5, "pause": 20}


class Market:
    """A momentum strategy fed with middles."""

    def __init__(self, parameters: dict[str, object] = PARAMETERS) -> None:
        self.runner = runner(
            strategy="tapewire.strategy.examples.momentum:Momentum", parameters=parameters, name="m"
        )

    def feed(self, *middles: float) -> list[tuple[str, int]]:
        """The quotes' signals, each taken as sent and ended."""
        for middle in middles:
            self.runner.on_ticks("o", [quote(middle - 0.01, middle + 0.01)], NOW)
        signals = [w.signal for w in self.runner.waiting.values()]
        self.runner.waiting.clear()
        return [(s.terms.side, int(s.terms.quantity)) for s in signals]

    def fill(self, quantity: int, side: str = "BUY") -> None:
        gateway(self.runner, fill(f"e{quantity}", quantity, side, strategy="m"))


CALM = [100.0, 100.1] * 10


def test_in_a_calm_market_it_does_nothing():
    assert Market().feed(*CALM) == []


def test_it_buys_above_the_range_and_sells_below_it():
    assert Market().feed(*CALM, 105.0) == [("BUY", 5)]
    assert Market().feed(*CALM, 95.0) == [("SELL", 5)]


def test_it_does_nothing_before_its_window_is_full():
    assert Market().feed(100.0, 100.1, 105.0) == []


def test_a_market_that_does_not_move_at_all_is_no_breakout():
    assert Market().feed(*[100.0] * 50) == []


def test_it_turns_a_position_round_and_does_not_add_to_one():
    market = Market()
    market.fill(5)
    assert market.feed(*CALM, 105.0) == []
    assert market.feed(*CALM, 95.0) == [("SELL", 10)]


def test_it_pauses_after_a_signal_and_waits_for_what_is_pending():
    market = Market()
    assert market.feed(*CALM, 105.0) == [("BUY", 5)]
    assert market.feed(*CALM[:10], 95.0) == []
    market.feed(*CALM)
    assert market.feed(95.0) == [("SELL", 5)]
    waiting = Market()
    for middle in [*CALM, 105.0, *CALM, *CALM, 95.0]:
        waiting.runner.on_ticks("o", [quote(middle, middle)], NOW)
    assert len(waiting.runner.due(at(1000))) == 1


def test_a_quote_with_an_empty_side_is_passed_over():
    market = Market()
    market.runner.on_ticks("o", [quote(None, 1.0), quote(1.0, None)] * 30, NOW)
    assert (market.runner.failures, market.feed(105.0)) == (0, [])


def test_a_symbol_may_have_a_quantity_of_its_own():
    one = Market({**PARAMETERS, "quantities": {"AAPL": 1}})
    assert one.feed(*CALM, 110.0) == [("BUY", 1)]


def test_as_shipped_it_trades_one_of_a_future_whose_multiplier_would_be_all_of_the_result():
    shipped = configuration.load(str(ROOT / "tapewire.toml"))
    futures = {i.symbol: 1 for i in shipped.instruments if i.sec_type == "FUT"}
    assert futures
    assert [s.parameters["quantities"] for s in shipped.strategies] == [futures, futures]
