"""The latency benchmark as a command: what it counts and prints, never how long anything took."""

from typing import Any

import pytest

from tapewire.benchmarks.__main__ import KNOWN
from tapewire.benchmarks.latency import _growth
from tapewire.benchmarks.load.endpoints import BARE, BarePeer, Placed
from tapewire.benchmarks.report.figures import ratio, summary_us
from tests.benchmarks.conftest import LatencyRun
from tests.benchmarks.running import benchmarks

HOPS = {
    "whole",
    "gateway_to_strategy",
    "strategy_to_executor",
    "executor_to_gateway",
    "gateway_to_tws",
    "tick_to_order",
}


@pytest.fixture
def figures(latency: LatencyRun) -> dict[str, Any]:
    return latency.figures


def test_every_tick_and_every_order_comes_through_once(figures: dict[str, Any]) -> None:
    (rate,) = figures["rates"]
    counts = rate["counts"]
    assert counts["ticks_sent"] == counts["ticks_received"] == 400  # the warm-up's and the run's
    assert counts["orders"] == counts["orders_expected"] == counts["signals"] > 0
    assert counts["gaps"] == counts["duplicates"] == counts["bare_orders_missing"] == 0
    assert figures["faults"] == []


def test_every_hop_is_summed_up(figures: dict[str, Any]) -> None:
    (rate,) = figures["rates"]
    assert set(rate["group_us"]) == HOPS
    assert set(rate["bare_us"]) == {"whole", "whole_without_fsync", "hop"}
    for summary in (*rate["group_us"].values(), *rate["bare_us"].values()):
        assert set(summary) == {"p50", "p99", "p999", "max", "count"}
        assert summary["count"] > 0


def test_a_growing_queue_would_show_in_the_last_quarter(figures: dict[str, Any]) -> None:
    (rate,) = figures["rates"]
    assert set(rate["growth_us"]) == {"first_quarter_p50", "last_quarter_p50"}
    slices = [[1000, 1000, 2000, 3000, 4000, 5000, 9000, 9000], [1000, 1000, 9000, 9000]]
    assert _growth(slices) == {"first_quarter_p50": 1, "last_quarter_p50": 9}
    assert _growth([[]])["last_quarter_p50"] is None


def test_every_ratio_is_held_against_its_goal(figures: dict[str, Any]) -> None:
    (rate,) = figures["rates"]
    assert {g["name"]: g["found"] for g in figures["goals"]} == rate["ratios"]
    assert all(g["met"] == (g["found"] <= g["goal_max"]) for g in figures["goals"])


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    for arguments in (["speed"], []):
        done = benchmarks(*arguments)
        assert done.returncode == 2
        assert f"expected one of: {', '.join(KNOWN)}, all" in done.stderr


def test_quantiles_are_samples_and_nothing_gives_none() -> None:
    summary = summary_us(range(1000, 101_000, 1000))
    assert summary == {"p50": 50, "p99": 99, "p999": 100, "max": 100, "count": 100}
    assert summary_us([])["p50"] is None
    assert ratio(None, 1.0) is ratio(1.0, None) is ratio(1.0, 0.0) is None


def test_a_bare_order_leads_to_its_tick_however_it_is_cut() -> None:
    peer = BarePeer()
    ticks = b"".join(peer.ticks(7, 2))
    assert peer.received(ticks[:70]) == (b"", [Placed("7", 7)])
    assert peer.received(ticks[70:]) == (b"", [Placed("8", 8)])
    assert len(ticks) == 2 * BARE.size
