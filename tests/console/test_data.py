"""What `tapewire data` prints: each number with all of its digits."""

import json
import time
from decimal import Decimal
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from msgspec.structs import replace

from tapewire.common.bus import wire
from tapewire.common.config.settings import BusConfig
from tapewire.common.errors import ConfigError
from tapewire.common.events import Event, HistoryBar, HistoryQuery, OptionChain
from tapewire.common.events.account_queries import PortfolioRow
from tapewire.common.events.queries import (
    HistoryPage,
    HistoryTick,
    QueryCancel,
    QueryProgress,
    TicksPage,
)
from tapewire.common.events.scans import ScanPage
from tapewire.console.commands import data, data_accounts, data_history, data_queries, data_scan
from tapewire.console.group import questions
from tapewire.console.group.line import NoAnswer
from tapewire.console.group.questions import Answer, QueryRefused
from tapewire.console.views.progress import ERASE, ProgressLine, sentence

BAR = HistoryBar(1_763_980_200_000_000_000, 151.2345, 97123.25, 0.000001, 6012.0, 12_345_678.0)


def answer_of(*rows: HistoryBar, reason: str = "", up_to_ns: int = 0) -> Answer:
    answer = Answer()
    if up_to_ns:
        answer.take(QueryProgress(1, "q", 1, 5, len(rows), 90_000, up_to_ns))
    answer.take(HistoryPage(1, "q", rows, last=not reason))
    answer.reason = reason
    return answer


def test_prices_and_volumes_are_printed_with_all_their_digits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(data_queries, "answer", lambda *_: answer_of(BAR))
    data_history.history("AAPL")
    assert (
        capsys.readouterr().out == "2025-11-24T10:30:00Z 151.2345 97123.25 0.000001 6012 12345678\n"
    )


@pytest.mark.parametrize(("reason", "status"), [("stopped", 130), ("part 2 of 5: refused", 1)])
def test_what_has_come_is_in_the_file_and_it_says_up_to_where(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    reason: str, status: int,
):  # fmt: skip
    answer = answer_of(BAR, reason=reason, up_to_ns=BAR.ts_ns + 60_000_000_000)
    monkeypatch.setattr(data_queries, "answer", lambda *_: answer)
    file = tmp_path / "bars.csv"
    with pytest.raises(typer.Exit) as ended:
        data_history.history("AAPL", to=file)
    assert ended.value.exit_code == status
    assert file.read_text().splitlines() == [
        "time,open,high,low,close,volume,average,count",
        "2025-11-24T10:30:00.000000000Z,151.2345,97123.25,0.000001,6012,12345678,,",
    ]
    assert f"{reason}; the file has all of them before 2025-11-24T10:31:00Z" in (
        capsys.readouterr().err
    )


def test_without_a_file_or_without_rows_a_part_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(data_queries, "answer", lambda *_: answer_of(BAR, reason="refused"))
    with pytest.raises(QueryRefused, match="refused"):
        data_history.history("AAPL")
    monkeypatch.setattr(data_queries, "answer", lambda *_: answer_of(reason="refused"))
    with pytest.raises(QueryRefused, match="refused"):
        data_history.history("AAPL", to=tmp_path / "bars.csv")
    assert not list(tmp_path.iterdir())


def test_pages_behind_a_gap_are_left_out():
    answer = Answer()
    for page in (3, 1):
        answer.take(HistoryPage(1, "q", (BAR,), page, page == 3))
    assert not answer.is_whole
    assert len(answer.pages) == 1
    answer.take(HistoryPage(1, "q", (BAR,), 2, last=False))
    assert answer.is_whole


