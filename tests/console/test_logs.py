"""`tapewire logs`: entries of several processes in order of time, tracebacks unfolded."""

import json
import os
import time
from pathlib import Path

import pytest

from tapewire.console.records.log_entries import MORE_MAX, Entry, Parser, last_word
from tapewire.console.records.logs import Followed, Following, last, processes


def entry(second: float, event: str = "state", level: str = "info", **fields: object) -> str:
    stamp = f"2026-11-26T15:50:4{second:.6f}Z"
    return json.dumps({**fields, "event": event, "level": level, "timestamp": stamp}) + "\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "run" / "logs"
    made.mkdir(parents=True)
    return made


def events(entries: list[Entry]) -> list[str]:
    return [one.event for one in entries]


def test_an_entry_is_a_line_with_time_process_and_fields():
    (parsed,) = read("risk", [entry(1.5, state="READY", reason="all is well", epoch="", pid=7)])
    assert parsed.lines() == ["15:50:41.500  risk  state state=READY reason='all is well' pid=7"]


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        ([], ""),
        ([entry(1), entry(2, "ended", "error", error="address in use")], "address in use"),
        ([entry(1, "ready")], "ready"),
        ([entry(1), "Traceback:", "  line 3", "KeyError: 1"], "KeyError: 1"),
        (["no class Dip; did you mean Dip?"], "no class Dip; did you mean Dip?"),
    ],
)
def test_the_last_word_of_a_log_is_why_the_process_ended(lines: list[str], word: str):
    assert last_word("risk", lines) == word


def test_a_level_that_is_not_info_is_named():
    (parsed,) = read("risk", [entry(1, "dead letter", "warning", origin="bus")])
    assert parsed.lines() == ["15:50:41.000  risk  WARNING dead letter origin=bus"]


def test_a_traceback_in_a_field_is_unfolded_below_the_entry():
    raised = "Traceback (most recent call last):\n  File x\nKeyError: 1\n"
    (parsed,) = read("strategy-dip", [entry(1, "strategy", "error", traceback=raised)])
    assert parsed.lines() == [
        "15:50:41.000  strategy-dip  ERROR strategy",
        "    traceback:",
        "    Traceback (most recent call last):",
        "      File x",
        "    KeyError: 1",
    ]


def test_lines_that_are_no_json_belong_to_the_entry_above():
    (first, second) = read("risk", [entry(1), "Traceback:\n", "  File x\n", "\n", entry(2)])
    assert first.more == ("Traceback:", "  File x")
    assert second.more == ()
    assert first.lines()[1:] == ["    Traceback:", "      File x"]


@pytest.mark.parametrize(
    "line", ["plain", "{}", "[1]", "7", '{"timestamp": 1}', '{"timestamp": "no time"}']
)
def test_a_log_that_begins_with_something_else_shows_it(line: str):
    (parsed,) = read("risk", [line + "\n"])
    assert parsed.event == line


def test_an_entry_takes_up_only_so_many_lines():
    found = read("risk", [entry(1), *["x\n"] * (MORE_MAX + 1)])
    assert [len(one.more) for one in found] == [MORE_MAX, 0]


def test_control_characters_do_not_reach_the_terminal():
    (parsed,) = read("risk", [entry(1, "\x1b[31m"), "\x1b[2J\n"])
    assert parsed.lines() == ["15:50:41.000  risk  \\x1b[31m", "    \\x1b[2J"]


def test_what_supervisord_wrote_is_read_in_the_zone_of_the_machine(monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    (parsed,) = read("supervisord", ["2026-11-26 10:50:38,265 WARN exited: risk\n"])
    monkeypatch.undo()
    time.tzset()
    assert parsed.lines() == ["15:50:38.265  supervisord  WARNING exited: risk"]


def test_the_last_entries_of_all_are_in_order_of_time(folder: Path):
    (folder / "risk.log").write_text(entry(1, "a") + entry(4, "d"))
    (folder / "executor.log").write_text(entry(2, "b") + entry(3, "c") + "tail of c\n")
    found = last(folder, processes(folder), 3, "debug")
    assert events(found) == ["b", "c", "d"]
    assert found[1].more == ("tail of c",)


def test_files_that_were_turned_over_are_read_too(folder: Path):
    (folder / "risk.log.2").write_text(entry(1, "a"))
    (folder / "risk.log.1").write_text(entry(2, "b") + entry(3, "c"))
    (folder / "risk.log").write_text(entry(4, "d"))
    assert events(last(folder, ["risk"], 3, "debug")) == ["b", "c", "d"]
    assert events(last(folder, ["risk"], 9, "debug")) == ["a", "b", "c", "d"]


def test_a_level_leaves_out_what_is_less_grave(folder: Path):
    (folder / "risk.log").write_text(
        entry(1, "a", "warning") + entry(2, "b") + entry(3, "c", "error")
    )
    assert events(last(folder, ["risk"], 9, "warning")) == ["a", "c"]
    assert events(last(folder, ["risk"], 1, "warning")) == ["c"]


def test_raw_messages_are_no_process(folder: Path):
    for name in ("gateway.log", "gateway.tws.log", "gateway.log.1"):
        (folder / name).write_text("")
    assert processes(folder) == ["gateway"]


def add(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_following_begins_at_the_end_and_a_line_is_read_when_it_is_whole(folder: Path):
    path = folder / "risk.log"
    path.write_text(entry(1, "old"))
    log = Followed(path)
    assert log.news() == []
    whole = entry(2, "new")
    add(path, whole[:10])
    assert log.news() == []
    add(path, whole[10:] + "more\n")
    assert [*log.news(), *log.news()] == [Entry(*read("risk", [whole])[0][:5], ("more",))]
    log.close()


def test_following_loses_nothing_where_the_file_is_turned_over(folder: Path):
    path = folder / "risk.log"
    path.write_text(entry(1, "old") * 50)
    log = Followed(path)
    add(path, entry(2, "a"))
    path.rename(folder / "risk.log.1")
    assert events(log.news()) == []  # complete once something follows, or nothing comes
    path.write_text(entry(3, "b"))
    found = [*log.news(), *log.news()]
    assert events(found) == ["a", "b"]
    log.close()


def test_following_goes_on_at_the_start_of_a_file_that_was_cut_off(folder: Path):
    path = folder / "risk.log"
    path.write_text(entry(1, "old") * 5)
    log = Followed(path)
    os.truncate(path, 0)
    add(path, entry(2, "new"))
    assert events([*log.news(), *log.news()]) == ["new"]
    log.close()


def test_following_all_finds_a_process_that_appears(folder: Path):
    (folder / "risk.log").write_text(entry(1))
    all_of_them, one = Following(folder, ()), Following(folder, ["risk"])
    (folder / "executor.log").write_text(entry(2, "born"))
    assert events([*all_of_them.news(), *all_of_them.news()]) == ["born"]
    assert [*one.news(), *one.news()] == []
    all_of_them.close()
    one.close()


def read(process: str, lines: list[str]) -> list[Entry]:
    parser = Parser(process)
    return [*parser.take(line.rstrip("\n") for line in lines), *parser.end()]
