"""A combo in what the console shows: one order with its legs, and executions of each leg."""

from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from tapewire.common.events import (
    ComboLeg,
    Event,
    Fill,
    ForeignOrderReported,
    GroupCreated,
    GroupIntended,
    OrderAccepted,
    OrderCreated,
    OrderFilled,
    OrderIntended,
    OrderTerms,
    SubmitGroup,
)
from tapewire.console.records import blotter
from tapewire.console.views import option_figures
from tests.console.journaled import ACCOUNT, MS, T0, order, write

LEGS = (ComboLeg("AAPL", 1, "BUY"), ComboLeg("MSFT", 2, "SELL"))
NAME, GROUP = "AAPL - 2 MSFT", "dip-e-7"
TERMS = OrderTerms("BUY", Decimal(3), "LMT", Decimal("10.5"))
COMBO = replace(
    order(7, 300, TERMS, symbol=NAME), legs=LEGS, group_id=GROUP, role="order",
    intent_id=f"{GROUP}/1",
)  # fmt: skip


def execution(number: int, symbol: str, quantity: int, price: int) -> Fill:
    side = "BUY" if symbol == "AAPL" else "SELL"
    return Fill(
        T0 + (400 + number) * MS, ACCOUNT, f"0000c.{number}.01", "801", symbol, side,
        Decimal(quantity), Decimal(price), COMBO.intent_id, "dip",
    )  # fmt: skip


@pytest.fixture
def traded(run_dir: Path) -> Path:
    """A combo that is filled, and one at the broker that is somebody else's."""
    group = SubmitGroup(GROUP, T0 + 300 * MS, "vertical", (COMBO,))
    events: list[Event] = [
        GroupIntended(T0, group), OrderIntended(T0, "7", COMBO),
        OrderAccepted(T0, ACCOUNT, COMBO.intent_id, "7", "801"),
        execution(1, "AAPL", 3, 100), execution(2, "MSFT", 6, 45),
        OrderFilled(T0, ACCOUNT, COMBO.intent_id),
        ForeignOrderReported(
            T0, ACCOUNT, NAME, "SELL", Decimal(1), Decimal(1), "0", "", "55", "", LEGS
        ),
    ]  # fmt: skip
    write(run_dir, "gateway", events)
    write(run_dir, "executor", [GroupCreated(T0, GROUP, group), OrderCreated(T0, GROUP, COMBO)])
    return run_dir


@pytest.mark.parametrize("symbol", ["AAPL", "MSFT"])
def test_an_order_of_several_legs_is_found_by_each_of_them(tapewire, traded, symbol: str):
    found = tapewire("orders", "--symbol", symbol, "--json").json
    (one,) = [each for each in found["orders"] if each["intent_id"] == COMBO.intent_id]
    assert (one["symbol"], one["filled"], one["average_price"]) == (NAME, "3", "10")
    assert one["legs"] == [
        {"symbol": "AAPL", "ratio": 1, "side": "BUY"},
        {"symbol": "MSFT", "ratio": 2, "side": "SELL"},
    ]
    assert [each["legs"] for each in found["foreign"]] == [one["legs"]]
    assert [each["symbol"] for each in found["groups"]] == [NAME]


def test_its_executions_and_positions_are_those_of_its_legs(tapewire, traded):
    fills = tapewire("fills", "--json").json["fills"]
    of_combo = [one for one in fills if one["intent_id"] == COMBO.intent_id]
    assert [(one["symbol"], one["side"], one["quantity"]) for one in of_combo] == [
        ("AAPL", "BUY", "3"), ("MSFT", "SELL", "6"),
    ]  # fmt: skip
    positions = tapewire("positions", "--json").json["positions"]
    assert {"MSFT": "-6"}.items() <= {one["symbol"]: one["quantity"] for one in positions}.items()


def test_the_ledger_has_it_with_the_currency_of_its_legs(tapewire, traded):
    assert NAME in tapewire("blotter").out
    exported = traded / "orders.csv"
    tapewire("ledger", "export", "-o", str(exported), "--what", "orders")
    (line,) = [line for line in exported.read_text().splitlines() if COMBO.intent_id in line]
    assert NAME in line
    assert ",USD," in line


def test_a_combo_that_has_not_filled_yet_has_made_nothing_in_the_currency_of_its_legs(
    tapewire, run_dir
):
    group = SubmitGroup(GROUP, T0 + 300 * MS, "vertical", (COMBO,))
    write(run_dir, "gateway", [GroupIntended(T0, group), OrderIntended(T0, "7", COMBO)])
    write(run_dir, "executor", [GroupCreated(T0, GROUP, group), OrderCreated(T0, GROUP, COMBO)])
    (found,) = tapewire("orders", "--json").json["groups"]
    assert (found["symbol"], found["realised"], found["currency"]) == (NAME, "0", "USD")


def test_the_figures_of_a_run_have_what_each_leg_was_traded_at(traded: Path):
    trading = blotter.read(traded)
    one = trading.orders.by_intent[COMBO.intent_id]
    found = option_figures.combo(one)
    assert (found["limit"], found["filled"], found["average_price"]) == ("10.5", "3", "10")
    assert [(leg["side"], leg["filled"], leg["average_price"]) for leg in found["legs"]] == [
        ("BUY", "3", "100"), ("SELL", "6", "45"),
    ]  # fmt: skip
    assert option_figures.as_line(found) == (
        "BUY 3 of 3, limit 10.5, at 10: BUY 3 AAPL at 100, SELL 6 MSFT at 45"
    )


def test_a_combo_that_was_not_filled_has_no_prices(run_dir: Path):
    write(run_dir, "executor", [OrderCreated(T0, GROUP, COMBO)])
    one = blotter.read(run_dir).orders.by_intent[COMBO.intent_id]
    assert option_figures.as_line(option_figures.combo(one)) == "BUY 3, limit 10.5: CREATED"
