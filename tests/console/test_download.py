"""`data history --keep`: bars go into the store, and only what is missing is asked for."""

from pathlib import Path

import pytest
import typer

from tapewire.common.errors import ConfigError
from tapewire.common.events import HistoryBar
from tapewire.common.events.queries import HistoryPage, QueryProgress
from tapewire.console.commands import data_history, data_queries
from tapewire.console.group.questions import Answer
from tapewire.recorder.bars import Kind, covered
from tapewire.recorder.folder import Folder

pytest.importorskip("pyarrow")
MINUTE_NS = 60_000_000_000
DAY_NS = 1440 * MINUTE_NS
MONDAY_NS = 1_704_672_000 * 10**9  # 2024-01-08T00:00:00Z


class Broker:
    """A gateway that has a bar each hour of a weekday; it stops at `until_ns`, if that is given."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, float]] = []
        self.until_ns: int | None = None

    def answer(self, query, *_where) -> Answer:
        begin, end = ((ns - MONDAY_NS) / DAY_NS for ns in (query.start_ns, query.end_ns))
        self.asked.append((begin, end))
        answer, end_ns = Answer(), query.end_ns
        if self.until_ns is not None and self.until_ns < query.end_ns:
            end_ns, answer.reason = self.until_ns, "stopped"
        answer.take(QueryProgress(1, "q", 1, 5, 0, 0, end_ns))
        times = range(query.start_ns, end_ns, 60 * MINUTE_NS)
        of_weekdays = [ns for ns in times if (ns - MONDAY_NS) // DAY_NS % 7 < 5]
        rows = tuple(HistoryBar(ns, 1.0, 1.0, 1.0, 1.0) for ns in of_weekdays)
        answer.take(HistoryPage(1, "q", rows, last=not answer.reason))
        return answer


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    made = Broker()
    monkeypatch.setattr(data_queries, "answer", made.answer)
    return made


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TAPEWIRE_RUN_DIR", str(tmp_path / "run"))
    (tmp_path / "tapewire.toml").write_text("")

    def ask(since: str, until: str, bars: str = "1 min") -> None:
        data_history.history("AAPL", bars=bars, since=since, until=until, keep=True)

    return ask


def folder(tmp_path: Path) -> Folder:
    (found,) = tmp_path.glob("run/recorded*")
    return Folder(found)


def test_the_same_again_asks_for_nothing(broker, history, capsys):
    history("2024-01-08", "2024-01-10")
    history("2024-01-08", "2024-01-10")
    assert broker.asked == [(0, 2)]
    told = capsys.readouterr().out.splitlines()
    assert told == ["kept 48 bars of AAPL", "kept no bars of AAPL; all of that time was there"]


def test_only_what_is_missing_around_what_is_there_is_asked_for_in_weeks(broker, history, tmp_path):
    history("2024-01-10", "2024-01-12")
    history("2024-01-08", "2024-01-22")
    assert broker.asked == [(2, 4), (0, 2), (4, 11), (11, 14)]
    assert covered(folder(tmp_path), Kind("1 min"), "AAPL") == [
        (MONDAY_NS, MONDAY_NS + 14 * DAY_NS)
    ]


@pytest.mark.parametrize(
    ("until", "said"),
    [
        ("2024-01-10", ""),
        ("2024-01-18", "2 parts to ask for, each kept as it comes\n"),
        (
            "2025-03-04",
            "61 parts to ask for, each kept as it comes; TWS's limits make that take at least 10"
            " min\n",
        ),
    ],
)
def test_how_much_is_asked_for_and_how_long_it_takes_at_least_is_said_first(
    broker, history, capsys, until, said
):
    broker.until_ns = MONDAY_NS
    with pytest.raises(typer.Exit):
        history("2024-01-08", until)
    assert capsys.readouterr().err.partition("kept no bars")[0] == said


def test_one_that_was_stopped_keeps_what_came_and_goes_on_there(broker, history, capsys):
    broker.until_ns = MONDAY_NS + 36 * 60 * MINUTE_NS
    with pytest.raises(typer.Exit) as ended:
        history("2024-01-08", "2024-01-10")
    assert ended.value.exit_code == 130
    assert "kept 36 bars; stopped; the same command goes on there" in capsys.readouterr().err
    broker.until_ns = None
    history("2024-01-08", "2024-01-10")
    assert broker.asked == [(0, 2), (1.5, 2)]


def test_days_without_bars_are_not_asked_for_again_once_there_are_later_ones(broker, history):
    history("2024-01-13", "2024-01-16", bars="1 secs")
    history("2024-01-13", "2024-01-16", bars="1 secs")
    assert broker.asked == [(5, 6), (6, 7), (7, 8)]


@pytest.mark.parametrize("bars", ["1 week", "two"])
def test_bars_that_cannot_be_kept_are_refused(bars, broker, history):
    with pytest.raises(ConfigError, match="--keep takes bars of up to 1 day"):
        history("2024-01-08", "2024-01-10", bars=bars)
    with pytest.raises(ConfigError, match="which each dividend changes"):
        data_history.history("AAPL", show="ADJUSTED_LAST", keep=True)
    with pytest.raises(ConfigError, match="--keep and --to are two places"):
        data_history.history("AAPL", to=Path("bars.csv"), keep=True)
    with pytest.raises(ConfigError, match="--from is not before --until"):
        history("2024-01-10", "2024-01-08")
    assert broker.asked == []
