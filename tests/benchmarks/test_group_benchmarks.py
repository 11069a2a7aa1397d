"""Orders, fan-out, recovery and growth on the real group: counts, never how long it took."""

import pytest

from tests.benchmarks.running import figures_of, goals_are_whole
from tests.bridge.mirrored import needs_nats


def test_every_signal_becomes_one_order() -> None:
    figures = figures_of("orders", "--seconds", "0.3", "--outstanding", "20")
    counts = figures["counts"]
    assert counts["ticks"] == counts["signals"] == counts["orders"] > 500
    assert counts["duplicates"] == counts["dead_letters"] == 0
    assert figures["orders_per_s"] > 0
    assert goals_are_whole(figures)


def test_every_strategy_has_every_tick() -> None:
    figures = figures_of("fanout", "--seconds", "0.5", "--rate", "400", "--strategies", "2")
    assert [stage["strategies"] for stage in figures["stages"]] == [2]
    for stage in figures["stages"]:
        assert stage["received_min"] == stage["received_max"] == stage["ticks"] == 200
        assert stage["missed_messages"] == 0
    assert {"gateway", "liquidation", "risk", "executor", "strategy-bench-2"} <= set(
        figures["rss_mb"]
    )
    assert goals_are_whole(figures)


def test_every_tick_that_is_captured_at_a_cost_is_recorded() -> None:
    figures = figures_of("recorder", "--seconds", "0.5", "--rate", "2000", "--per-message", "5")
    (stage,) = figures["stages"]
    assert stage["recorded"] == stage["sent"] > 1_000
    assert stage["cpu_percent"] > 0
    assert goals_are_whole(figures)


@pytest.mark.soak
@needs_nats
def test_every_record_of_a_journal_is_mirrored_in_its_order() -> None:
    figures = figures_of("cluster", "--seconds", "0.4", "--records", "500", "--rate", "100")
    assert figures["faults"] == []
    assert len(figures["runs"]) == (1 if figures["no_namespaces"] else 2)
    for run in figures["runs"]:
        assert run["records_per_s"] > 0
        assert run["lag_ms"]["count"] >= 20
        assert [one["where"] for one in run["ticks"]] == ["home", "home", "far", "far"]
        assert all(one["ticks"] == one["sent"] > 0 for one in run["ticks"])
    cost = figures["cost"]
    assert cost["records"] > 0
    assert min(cost["cpu_us_per_tick"]) > 0
    assert goals_are_whole(figures)


@pytest.mark.soak
def test_every_process_comes_back_after_a_kill() -> None:
    figures = figures_of("recovery", "--seconds", "0.1", "--starts", "1")
    expected = {"gateway", "liquidation", "executor", "risk", "strategy-first"}
    assert {name: one["count"] for name, one in figures["ready_ms"].items()} == dict.fromkeys(
        expected, 1
    )
    assert figures["up_to_first_tick_ms"]["count"] == 1
    assert goals_are_whole(figures)


@pytest.mark.soak
def test_every_viewer_of_a_console_sees_prices() -> None:
    figures = figures_of("console", "--seconds", "4", "--rate", "2000", "--viewers", "3")
    assert figures["lag_ms"]["count"] > 3
    assert figures["cpu_percent"] > 0
    assert set(figures["gateway_percent"]) == {"alone", "console", "viewers"}
    assert goals_are_whole(figures)


@pytest.mark.soak
def test_every_breach_is_answered_with_and_without_a_gateway() -> None:
    figures = figures_of("risk", "--seconds", "5", "--kills", "1")
    assert [one["count"] for one in figures["answers_ms"].values()] == [1, 1, 1]
    assert goals_are_whole(figures)


def test_every_process_starts_on_a_long_past() -> None:
    figures = figures_of("growth", "--sizes", "0,2000", "--starts", "1", "--seconds", "30")
    fresh, grown = figures["sizes"]
    assert fresh["journals"]["gateway"] == 0
    assert grown["journals"]["gateway"] >= 2000
    assert grown["checkpoint"]["size_mb"] > 0
    started = grown["started"]
    assert set(started) == {"gateway", "liquidation", "executor", "risk", "strategy-bench"}
    assert all(one["ready_s"] > 0 and one["peak_mb"] > 10 for one in started.values())
    assert goals_are_whole(figures)
