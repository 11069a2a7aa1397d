"""Throughput and tws: every contender has each tick once, or says why it did not take part."""

from typing import Any

import pytest

from tapewire.benchmarks.load import made_ticks as made
from tapewire.gateway.tws.market_data import Line, MarketData
from tests.benchmarks.running import figures_of, goals_are_whole

CONTENDERS = {
    "throughput": {"tapewire", "nautilus", "vnpy", "vnpy_engine", "pyzmq_plain", "pyzmq_floor"},
    "tws": {"tapewire", "ibapi", "ib_async"},
}


@pytest.fixture(scope="module", params=sorted(CONTENDERS))
def figures(request: pytest.FixtureRequest) -> dict[str, Any]:
    return figures_of(request.param, "--seconds", "0.03", "--symbols", "2")


def test_all_take_part_and_none_loses_or_doubles_a_tick(figures: dict[str, Any]) -> None:
    (run,) = figures["runs"]
    assert set(run["contenders"]) == CONTENDERS[figures["benchmark"]]
    for one in run["contenders"].values():
        assert (
            "not installed" in one["skipped"] if "skipped" in one else one["ticks"] == one["sent"]
        )
    assert run["contenders"]["tapewire"]["ticks"] > 0
    assert goals_are_whole(figures)


def test_each_that_took_part_has_a_ratio(figures: dict[str, Any]) -> None:
    (run,) = figures["runs"]
    for name, value in run["ratios"].items():
        assert (value is None) == ("skipped" in run["contenders"][name])


def test_what_histograms_cost_is_a_goal_of_throughput(figures: dict[str, Any]) -> None:
    (run,) = figures["runs"]
    assert ("histograms" in run) == (figures["benchmark"] == "throughput")
    if "histograms" in run:
        goal = next(one for one in figures["goals"] if "histograms" in one["name"])
        assert goal["found"] == run["histograms"]["cpu_ratio"] > 0
        assert goal["figure"] == run["histograms"]["unrecorded_cpu_ns"] > 0
        assert goal["goal_max"] == 1.02


def test_each_made_message_changes_the_quote_also_when_the_ring_begins_again() -> None:
    market = MarketData()
    ids = [1, 2, 3]
    ring = made.messages(ids, 600) * 2
    for message in ring:
        fields = message[4:].split(b"\0")
        market._lines.setdefault(fields[2], Line(fields[2].decode()))
        market.readers[fields[0]](fields, 1)
    assert sum(len(taken[1]) for taken in market.take()) == len(ring)


def test_made_quotes_are_those_of_the_made_messages() -> None:
    changes = made.changes(2, 300)
    quotes = made.quotes(["A", "B"], 300, ts_ns=7)
    assert [q.symbol for q in quotes] == ["AB"[c.symbol] for c in changes]
    for change, quote in zip(changes, quotes, strict=True):
        side = (quote.bid, quote.bid_size) if change.side == 0 else (quote.ask, quote.ask_size)
        assert side == (change.price, change.size)
