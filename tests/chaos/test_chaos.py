"""A short run of chaos breaks nothing; and whatever is changed in what it left is found."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tapewire.common.config import settings as configuration
from tests.chaos import run
from tests.chaos.judge import Verdict, judge
from tests.chaos.points import Folder, Taped
from tests.chaos.run import Figures, is_good, run_in
from tests.chaos.setup import LIMIT
from tests.model.journals import strange_moves
from tests.pipeline.damage import cut
from tests.places import ROOT, SDK

SECONDS = 8.0
Line = dict[str, Any]


class Left:
    """What a run has left behind."""

    def __init__(self, folder: Path, found: Figures) -> None:
        self.folder, self.found = folder, found
        self.run_dir, self.audit = folder / "run", folder / "audit.jsonl"
        self.tapes = Folder(folder).tapes()
        self.config = configuration.load(str(folder / "chaos.toml"))

    def judged(self, limit: Decimal = LIMIT) -> Verdict:
        return judge(self.config, self.run_dir, [self.audit], self.tapes, limit)

    def lines(self) -> list[Line]:
        return [json.loads(line) for line in self.audit.read_text().splitlines()]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder with a short path, since sockets are in it."""
    path = Path(tempfile.mkdtemp(prefix="tw-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def ran(folder: Path) -> Left:
    return Left(folder, run_in(folder, 4, SECONDS))


@pytest.fixture
def left(ran: Left) -> Iterator[Left]:
    """What the run has left, for a test that may change it."""
    kept = ran.audit.read_bytes(), ran.tapes, ran.run_dir.with_name("kept")
    shutil.copytree(ran.run_dir / "journals", kept[2])
    yield ran
    ran.audit.write_bytes(kept[0])
    ran.tapes = kept[1]
    shutil.rmtree(ran.run_dir / "journals")
    kept[2].rename(ran.run_dir / "journals")


def test_nothing_is_lost_doubled_or_different_after_some_seconds_of_chaos(ran: Left):
    assert is_good(ran.found), ran.found
    assert ran.found["kills"] > 0
    assert ran.found["fills"] > 0
    assert ran.found["recovered_ms"]["count"] > 1
    assert strange_moves(ran.run_dir) == []


# ---- whatever is changed is found ----------------------------------------------------------------


def rewrite(left: Left, change: Callable[[Line], list[Line]]) -> None:
    """Change the lines of the audit, one by one."""
    lines = (json.dumps(one, separators=(",", ":")) for x in left.lines() for one in change(x))
    left.audit.write_text("".join(f"{line}\n" for line in lines))


def is_placed(line: Line) -> bool:
    return line["kind"] == "order" and line["event"] == "placed"


def once(which: Callable[[Line], bool], change: Callable[[Line], list[Line]]) -> Any:
    """Change the first line of the kind."""
    changed: list[Line] = []

    def maybe(line: Line) -> list[Line]:
        if changed or not which(line):
            return [line]
        changed.append(line)
        return change(line)

    return maybe


def breaks(verdict: Verdict, guarantee: str) -> bool:
    return any(one.startswith(guarantee) for one in verdict.breaches)


def test_an_order_that_was_placed_twice(left: Left):
    rewrite(left, once(is_placed, lambda line: [line, line]))
    verdict = left.judged()
    assert verdict.duplicates == 1
    assert breaks(verdict, "G1")


def test_an_order_with_other_terms_than_its_signal(left: Left):
    rewrite(left, once(is_placed, lambda line: [{**line, "quantity": "77"}]))
    assert breaks(left.judged(), "G1")


def test_an_order_without_a_signal(left: Left):
    left.tapes = [one for one in left.tapes if one.channel != "signals"]
    assert breaks(left.judged(), "G1")


def test_a_fill_that_the_journals_do_not_have(left: Left):
    def again(line: Line) -> list[Line]:
        return [line, {**line, "exec_id": "0000.another.01"}]

    rewrite(left, once(lambda line: line["kind"] == "execution", again))
    verdict = left.judged()
    assert verdict.fills_lost == 1
    assert breaks(verdict, "G6"), "the replayed books differ too"


def test_an_order_that_was_written_when_it_had_expired(left: Left):
    late_ns = 10**12
    left.tapes = [
        Taped(one.ts_ns + late_ns, *one[1:]) if one.channel == "tws" else one for one in left.tapes
    ]
    rewrite(left, lambda line: [{**line, "ts_ns": line["ts_ns"] + late_ns}])
    assert breaks(left.judged(), "G4")


def test_a_position_at_the_broker_that_is_another(left: Left):
    def moved(line: Line) -> list[Line]:
        (account,) = line["accounts"].values()
        account["positions"]["AAPL"] = "12"
        return [line]

    rewrite(left, once(lambda line: line["kind"] == "books", moved))
    verdict = left.judged()
    assert verdict.position_difference == 12
    assert breaks(verdict, "G3")


def test_a_journal_that_lacks_its_newest_records(left: Left):
    cut(left.run_dir / "journals" / "gateway.sqlite")
    verdict = left.judged()
    assert breaks(verdict, "G6")
    assert verdict.breaches


def test_a_position_beyond_the_limit(left: Left):
    assert breaks(left.judged(limit=Decimal(4)), "G7")


# ---- what is kept --------------------------------------------------------------------------------

GOOD: Figures = {
    "breaches": [], "duplicates": 0, "fills_lost": 0, "position_difference": "0",
    "pnl_difference": "0",
}  # fmt: skip


def test_only_what_was_broken_is_kept_with_what_was_on_its_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    folders: list[Path] = []

    def ends(found: Figures) -> None:
        def run_in(folder: Path, *_given: object) -> Figures:
            folders.append(folder)
            return found

        monkeypatch.setattr(run, "run_in", run_in)
        assert run.run(1, 0.0, tmp_path) == found

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "risk.sqlite").touch()
    ends(GOOD)
    ends({**GOOD, "breaches": ["G3"]})
    assert [one.exists() for one in folders] == [False, True]
    assert (folders[1] / "run" / "risk.sqlite").exists()
    assert capsys.readouterr().err == f"what the run has left is kept: {folders[1]}\n"


# ---- the command ---------------------------------------------------------------------------------


def chaos(*options: str) -> Figures:
    """What the command prints, of a run that has broken nothing."""
    command = [sys.executable, "-m", "tests.chaos", "--json", *options]
    ended = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, check=False, env=os.environ
    )
    found: Figures = json.loads(ended.stdout)
    assert (ended.returncode, found["breaches"]) == (0, []), ended.stderr
    return found


@pytest.mark.soak
def test_ten_minutes_of_chaos_with_a_hundred_kills_break_nothing():
    assert chaos("--seed", "1", "--minutes", "10")["kills"] >= 100


@pytest.mark.soak
def test_two_minutes_of_chaos_with_both_brokers_break_nothing():
    if not SDK.exists():
        pytest.skip("needs project-x-py and Python 3.12: run `make projectx`")
    found = chaos("--both", "--seed", "2", "--minutes", "2")
    assert found["kills"] > 0
    assert found["recovered_ms_px"]["count"] > 0
