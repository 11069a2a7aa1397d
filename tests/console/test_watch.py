"""`tapewire watch`: matches on what was recorded, in the journals, and as it is published."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapewire.common.config import settings as configuration
from tapewire.common.events import Quote, Trade
from tapewire.console.commands.watch import Watching
from tapewire.console.records.live_events import LiveEvents
from tapewire.recorder.folder import OPEN, Folder
from tapewire.strategy.patterns import bar, quote, step, trade
from tests.console.running import Tapewire
from tests.console.test_tail import Publishers
from tests.recorder.published import Market, segment

PATTERNS = """
from tapewire.common.events import Fill, OrderCreated
from tapewire.strategy.patterns import bar, event, quote, step, times, trade

any_trade = step(trade)
lone = step(trade).then_not(quote, "1h")
large = step(event(Fill).quantity >= 5)
filled = step(event(OrderCreated).order.terms.quantity > 1).then(event(Fill)).by("account")
filled = filled.within("1m")
minutes = step(bar.seconds == 60)
part = step(trade).then(quote)
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "mine.py"
    path.write_text(PATTERNS)
    return str(path)


def test_what_was_recorded_is_looked_through(tapewire: Tapewire, run_dir: Path, file: str) -> None:
    pytest.importorskip("pyarrow")
    market = Market()
    segment(Folder(run_dir / "recorded"), 1, market.messages(20), end=OPEN)
    trades = [one for one in market.ticks if isinstance(one, Trade)]
    ended = tapewire("watch", f"{file}:any_trade", "--from", "2024-01-08", "--json")
    assert [one["ts_ns"] for one in ended.lines] == [one.ts_ns for one in trades]
    assert ended.lines[0]["events"][0]["price"] == trades[0].price
    shown = tapewire("watch", f"{file}:any_trade", "--from", "2024-01-08")
    assert f"trade {trades[0].price:g}" in shown.out
    assert shown.err.endswith(f"{len(trades)} matches\n")
    before = tapewire("watch", f"{file}:any_trade", "--to", "2024-01-07")
    assert (before.out, "of that time are recorded in" in before.err) == ("", True)
    assert "of that time are recorded" not in shown.err


def test_bars_are_made_of_recorded_trades(tapewire: Tapewire, run_dir: Path, file: str) -> None:
    pytest.importorskip("pyarrow")
    refused = tapewire("watch", f"{file}:minutes", "--from", "2024-01-08")
    assert (refused.status, "with --bars" in refused.err) == (2, True)
    watching = Watching([step(bar.close > 2)], ["rich"], "1m", ["AAPL"])
    minute = 60_000_000_000
    ticks = [Trade("AAPL", minute + 1, 3.0, 1.0), Trade("AAPL", 2 * minute + 1, 1.0, 1.0)]
    [match] = watching.all_of([*ticks, Quote("AAPL", 3 * minute, 1.0, 1.0, 2.0, 1.0)], 4 * minute)
    assert (match.ts_ns, match.last.close) == (2 * minute, 3.0)


def test_the_journals_events_are_looked_through(
    tapewire: Tapewire, run_dir: Path, file: str
) -> None:
    ended = tapewire("watch", f"{file}:large", "--from", "2026-11-20", "--json")
    assert [one["events"][0]["quantity"] for one in ended.lines] == ["6"]
    found = tapewire("watch", f"{file}:filled", "--from", "2026-11-20", "--json").lines
    assert [event["event"] for event in found[0]["events"]] == [
        "order.created", "execution.reported",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (":larg", "has no pattern larg; did you mean large"),
        (":part", "needs a bound in time"),
        ("x", "expected module:name or file.py:name"),
    ],
)
def test_what_is_no_pattern_is_refused(
    tapewire: Tapewire, file: str, name: str, words: str
) -> None:
    ended = tapewire("watch", f"{file}{name}", "--from", "-1h")
    assert ended.status == 2
    assert words in ended.err


@pytest.fixture
def publishers(tmp_path: Path) -> Iterator[Publishers]:
    one = Publishers(tmp_path)
    yield one
    one.close()


def test_live_events_are_events_again(publishers: Publishers, tmp_path: Path) -> None:
    config = configuration.Config(run_dir=tmp_path)
    kinds: set[str] = set()
    with LiveEvents(config, ["A"], ticks=True) as events:
        for seq, moment in enumerate(events.read(10), 1):
            kinds.add(type(moment).__name__)
            if {"Quote", "RiskHalted", "int"} <= kinds:
                break
            publishers.tick("A", seq)
            publishers.journaled(seq)
    assert {"Quote", "RiskHalted", "int"} <= kinds


def test_what_does_not_come_is_noticed_as_time_passes() -> None:
    watching = Watching([step(trade).then_not(trade, "1s")], ["lone"], None, ["A"])
    assert [*watching.take(Trade("A", 10**9, 1.0, 1.0))] == []
    assert [*watching.advance(2 * 10**9)] == []
    [match] = watching.advance(2 * 10**9 + 1)
    assert watching.as_json(match)["pattern"] == "lone"


def test_at_the_end_of_what_was_recorded_nothing_waits_any_more() -> None:
    lone = step(trade).then_not(quote, "1s")
    patterns = [lone, step(trade.price > 1).reorder("1m"), lone.reorder("1m")]
    watching = Watching(patterns, ["lone", "ordered", "both"], None, ["A"])
    ticks = [Trade("A", 10**9, 2.0, 1.0)]
    found = [watching.as_json(one)["pattern"] for one in watching.all_of(ticks, 3 * 10**9)]
    assert sorted(found) == ["both", "lone", "ordered"]


def test_no_more_time_has_passed_than_until_the_end_or_now() -> None:
    lone = step(trade).then_not(quote, "1h")
    now_ns = time.time_ns()
    for tick_ns, end_ns in ((10**9, 2 * 10**9), (now_ns, 2**63 - 1)):
        watching = Watching([lone], ["lone"], None, ["A"])
        assert [*watching.all_of([Trade("A", tick_ns, 2.0, 1.0)], end_ns)] == []


def test_each_kind_of_failure_is_shown_once_and_at_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wrong = step(trade.where(lambda one: {}[one.price]))
    watching = Watching([wrong], ["wrong"], None, ["A"])
    for second in range(100):
        assert [*watching.take(Trade("A", second * 10**9, float(second), 1.0))] == []
    assert capsys.readouterr().err.count("raised KeyError(0.0)") == 1
    assert watching.matcher.failed == 100
    assert watching.matcher.failures == []
