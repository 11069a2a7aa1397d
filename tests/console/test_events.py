"""`tapewire events`: the journals of all processes as one stream."""

import itertools
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from tapewire.common.config.settings import ConfigError
from tapewire.common.events import (
    EVERYTHING,
    ForeignOrderReported,
    PositionReported,
    RiskHalted,
    RiskResumed,
    Scope,
)
from tapewire.common.runtime.journal import SqliteJournal
from tapewire.console.records.journals import (
    FOREVER_NS,
    SETTLE_NS,
    Entry,
    Journals,
    Reader,
    Repeats,
)
from tapewire.console.views import times
from tests.console.journaled import ACCOUNT, EVENTS, MS, T0, write
from tests.places import ROOT

FILL, COST, POSITION = "execution.reported", "commission.reported", "position.reported"
ALL = sum(len(events) for events in EVENTS.values())


def test_all_journals_are_one_stream_in_time_order(tapewire, run_dir):
    found = tapewire("events", "--json").lines
    assert len(found) == ALL
    assert [one["ts_ns"] for one in found] == sorted(one["ts_ns"] for one in found)
    for source, events in EVENTS.items():
        seqs = [one["seq"] for one in found if one["source"] == source]
        assert seqs == list(range(1, len(events) + 1))


@pytest.mark.parametrize("bound_ns", [T0 + 14 * MS, FOREVER_NS])
def test_no_journal_has_more_events_from_a_time_on_than_are_asked_for(
    run_dir: Path, bound_ns: int
) -> None:
    longest = max(
        sum(one.ts_ns <= bound_ns for one in events) for events in EVENTS.values()
    )  # fmt: skip
    for count in range(1, longest):
        with Journals(run_dir) as journals:
            from_ns = journals.back(count, bound_ns)
        found = [one for events in EVENTS.values() for one in events
                 if from_ns <= one.ts_ns <= bound_ns]  # fmt: skip
        assert len(found) >= count
        assert (
            max(
                sum(from_ns < one.ts_ns <= bound_ns for one in events) for events in EVENTS.values()
            )
            < count + 1
        )
    with Journals(run_dir) as journals:
        assert journals.back(longest, bound_ns) == 0


def test_a_replay_has_every_event_from_the_first_to_the_last(tapewire, run_dir):
    assert len(tapewire("events", "replay").out.splitlines()) == ALL
    assert tapewire("events", "replay", "--json").out == tapewire("events", "--json").out
    span = ("--from", "2026-11-20T11:32:18.014", "--to", "2026-11-20T11:32:18.1", "--json")
    found = tapewire("events", "replay", "--type", "execution.", *span).lines
    assert [one["seq"] for one in found] == [3, 5, 1, 8]


def test_an_event_has_its_name_its_fields_and_exact_decimals(tapewire, run_dir):
    first = ("--from", "2026-11-20", "--limit", "1")
    found = tapewire("events", "--type", "execution.", "--json", *first).lines
    assert found == [
        {
            "ts_ns": T0 + 14 * MS,
            "source": "gateway",
            "seq": 3,
            "event": FILL,
            "fields": {
                "ts_ns": T0 + 14 * MS, "account": ACCOUNT, "exec_id": "0000a.01.01",
                "permanent_id": "7001",
                "symbol": "AAPL", "side": "BUY", "quantity": "4", "price": "100.10",
                "intent_id": "dip-e-1/1", "strategy": "dip", "cause_id": "", "cause_ns": 0,
                "signal_ns": 0,
            },
        }
    ]  # fmt: skip


def test_types_sources_and_times_narrow_it(tapewire, run_dir):
    def names(*arguments: str) -> list[str]:
        return [one["event"] for one in tapewire("events", "--json", *arguments).lines]

    assert names("--type", "risk.", "--type", "commission") == [
        COST, COST, "risk.halted",
    ]  # fmt: skip
    assert names("--source", "risk") == ["risk.halted"]
    assert names("--from", times.iso(T0 + 200 * MS)) == [
        "order.created", "order.denied", POSITION,
    ]  # fmt: skip
    assert names("--to", times.iso(T0 + 11 * MS)) == ["order.created", "order.intended"]
    assert names("--from", "2030-01-01") == []


