"""`tapewire trace`: from a fill back to its tick."""

from decimal import Decimal

import pytest

from tapewire.common.events import OrderCreated, OrderTerms, SubmitOrder
from tapewire.console.records import trace
from tapewire.console.views import terminal
from tests.console.journaled import MS, T0

FILL, COST = "execution.reported", "commission.reported"
WAY = [
    ("tick", 8), ("signal", 9), ("order.created", 10), ("order.intended", 11), ("sent", 12),
    ("order.accepted", 13), (FILL, 14), (COST, 14), (FILL, 15), ("order.filled", 15), (COST, 16),
]  # fmt: skip


@pytest.mark.parametrize("text", ["dip-e-1/1", "dip-e-1"])
def test_an_order_is_traced_from_its_tick_to_its_last_commission(tapewire, run_dir, text):
    found = tapewire("trace", text, "--json").json
    assert [(s["name"], (s["ts_ns"] - T0) // MS) for s in found["steps"]] == WAY
    assert [s["us"] for s in found["steps"]][:6] == [None, 1000, 1000, 1000, 1000, 1000]
    assert (found["total_us"], found["signal_id"], found["strategy"]) == (8000, "dip-e-1", "dip")


def test_one_fill_is_traced_without_the_others(tapewire, run_dir):
    found = tapewire("trace", "0000a.02.01", "--json").json
    fills = [s for s in found["steps"] if s["name"] in (FILL, COST)]
    assert [s["detail"] for s in fills] == ["BUY 6 AAPL at 100.20", "0.65 USD"]
    assert found["steps"][0]["name"] == "tick"


def test_a_fill_that_both_gateways_report_is_traced_by_the_one_that_knows_its_order(
    tapewire, run_dir
):
    found = tapewire("trace", "0000a.01.01", "--json").json
    assert found["intent_id"] == "dip-e-1/1"
    assert [s["source"] for s in found["steps"] if s["name"] == FILL] == ["gateway"]


def test_the_start_of_an_id_is_enough_if_it_is_unique(tapewire, run_dir):
    assert tapewire("trace", "dip-e-2", "--json").json["intent_id"] == "dip-e-2/1"
    assert tapewire("trace", "0000b", "--json").json["exec_id"] == "0000b.01.01"
    ended = tapewire("trace", "0000a")
    assert ended.status == 1
    assert (
        "2 ids start with '0000a', such as 0000a.01.01, 0000a.02.01; give more of the id"
        in ended.err
    )


def test_a_fill_of_an_order_that_is_not_ours_is_a_trace_of_one_step(tapewire, run_dir):
    found = tapewire("trace", "0000b.01.01", "--json").json
    assert [s["name"] for s in found["steps"]] == [FILL]
    assert (found["intent_id"], found["signal_id"], found["strategy"]) == (None, None, None)


def test_a_denied_signal_says_why(tapewire, run_dir):
    found = tapewire("trace", "dip-e-9", "--json").json
    assert [(s["name"], s["detail"]) for s in found["steps"]] == [("order.denied", "MaxContracts")]


def test_an_order_that_confidence_made_smaller_shows_what_was_asked_for():
    terms = OrderTerms("BUY", Decimal(5))
    order = SubmitOrder("dip-e-1/1", 1, "DU1", "dip", "AAPL", terms, 2)
    described = trace._detail(OrderCreated(1, "dip-e-1", order, Decimal(10), 0.5))
    assert described == "AAPL BUY 5 MKT, of 10 at confidence 0.5"
    assert trace._detail(OrderCreated(1, "dip-e-1", order)) == "AAPL BUY 5 MKT"


def test_an_unknown_id_is_an_error(tapewire, run_dir):
    ended = tapewire("trace", "nothing")
    assert ended.status == 1
    assert ended.err.startswith("tapewire: 'nothing' is in no journal, expected the start of")


def test_each_step_is_a_line(tapewire, run_dir):
    shown = tapewire("trace", "dip-e-1").out
    assert "11:32:18.012000 1,000.0 sent" in shown
    assert "8,000.0 us in total, 2026-11-20" in shown
    assert max(len(line) for line in shown.splitlines()) <= 80


@pytest.mark.parametrize("columns", ["80", "40"])
def test_ids_are_shown_in_full_on_any_terminal(tapewire, run_dir, monkeypatch, columns):
    monkeypatch.setattr(terminal.out, "_width", int(columns))
    shown = tapewire("trace", "0000a.02.01").out.splitlines()
    assert [
        line.rstrip() for line in shown if line.startswith(("fill ", "order ", "sig", "tick "))
    ] == [
        "fill    0000a.02.01",
        "order   dip-e-1/1",
        "signal  dip-e-1",
        "tick    gateway/e/tick.AAPL/1/0",
    ]
