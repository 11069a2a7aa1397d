"""`self.instrument`: what is configured, and what the broker says of it."""

from decimal import Decimal

import pytest

from tapewire.common.events import InstrumentDescribed, OpenHours, PriceStep
from tapewire.common.instruments import Instrument
from tapewire.strategy.runner import Runner
from tests.strategy.kit import NOW, T0, config, gateway

D = Decimal
HOUR = 3600 * 1_000_000_000
AAPL = Instrument(symbol="AAPL", lot=D(10), con_id=7)
DESCRIBED = InstrumentDescribed(
    T0, "AAPL", 1001, "STK", "SMART", "USD", "APPLE INC", D(1), D("0.0001"),
    (PriceStep(D(0), D("0.0001")), PriceStep(D(1), D("0.01"))),
    trading_hours=(OpenHours(T0, T0 + 8 * HOUR), OpenHours(T0 + 24 * HOUR, T0 + 32 * HOUR)),
    liquid_hours=(OpenHours(T0 + 2 * HOUR, T0 + 4 * HOUR),), time_zone="US/Eastern",
)  # fmt: skip


@pytest.fixture
def runner() -> Runner:
    one = Runner(config(), ("AAPL",), "e1", [].append, instruments=[AAPL])
    one.start(NOW)
    return one


def test_before_the_broker_has_described_it_it_is_as_it_is_configured(runner: Runner):
    one = runner.strategy.instrument("AAPL")
    assert (one.min_tick, one.lot, one.multiplier, one.con_id) == (D("0.01"), 10, 1, 7)
    assert (one.is_described, one.long_name, one.is_open(T0)) == (False, "", None)
    assert one.step_at(150) == D("0.01")


def test_afterwards_it_is_as_the_broker_has_it_but_for_the_lot(runner: Runner):
    gateway(runner, DESCRIBED)
    one = runner.strategy.instrument("AAPL")
    assert (one.min_tick, one.lot, one.con_id) == (D("0.0001"), 10, 1001)
    assert (one.is_described, one.long_name, one.time_zone) == (True, "APPLE INC", "US/Eastern")


def test_the_step_is_that_of_the_price(runner: Runner):
    gateway(runner, DESCRIBED)
    one = runner.strategy.instrument("AAPL")
    assert [one.step_at(price) for price in (0.5, "0.9999", 1, D(150), -2)] == [
        D("0.0001"), D("0.0001"), D("0.01"), D("0.01"), D("0.01"),
    ]  # fmt: skip


def test_a_price_is_rounded_to_the_nearest_that_an_order_may_have(runner: Runner):
    before = runner.strategy.instrument("AAPL")
    assert [str(before.round(price)) for price in (150.004, "150.006", 150.005, -2.999)] == [
        "150.00", "150.01", "150.00", "-3.00",
    ]  # fmt: skip
    gateway(runner, DESCRIBED)
    after = runner.strategy.instrument("AAPL")
    assert [after.round(price) for price in (0.12344, 0.99996, 150.004)] == [
        D("0.1234"), 1, D("150.00"),
    ]  # fmt: skip
    with pytest.raises(ValueError, match="price"):
        after.round("much")


@pytest.mark.parametrize(
    ("hours", "regular", "any_"),
    [(-1, None, None), (1, False, True), (2, True, True), (4, False, True), (10, False, False),
     (25, False, True), (40, None, None)],
)  # fmt: skip
def test_whether_it_trades_is_known_for_the_days_that_have_hours(
    runner: Runner, hours: int, regular: bool | None, any_: bool | None
):
    gateway(runner, DESCRIBED)
    one = runner.strategy.instrument("AAPL")
    at_ns = T0 + hours * HOUR
    assert (one.is_open(at_ns), one.is_open(at_ns, regular=False)) == (regular, any_)


def test_a_symbol_that_is_not_configured_is_refused_by_name(runner: Runner):
    with pytest.raises(ValueError, match="symbol XYZ is not configured"):
        runner.strategy.instrument("XYZ")


def test_what_is_not_configured_here_is_left_out(runner: Runner):
    gateway(runner, DESCRIBED.__class__(T0, "XYZ", 1, "STK", "SMART", "USD", "", D(1), D(1)))
    with pytest.raises(ValueError, match="XYZ"):
        runner.strategy.instrument("XYZ")