def test_a_limit_gives_the_newest_unless_a_start_is_named(tapewire, run_dir):
    def names(*arguments: str) -> list[str]:
        return [one["event"] for one in tapewire("events", "--json", *arguments).lines]

    assert names("--limit", "2") == names()[-2:]
    assert names("--limit", "2", "--from", "2026-11-20") == names()[:2]
    assert names("--limit", "2", "--type", "risk.") == ["risk.halted"]
    assert tapewire("events", "--limit", "1").out == tapewire("events").out.splitlines(True)[-1]


def test_a_strategy_has_a_log_and_no_journal(tapewire, run_dir, config):
    config.write_text(
        config.read_text() + '[[strategies]]\nname = "dip"\nstrategy = "strategies.dip:Dip"\n'
    )
    for source in ("dip", "strategy-dip"):
        ended = tapewire("events", "--source", source)
        log = run_dir / "logs" / "strategy-dip.log"
        assert (ended.status, ended.err) == (
            2,
            f"tapewire: --source {source}: a strategy has a log ({log}) and no journal;"
            " `tapewire orders --strategy dip` shows what it did\n",
        )


def test_each_event_is_a_line(tapewire, run_dir):
    shown = tapewire("events", "--source", "risk").out
    assert shown.startswith("2026-11-20T11:32:18.150000Z  risk 1 ")
    assert "risk.halted" in shown
    assert "reason=manual" in shown


def test_repetitions_are_left_out_by_default(tapewire, run_dir):
    ended = tapewire("events")
    assert [line.split()[3] for line in ended.out.splitlines()] == [
        "order.created", "order.intended", "order.accepted", FILL, COST, FILL, "order.filled", COST,
        FILL, "order.denied", "order.created", "order.intended", "order.accepted", "risk.halted",
        "order.created", "order.denied", POSITION,
    ]  # fmt: skip
    assert ended.err == "left out 2 that repeat another event; --all shows them\n"
    assert len(ended.out.splitlines()) == ALL - 2


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (["--all"], ALL),
        (["--json"], ALL),
        (["--type", "order.state.changed"], 1),
        (["--source", "executor"], len(EVENTS["executor"])),
    ],
)
def test_repetitions_are_shown_on_request(tapewire, run_dir, arguments, count):
    ended = tapewire("events", *arguments)
    assert (len(ended.out.splitlines()), ended.err) == (count, "")


def test_a_position_is_news_whenever_it_changes():
    repeats = Repeats()
    words = [
        ("gateway", "DU1", 1), ("liquidation", "DU1", 1), ("liquidation", "DU1", 2),
        ("gateway", "DU1", 1), ("gateway", "DU2", 1),
    ]  # fmt: skip
    news = [
        repeats.is_news(
            Entry(T0, source, 1, PositionReported(T0, account, "AAPL", Decimal(n), Decimal(1)))
        )
        for source, account, n in words
    ]
    assert (news, repeats.count) == ([True, False, True, True, True], 1)


def test_of_foreign_orders_only_the_word_of_the_gateway_is_news():
    one = Decimal(1)
    order = ForeignOrderReported(T0, "DU1", "AAPL", "BUY", one, one, "0", "", "7")
    repeats = Repeats()
    news = [repeats.is_news(Entry(T0, source, 1, order)) for source in ("liquidation", "gateway")]
    assert (news, repeats.count) == ([False, True], 1)


def test_appended_events_are_found_by_reading_again(run_dir):
    with Journals(run_dir, sources=("risk",)) as journals:
        assert len(list(journals.until())) == 1
        writer = SqliteJournal(run_dir / "journals" / "risk.sqlite")
        writer.append([RiskResumed(T0 + 999 * MS, EVERYTHING, "again")])
        assert [entry.name for entry in journals.until()] == ["risk.resumed"]
        assert list(journals.until()) == []
        writer.close()


def test_following_holds_back_events_that_may_get_predecessors(run_dir):
    clock = iter([T0 + 151 * MS, T0 + 151 * MS + SETTLE_NS, T0 + 900 * MS])
    naps: list[float] = []
    with Journals(run_dir, from_ns=T0 + 150 * MS) as journals:
        stream = journals.follow(T0 + 201 * MS, lambda: next(clock), naps.append)
        assert next(stream).name == "risk.halted"
        assert len(naps) == 1
        assert [entry.name for entry in stream] == ["order.created", "order.denied"]


