"""`orders`, `fills`, `positions`, `blotter`: what was traded, from the journals."""

from decimal import Decimal

import pytest

from tapewire.common.events import (
    Fill,
    OrderCancelled,
    OrderFilled,
    OrderIntended,
    OrderModified,
    OrderRefused,
)
from tapewire.common.runtime.journal import SqliteJournal
from tapewire.console.records.blotter import Trading
from tests.console.journaled import FILLED, MS, T0, fill, order


def test_every_order_says_what_became_of_it(tapewire, run_dir):
    found = tapewire("orders", "--json").json["orders"]
    assert [(o["intent_id"], o["state"], o["filled"]) for o in found] == [
        ("dip-e-1/1", "FILLED", "10"),
        ("dip-e-2/1", "ACCEPTED", "0"),
        ("dip-e-3/1", "REFUSED", "0"),
    ]
    assert found[0]["latency_us"] == 4000
    assert found[0]["average_price"] == "100.16"
    assert (found[1]["limit_price"], found[1]["latency_us"]) == ("5400.25", None)
    assert found[2]["reason"] == "trading is HALTED"


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        (["--live"], ["dip-e-2/1"]),
        (["--strategy", "other"], ["dip-e-3/1"]),
        (["--symbol", "AAPL", "--strategy", "dip"], ["dip-e-1/1"]),
        (["--symbol", "ESZ6", "--strategy", "other"], []),
    ],
)
def test_orders_are_narrowed(tapewire, run_dir, arguments, ids):
    found = tapewire("orders", "--json", *arguments).json["orders"]
    assert [o["intent_id"] for o in found] == ids


def test_an_execution_that_both_gateways_tell_counts_once(tapewire, run_dir):
    found = tapewire("fills", "--json").json["fills"]
    assert [(f["exec_id"], f["quantity"], f["price"], f["commission"]) for f in found] == [
        ("0000a.01.01", "4", "100.1", "0.35"),
        ("0000a.02.01", "6", "100.2", "0.65"),
        ("0000b.01.01", "1", "99.5", None),
    ]


def test_positions_stand_beside_the_brokers_word(tapewire, run_dir):
    found = tapewire("positions", "--json").json["positions"]
    assert [(p["symbol"], p["quantity"], p["account_quantity"]) for p in found] == [
        ("AAPL", "11", "11")
    ]
    assert Decimal(found[0]["average_cost"]) == Decimal("1101.1") / 11
    assert (found[0]["realised"], found[0]["commission"]) == ("0", "1")


def test_the_blotter_has_orders_with_their_fills_and_totals(tapewire, run_dir):
    found = tapewire("blotter", "--json").json
    first = found["orders"][0]
    assert [f["exec_id"] for f in first["fills"]] == ["0000a.01.01", "0000a.02.01"]
    assert first["commission"] == {"USD": "1"}
    assert found["totals"] == {
        "orders": 3,
        "states": {"FILLED": 1, "ACCEPTED": 1, "REFUSED": 1},
        "fills": 2,
        "commission": {"USD": "1"},
    }
    newest = tapewire("blotter", "--newest-first", "--json").json["orders"]
    assert newest == found["orders"][::-1]


def test_a_correction_takes_the_place_of_the_fill_that_it_corrects():
    trading = Trading()
    for event in (
        OrderIntended(T0, 1, FILLED),
        fill("x.1.01", 1, 4, "100", "dip-e-1/1"),
        fill("x.1.02", 2, 3, "99", "dip-e-1/1"),
    ):
        trading.apply(event)
    assert trading.orders["dip-e-1/1"].filled == 3
    assert [f.exec_id for f in trading.fills.values()] == ["x.1.02"]


def test_a_late_fill_after_a_cancel_is_counted_and_filled_is_the_end():
    trading = Trading()
    late: Fill = fill("x.1.01", 2, 10, "100", "dip-e-1/1")
    trading.apply(OrderIntended(T0, 1, FILLED))
    trading.apply(OrderCancelled(T0 + MS, "dip-e-1/1"))
    trading.apply(late)
    assert trading.orders["dip-e-1/1"].state == "CANCELLED"
    trading.apply(OrderFilled(T0 + 2 * MS, "dip-e-1/1"))
    trading.apply(OrderCancelled(T0 + 3 * MS, "dip-e-1/1"))
    assert trading.orders["dip-e-1/1"].state == "FILLED"


@pytest.mark.parametrize("command", ["orders", "fills", "positions", "blotter"])
def test_tables_fit_a_terminal(tapewire, run_dir, command):
    ended = tapewire(command)
    assert ended.status == 0
    assert "AAPL" in ended.out
    assert max(len(line) for line in ended.out.splitlines()) <= 80


@pytest.mark.parametrize("command", ["orders", "fills", "positions", "blotter"])
def test_a_group_that_has_not_traded_yet_is_no_error(tapewire, tmp_path, command):
    (tmp_path / "r" / "journals").mkdir(parents=True)
    assert tapewire(command).status == 0
    found = tapewire(command, "--json")
    assert found.status == 0
    assert not found.json[command if command != "blotter" else "orders"]


def test_an_order_that_was_changed_is_shown_with_its_present_terms():
    trading = Trading()
    trading.apply(OrderIntended(T0, 1, FILLED))
    trading.apply(OrderModified(T0 + MS, "dip-e-1/1", "m-1", Decimal(7), Decimal("99.5")))
    order = trading.orders["dip-e-1/1"]
    assert (order.quantity, order.limit_price) == (7, Decimal("99.5"))
    assert order.state == "INTENDED"


@pytest.fixture
def in_a_halt(run_dir):
    """After the one that is refused already, 79 more; then two for another reason, and a fill."""
    journal = SqliteJournal(run_dir / "journals" / "gateway.sqlite")
    reasons = ["trading is HALTED"] * 79 + ["heard 5 ms ago", "heard 16 ms ago"] + [""]
    for number, reason in enumerate(reasons, 4):
        made = order(number, 200 + number, strategy=("dip", "other")[number % 2])
        end = OrderRefused(made.ts_ns, made.intent_id, reason)
        journal.append([OrderIntended(made.ts_ns, number, made), *([end] if reason else [])])
    journal.close()


@pytest.mark.parametrize("command", [["orders"], ["blotter"], ["blotter", "--newest-first"]])
def test_orders_that_are_refused_in_a_row_for_one_reason_are_folded(tapewire, in_a_halt, command):
    ended = tapewire(*command)
    rows = [line.split() for line in ended.out.splitlines()[1:] if line.startswith("11:")]
    folded = [row[1:] for row in rows if "..." in row]
    assert folded == [["...", "79", "more", "REFUSED"]]
    assert len(rows) == 2 + 1 + 1 + 2 + 1  # as before with the first; the 79; two; the last
    assert len(tapewire(*command, "--json").json["orders"]) == 85


def test_the_reasons_of_folded_orders_are_counted_below(tapewire, in_a_halt):
    said = tapewire("orders").out
    assert "80 REFUSED: trading is HALTED\n" in said
    assert "2 REFUSED, the last: heard 16 ms ago\n" in said
    assert "85 orders, 2026-11-20" in said
