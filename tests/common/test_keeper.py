"""When the keeper makes a checkpoint, and what it counts."""

from contextlib import closing
from pathlib import Path

import pytest

from tapewire.common.events import EVERYTHING, RiskHalted
from tapewire.common.runtime import keeper
from tapewire.common.runtime.journal import SqliteJournal
from tapewire.common.runtime.keeper import AGAIN_MAX_S, Schedule, records_in


def test_the_first_one_is_due_at_once_if_there_are_records() -> None:
    assert not Schedule().is_due(0)
    assert Schedule().is_due(1)


def test_the_next_one_is_due_after_so_many_records() -> None:
    schedule = Schedule(records=100)
    schedule.made(5000)
    assert not schedule.is_due(5099)
    assert schedule.is_due(5100)


def test_fewer_records_than_there_were_are_another_past() -> None:
    schedule = Schedule(records=100)
    schedule.made(5000)
    assert schedule.is_due(4999)
    assert not schedule.is_due(5000)


def test_after_failures_it_waits_longer_and_longer_up_to_an_hour() -> None:
    schedule = Schedule(look_every_s=60)
    waits = []
    for _ in range(9):
        schedule.failed()
        waits.append(schedule.wait_s)
    assert waits[:3] == [120, 240, 480]
    assert waits[-1] == AGAIN_MAX_S
    schedule.made(1)
    assert schedule.wait_s == 60


def test_it_counts_the_records_of_all_journals_but_for_what_is_none(tmp_path: Path) -> None:
    for role, count in (("gateway", 3), ("risk", 4)):
        with closing(SqliteJournal(tmp_path / f"{role}.sqlite")) as journal:
            journal.append([RiskHalted(n, EVERYTHING, "x") for n in range(count)])
    SqliteJournal(tmp_path / "executor.sqlite").close()
    (tmp_path / "liquidation.sqlite").write_bytes(b"no database " * 100)
    assert records_in(tmp_path) == 7


def test_it_loads_nothing_large_before_there_is_something_to_do() -> None:
    """It stays for as long as the group, and does nothing most of the time."""
    source = Path(keeper.__file__).read_text()
    head = source.partition("def records_in")[0]
    loaded = [line.split()[1] for line in head.splitlines() if line.startswith(("import", "from"))]
    assert not [name for name in loaded if name.startswith("tapewire")]


@pytest.mark.parametrize("parent_lives", [True, False])
def test_it_ends_with_the_process_that_started_it(monkeypatch, parent_lives: bool) -> None:
    parents = iter([7, *[7 if parent_lives else 1] * 9])
    monkeypatch.setattr(keeper.os, "getppid", lambda: next(parents))
    monkeypatch.setattr(keeper.time, "sleep", lambda _s: None)
    moments = iter(range(100))
    monkeypatch.setattr(keeper.time, "monotonic", lambda: next(moments))
    assert keeper._waited(3, next(parents)) is parent_lives