def test_a_journal_that_is_created_later_is_followed_too(run_dir):
    (run_dir / "journals" / "risk.sqlite").rename(run_dir / "journals" / "kept")
    with Journals(run_dir) as journals:
        assert "risk" not in {entry.source for entry in journals.until()}
        (run_dir / "journals" / "kept").rename(run_dir / "journals" / "risk.sqlite")
        assert [entry.source for entry in journals.until()] == ["risk"]


def test_entries_keep_their_order_where_the_clock_was_set_back(tmp_path):
    journal = SqliteJournal(tmp_path / "risk.sqlite")
    journal.append([RiskHalted(T0 + at, EVERYTHING, "x") for at in (5, 3, 9)])
    journal.close()
    reader = Reader("risk", tmp_path, SqliteJournal(tmp_path / "risk.sqlite", read_only=True))
    assert [(at - T0, entry.seq) for at, entry in reader.until(2**63)] == [(5, 1), (5, 2), (9, 3)]
    reader.close()


def test_journals_are_read_as_they_are_taken(tmp_path):
    (tmp_path / "journals").mkdir()
    journal = SqliteJournal(tmp_path / "journals" / "risk.sqlite", "NORMAL")
    journal.append([RiskHalted(T0 + at, EVERYTHING, "x") for at in range(5000)])
    with Journals(tmp_path, from_ns=T0 + 2500) as journals:
        taken = list(itertools.islice(journals.until(), 3))
        assert [entry.seq for entry in taken] == [2501, 2502, 2503]
        reader = journals._readers["risk"]
        assert reader._next_seq == 2504
    journal.close()


@pytest.mark.parametrize("text", ["yesterday", "-5", "-5w", "2026-13-01", ""])
def test_an_invalid_time_is_refused_with_what_was_expected(text: str):
    with pytest.raises(ConfigError, match=f"--from is '{text}', must be a time in UTC such as"):
        times.parse("--from", text, T0)


def test_times_are_iso_or_spans_back_from_now():
    assert times.parse("--to", "-10m", T0) == T0 - 600 * 1000 * MS
    assert times.parse("--to", "2026-11-20T11:32:18", 0) == T0
    assert times.parse("--to", "2026-11-20T12:32:18+01:00", 0) == T0
    assert times.parse("--to", None, T0) is None
    assert times.iso(T0 + 1_234_567) == "2026-11-20T11:32:18.001234Z"
    assert (times.clock(T0, 0), times.clock(T0)) == ("11:32:18", "11:32:18.000")


def test_a_missing_run_directory_is_named(tapewire):
    ended = tapewire("events")
    assert ended.status == 1
    assert "no such folder, expected one that a group has run in" in ended.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_following_ends_in_order_on_a_signal(run_dir: Path, number: int):
    command = [sys.executable, "-m", "tapewire.console.cli", "events", "follow", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(ALL)][-1]
        process.send_signal(number)
        _, error = process.communicate(timeout=10)
        assert (process.returncode, error) == (0, "")


def test_a_closed_pipe_is_no_error(run_dir: Path):
    writer = SqliteJournal(run_dir / "journals" / "risk.sqlite", "NORMAL")
    writer.append([RiskHalted(T0 + at, EVERYTHING, "x" * 500) for at in range(3000)])
    writer.close()
    piped = f"{sys.executable} -m tapewire.console.cli events | head -1"
    ended = subprocess.run(
        piped, shell=True, capture_output=True, text=True, cwd=ROOT, check=False, timeout=20
    )
    assert (len(ended.stdout.splitlines()), ended.stderr) == (1, "")


def test_a_line_shows_orders_and_scopes_inside_events(tapewire, run_dir):
    write(run_dir, "risk", [RiskHalted(T0 + 400 * MS, Scope(symbol="AAPL"), "news")])
    shown = tapewire("events").out
    assert "order=dip-e-1/1 DU1 AAPL BUY 10 MKT" in shown
    assert "scope=symbol AAPL  reason=news" in shown
    (halted,) = tapewire("events", "--json", "--type", "risk.", "--limit", "1").lines
    assert halted["fields"]["scope"] == {"account": "", "strategy": "", "symbol": "AAPL"}
