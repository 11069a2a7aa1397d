"""The benchmark of patterns, on few ticks: it counts, compares and reports."""

import argparse

import pytest

from tapewire.benchmarks import patterns


def test_it_reports_a_rate_a_ratio_and_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "TICKS", 2_000)
    monkeypatch.setattr(patterns, "NAIVE_TICKS", 60)
    figures = patterns.measure(argparse.Namespace(seconds=0))
    assert figures["faults"] == []
    assert len(figures["patterns"]) == 10
    assert figures["matches"] > 0
    assert figures["goals"][0]["goal_min"] == 500_000
    assert figures["goals"][1]["found"] > 1


def test_each_of_the_ten_patterns_is_matched() -> None:
    ticks = patterns.made(50_000)
    assert all(patterns._compiled([*patterns.ten().values()], ticks))


def test_other_matches_than_the_naive_ones_are_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "TICKS", 500)
    monkeypatch.setattr(patterns, "NAIVE_TICKS", 60)
    monkeypatch.setattr(patterns.naive, "matches", lambda *_: [])
    assert patterns.measure(argparse.Namespace(seconds=0))["faults"] != []
