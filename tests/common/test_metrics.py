"""Counters and histograms: what is counted is what is shown."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from tapewire.common.runtime.metrics import Histogram, Metrics
from tapewire.common.runtime.prometheus import PrometheusView


def test_an_empty_histogram_has_no_quantile() -> None:
    histogram = Histogram()
    assert histogram.quantile(0.5) is None
    assert histogram.summary_us() == dict.fromkeys(("p50", "p99", "p999", "max")) | {"count": 0}


@given(st.lists(st.integers(0, 10**12), min_size=1), st.sampled_from([0.01, 0.5, 0.99, 1.0]))
def test_quantiles_are_within_three_percent(durations: list[int], q: float) -> None:
    histogram = Histogram()
    for duration in durations:
        histogram.record(duration)
    rank = next(n for n in range(1, len(durations) + 1) if n >= q * len(durations))
    true = sorted(durations)[rank - 1]
    found = histogram.quantile(q)
    assert found is not None
    assert true <= found <= true * 1.032


def test_a_clock_set_back_counts_as_nothing() -> None:
    histogram = Histogram()
    histogram.record(-5)
    assert (histogram.count, histogram.sum_ns, histogram.quantile(1.0)) == (1, 0, 0.0)


def test_many_at_once_weigh_as_many() -> None:
    histogram = Histogram()
    histogram.record(1000, times=99)
    histogram.record(50_000)
    assert histogram.summary_us() == pytest.approx(
        {"p50": 1.0, "p99": 1.0, "p999": 50.0, "max": 50.0, "count": 100}, rel=0.03
    )


def test_a_counter_is_the_sum_of_its_labels() -> None:
    metrics = Metrics()
    metrics.count("ticks", 2, label="ES")
    metrics.count("ticks", label="NQ")
    metrics.count("orders")
    assert metrics.value("ticks") == 3
    assert metrics.value("never") == 0


def test_a_snapshot_is_json() -> None:
    metrics = Metrics()
    metrics.count("ticks", 2, label="ES")
    metrics.count("orders")
    metrics.hops["tick"].record(1500)
    shown = json.loads(json.dumps(metrics.snapshot()))
    assert shown["counters"] == {"orders": 1, "ticks.ES": 2}
    assert shown["hops_us"]["tick"]["count"] == 1


@given(st.lists(st.integers(0, 10**10)), st.lists(st.integers(1, 10**10), min_size=1))
def test_counts_within_a_bound_are_of_durations_within_it(
    durations: list[int], bounds: list[int]
) -> None:
    histogram = Histogram()
    for duration in durations:
        histogram.record(duration)
    bounds.sort()
    for bound, count in zip(bounds, histogram.at_most(bounds), strict=True):
        assert count <= sum(d <= bound for d in durations)
        assert count >= sum(d * 1.032 + 1 <= bound for d in durations)


def page_of(metrics: Metrics) -> str:
    registry = CollectorRegistry()
    registry.register(PrometheusView(metrics, "gateway"))
    return generate_latest(registry).decode()


def test_prometheus_gets_quantiles_of_every_hop() -> None:
    metrics = Metrics()
    for ms in range(1, 101):
        metrics.hops["tick"].record(ms * 1_000_000)
    page = page_of(metrics)
    found = dict(line.rsplit(" ", 1) for line in page.splitlines() if "quantile" in line)
    for q in (0.5, 0.95, 0.99):
        name = f'tapewire_hop_seconds{{hop="tick",process="gateway",quantile="{q}"}}'
        assert float(found[name]) == pytest.approx(q / 10, rel=0.04)


def test_prometheus_gets_own_work_as_a_histogram() -> None:
    metrics = Metrics()
    for us in (5, 80, 80, 3_000_000):
        metrics.times["commit", ""].record(us * 1000)
    page = page_of(metrics)
    assert 'tapewire_commit_seconds_bucket{label="",le="1e-05",process="gateway"} 1.0' in page
    assert 'tapewire_commit_seconds_bucket{label="",le="0.0001",process="gateway"} 3.0' in page
    assert 'tapewire_commit_seconds_bucket{label="",le="1.0",process="gateway"} 3.0' in page
    assert 'tapewire_commit_seconds_bucket{label="",le="+Inf",process="gateway"} 4.0' in page
    assert "tapewire_commit_seconds_sum" in page


def test_what_is_watched_is_read_when_it_is_asked_for() -> None:
    metrics, missed = Metrics(), {"ES": 0}
    metrics.watch("missed", lambda: missed, "counter")
    metrics.watch("journal_seq", lambda: {"": 7})
    missed["ES"] = 3
    assert metrics.snapshot()["gauges"] == {"journal_seq": 7, "missed.ES": 3}
    page = page_of(metrics)
    assert 'tapewire_missed_total{label="ES",process="gateway"} 3.0' in page
    assert 'tapewire_journal_seq{label="",process="gateway"} 7.0' in page


def test_prometheus_sees_the_same_in_its_own_units() -> None:
    metrics = Metrics()
    metrics.count("ticks", 2, label="ES")
    metrics.hops["tick"].record(500_000_000)
    page = page_of(metrics)
    assert 'tapewire_ticks_total{label="ES",process="gateway"} 2.0' in page
    assert 'tapewire_hop_seconds_count{hop="tick",process="gateway"} 1.0' in page
    assert 'tapewire_hop_seconds_sum{hop="tick",process="gateway"} 0.5' in page