def test_progress_is_a_line_on_a_terminal_and_nothing_in_a_pipe(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    progress = QueryProgress(1, "q", 3, 52, 20_160, 95_000)
    with ProgressLine("bars") as shown:
        shown.show(progress)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with ProgressLine("bars") as shown:
        shown.show(progress)
    expected = "3 of 52 parts, 20,160 bars, at least 2 min left"
    assert capsys.readouterr().err == f"{ERASE}{expected}{ERASE}"
    assert sentence(replace(progress, left_ms=7_260_000), "bars").endswith("2 h 1 min left")
    assert sentence(replace(progress, left_ms=0), "bars") == "3 of 52 parts, 20,160 bars"


def test_ticks_since_a_time_are_those_up_to_now(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    asked = []
    answer = Answer()
    rows = (HistoryTick(BAR.ts_ns, 150.5, 10.0), HistoryTick(BAR.ts_ns, 151.0))
    answer.take(TicksPage(1, "q", rows))
    monkeypatch.setattr(data_queries, "answer", lambda query, *_: asked.append(query) or answer)
    data_history.ticks("AAPL", since="2026-11-20T14:30:00")
    assert capsys.readouterr().out == ("2025-11-24T10:30:00Z 150.5 10\n2025-11-24T10:30:00Z 151\n")
    data_history.ticks("AAPL")
    since, newest = asked
    assert since.end_ns > since.start_ns == 1_795_185_000 * 10**9
    assert (newest.start_ns, newest.end_ns) == (0, 0)


def test_strikes_are_printed_with_all_their_digits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    chain = OptionChain("CME", "ES", "50", ("20261218",), (1234.375, 10_000_000.0))
    monkeypatch.setattr(data_queries, "asked", lambda *_: [chain])
    data.chain("ES")
    assert capsys.readouterr().out.endswith("strikes 1234.375 10000000\n")


def test_tables_show_each_number_whole_however_wide_they_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    rows = [
        PortfolioRow("DU1", "AAPL  261218C00150000", Decimal("-1234567"), Decimal("15012.345678")),
        PortfolioRow(
            "DU1", "AAPL", Decimal(1), None, Decimal(150), Decimal(150), Decimal(0), "USD"
        ),
    ]
    monkeypatch.setattr(data_queries, "asked", lambda *_: rows)
    data_accounts.portfolio()
    assert capsys.readouterr().out.splitlines() == [
        "account symbol                quantity average_cost price value unrealised currency",
        "DU1     AAPL  261218C00150000 -1234567 15012.345678     -     -          - -",
        "DU1     AAPL                         1            -   150   150          0 USD",
    ]
    data_accounts.portfolio(as_json=True)
    first, _ = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["quantity"], first["price"]) == ("-1234567", None)


def test_a_ranking_is_shown_with_its_age_and_nothing_by_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    page = ScanPage(1, "q", (), taken_ns=time.time_ns() - 7_500_000_000)
    monkeypatch.setattr(data_queries, "pages", lambda *_: [page])
    data_scan.scan("MOST_ACTIVE")
    assert capsys.readouterr().out == "as of 7 s ago\nno contract passes\n"


def test_a_scan_that_no_gateway_could_read_is_refused_here(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(ConfigError, match="there is no such scan"):
        data_scan.scan("MOST ACTIVE")


class Interrupted:
    """A gateway that sends two messages; then the person presses Ctrl-C."""

    def __init__(self) -> None:
        self.sent: list[Event] = []

    def connect(self, *_: object) -> None: ...

    def present(self, *_: object) -> None: ...

    def close(self) -> None: ...

    def send(self, _channel: str, frames: list[bytes]) -> bool:
        self.sent.append(wire.decode_event(frames[0]))
        return True

    def poll(self, _timeout_ms: int) -> list[tuple[str, list[bytes]]]:
        if len(self.sent) > 1 or self.answers is None:
            return []
        answers, self.answers = self.answers, None
        return [("queries", [wire.encode(one)]) for one in answers] if answers else []

    answers: list[Event] | None = None


@pytest.mark.parametrize("in_parts", [True, False])
def test_ctrl_c_ends_a_long_answer_at_the_gateway_and_keeps_what_has_come(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, in_parts: bool
):
    line = Interrupted()
    line.answers = [QueryProgress(1, "q", 1, 5, 1, 0, 99), HistoryPage(1, "q", (BAR,), 1, False)]
    monkeypatch.setattr(questions, "ZmqTransport", lambda: line)

    def press(_progress: QueryProgress) -> None:
        raise KeyboardInterrupt

    if not in_parts:
        line.answers = None
        monkeypatch.setattr(line, "poll", press)
    place = SimpleNamespace(run_dir=tmp_path, bus=BusConfig())
    query = HistoryQuery("q", "AAPL")
    if not in_parts:
        with pytest.raises(KeyboardInterrupt):
            questions.ask(place, "gateway", query)
        return
    answer = questions.ask(place, "gateway", query, press)
    assert (answer.reason, answer.up_to_ns) == ("stopped", 99)
    assert line.sent == [query, QueryCancel("q")]


def test_a_gateway_that_falls_silent_within_a_long_answer_costs_nothing_that_has_come(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    line, seconds = Interrupted(), count()
    line.answers = [HistoryPage(1, "q", (BAR,), 1, False), QueryProgress(1, "q", 1, 5, 1, 0, 99)]
    monkeypatch.setattr(questions, "ZmqTransport", lambda: line)
    monkeypatch.setattr(questions, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    place = SimpleNamespace(run_dir=tmp_path, bus=BusConfig())
    answer = questions.ask(place, "gateway", HistoryQuery("q", "AAPL"))
    assert "gateway did not answer" in answer.reason
    assert len(answer.pages) == 1
    line.sent.clear()
    with pytest.raises(NoAnswer):
        questions.ask(place, "gateway", HistoryQuery("q", "AAPL"))
