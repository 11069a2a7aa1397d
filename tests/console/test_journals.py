"""`tapewire journals`: what is wrong with one, putting a copy back, and going on without it."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tapewire.common.events import EVERYTHING, RiskHalted
from tapewire.common.runtime.head_file import HeadFile
from tapewire.common.runtime.heads import Heads
from tapewire.common.runtime.journal import Head, SqliteJournal
from tapewire.common.runtime.role_lock import take_role
from tapewire.console.commands import lifecycle
from tapewire.console.group import control, launch
from tests.console.running import Ended, Tapewire

ROLES = ("gateway", "liquidation", "executor", "risk")


def path_of(run_dir: Path, role: str) -> Path:
    return run_dir / "journals" / f"{role}.sqlite"


def append(run_dir: Path, role: str, count: int) -> None:
    with closing(SqliteJournal(path_of(run_dir, role))) as journal:
        journal.append([RiskHalted(n, EVERYTHING, "x") for n in range(count)])


def head(run_dir: Path, role: str) -> Head:
    with closing(SqliteJournal(path_of(run_dir, role), read_only=True)) as journal:
        return journal.head


def remember(run_dir: Path, who: str, *sources: str) -> None:
    """That process has run on the journals as they are now."""
    (run_dir / "heads").mkdir(mode=0o700, exist_ok=True)
    heads = Heads(who, HeadFile(run_dir, who))
    for source in sources:
        heads.note(source, head(run_dir, source), durable=True)
    heads.save()


@pytest.fixture
def traded(run_dir: Path) -> Path:
    """A run directory whose processes remember each other; `old` is an older copy of gateway's."""
    shutil.copy(path_of(run_dir, "gateway"), run_dir / "old")
    append(run_dir, "gateway", 40)
    for who in ("gateway", "executor", "risk", "strategy-dip"):
        remember(run_dir, who, *{"gateway", "executor", "risk"} - ({who} & {"strategy-dip"}))
    return run_dir


def verdicts(ended: Ended) -> dict[str, str]:
    return {line.split()[0]: line for line in ended.out.splitlines()}


def test_journals_that_hold_all_that_is_remembered_are_sound(
    tapewire: Tapewire, traded: Path
) -> None:
    ended = tapewire("journals", "verify")
    assert ended.status == 0
    assert list(verdicts(ended)) == list(ROLES)
    gateway = head(traded, "gateway")
    assert f"{gateway.seq} records  {gateway.chain[:12]}  sound, as executor," in ended.out
    assert verdicts(ended)["liquidation"].endswith("  sound"), "nobody has seen it yet"
    assert tapewire("journals").out == ended.out, "verify is what the group does by itself"


def test_a_role_without_a_journal_has_none_yet(tapewire: Tapewire, run_dir: Path) -> None:
    path_of(run_dir, "liquidation").unlink()
    ended = tapewire("journals", "verify")
    assert ended.status == 0
    assert verdicts(ended)["liquidation"].endswith("no journal yet")


def test_one_journal_can_be_asked_about_and_an_unknown_one_is_refused(
    tapewire: Tapewire, traded: Path
) -> None:
    assert list(tapewire("journals", "verify", "risk", "--json").json) == ["risk"]
    ended = tapewire("journals", "verify", "gatway")
    assert ended.status == 2
    assert "ROLE is 'gatway', which has no journal; did you mean gateway?" in ended.err


def test_an_older_copy_is_what_the_others_remember_more_of(
    tapewire: Tapewire, traded: Path
) -> None:
    seen = head(traded, "gateway").seq
    shutil.copy(traded / "old", path_of(traded, "gateway"))
    ended = tapewire("journals", "verify")
    assert ended.status == 1
    assert verdicts(ended)["gateway"].endswith(
        f"DIFFERS: gateway's journal ends at record {seen - 40}, but {seen} were seen: it was cut,"
        " deleted, or replaced by an older copy (seen by executor, gateway, risk, strategy-dip)"
    )
    assert "sound" in verdicts(ended)["risk"]


def test_a_deleted_journal_is_missed(tapewire: Tapewire, traded: Path) -> None:
    path_of(traded, "executor").unlink()
    found = tapewire("journals", "verify", "executor", "--json").json["executor"]
    assert (found["exists"], found["records"], found["sound"]) == (False, 0, False)
    assert "ends at record 0" in found["remembered_by"]["risk"]


def test_another_chain_of_the_same_length_differs(tapewire: Tapewire, traded: Path) -> None:
    count = head(traded, "gateway").seq
    path_of(traded, "gateway").unlink()
    append(traded, "gateway", count + 5)
    ended = tapewire("journals", "verify", "gateway")
    assert ended.status == 1
    assert f"gateway's journal has another record {count} than was seen" in ended.out


def test_a_changed_record_is_named(tapewire: Tapewire, traded: Path) -> None:
    with closing(sqlite3.connect(path_of(traded, "gateway"))) as db, db:
        db.execute("UPDATE records SET record = x'00' WHERE seq = 7")
    ended = tapewire("journals", "verify", "--json")
    assert ended.status == 1
    assert ended.json["gateway"]["fault"] == "record 7 is not as it was written"
    assert ended.json["risk"]["sound"]


def test_a_file_that_is_no_journal_is_named(tapewire: Tapewire, traded: Path) -> None:
    path_of(traded, "risk").write_bytes(b"not a database " * 100)
    ended = tapewire("journals", "verify", "risk")
    assert ended.status == 1
    assert "DAMAGED: file is not a database" in ended.out


def test_a_copy_is_put_back_and_what_it_replaces_is_kept(tapewire: Tapewire, traded: Path) -> None:
    copy = traded / "copy"
    shutil.copy(path_of(traded, "gateway"), copy)
    path_of(traded, "gateway").write_bytes(b"damaged")
    ended = tapewire("journals", "restore", "gateway", "--from", str(copy), "--json")
    assert ended.status == 0
    assert ended.json["sound"]
    replaced = Path(ended.json["replaced"])
    assert replaced.parent == traded / "journals"
    assert replaced.read_bytes() == b"damaged"
    assert tapewire("journals", "verify").status == 0
    assert not list(traded.glob("restore-*"))


def test_a_copy_with_its_log_beside_it_is_whole(tapewire: Tapewire, traded: Path) -> None:
    """As it is copied from a group that runs: the newest commits are in the log alone."""
    backup = traded / "backup"
    backup.mkdir()
    with closing(SqliteJournal(path_of(traded, "gateway"))) as journal:
        journal.append([RiskHalted(1, EVERYTHING, "in the log")])
        for path in (journal.path, journal.log_path):
            shutil.copy(path, backup)
        expected = journal.head
    path_of(traded, "gateway").unlink()
    copy = str(backup / "gateway.sqlite")
    assert tapewire("journals", "restore", "gateway", "--from", copy).status == 0
    assert head(traded, "gateway") == expected


def test_an_older_copy_is_put_back_and_it_says_what_is_missing_and_how_to_go_on(
    tapewire: Tapewire, traded: Path
) -> None:
    path_of(traded, "gateway").unlink()
    ended = tapewire("journals", "restore", "gateway", "--from", str(traded / "old"))
    assert ended.status == 1
    assert "It is not all that is remembered: gateway's journal ends at record" in ended.out
    assert "`tapewire journals accept gateway` continues with what is there" in ended.out


@pytest.mark.parametrize("content", [b"", b"not a database " * 100, None])
def test_a_copy_that_is_damaged_changes_nothing(
    tapewire: Tapewire, traded: Path, content: bytes | None
) -> None:
    copy = traded / "copy"
    shutil.copy(path_of(traded, "gateway"), copy)
    if content is None:
        with closing(sqlite3.connect(copy)) as db, db:
            db.execute("DELETE FROM records WHERE seq = 7")
    else:
        copy.write_bytes(content)
    before = path_of(traded, "gateway").read_bytes()
    ended = tapewire("journals", "restore", "gateway", "--from", str(copy))
    assert ended.status == 2
    assert f"--from {copy}: " in ended.err
    assert "nothing was changed" in ended.err
    assert path_of(traded, "gateway").read_bytes() == before
    assert not list((traded / "journals").glob("*replaced*"))


def test_a_copy_that_is_not_there_or_is_the_journal_itself_is_refused(
    tapewire: Tapewire, traded: Path
) -> None:
    ended = tapewire("journals", "restore", "gateway", "--from", str(traded / "nothing"))
    assert (ended.status, "no such file" in ended.err) == (2, True)
    own = str(path_of(traded, "gateway"))
    ended = tapewire("journals", "restore", "gateway", "--from", own)
    assert (ended.status, "is gateway's journal itself" in ended.err) == (2, True)


@pytest.mark.parametrize(
    "command", [("restore", "gateway", "--from", "old"), ("accept",), ("accept", "gateway")]
)
def test_nothing_is_changed_while_a_process_runs(
    tapewire: Tapewire, traded: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(traded)
    shutil.copy(traded / "old", path_of(traded, "gateway"))
    (traded / "locks").mkdir(exist_ok=True)
    with take_role(traded, "strategy-dip"):
        ended = tapewire("journals", *command)
        assert ended.status != 0
        assert "strategy-dip is running already" in ended.err
    monkeypatch.setattr(control, "listens", lambda _: True)
    assert "run `tapewire down` first" in tapewire("journals", *command).err
    assert not (traded / "heads" / "accepted.jsonl").exists()
    assert tapewire("journals", "verify").status == 1


def test_a_person_may_go_on_with_what_is_there_and_it_is_written_down(
    tapewire: Tapewire, traded: Path
) -> None:
    shutil.copy(traded / "old", path_of(traded, "gateway"))
    path_of(traded, "executor").unlink()
    ended = tapewire("journals", "accept", "gateway", "--reason", "compared with TWS")
    assert ended.status == 0
    assert ended.out.startswith(
        f"gateway: {head(traded, 'gateway').seq} records accepted, although"
    )
    found = tapewire("journals", "verify", "--json").json
    assert (found["gateway"]["sound"], found["executor"]["sound"]) == (True, False)
    assert tapewire("journals", "accept").out.startswith("executor: no records accepted")
    assert tapewire("journals", "verify").status == 0
    log = (traded / "heads" / "accepted.jsonl").read_text().splitlines()
    first = json.loads(log[0])
    assert (first["journal"], first["reason"]) == ("gateway", "compared with TWS")
    assert set(first["differed"]) == {"gateway", "executor", "risk", "strategy-dip"}
    assert len(log) == 2


def test_there_may_be_nothing_to_accept(tapewire: Tapewire, traded: Path) -> None:
    ended = tapewire("journals", "accept")
    assert ended.out == "nothing to accept: the journals hold all that is remembered\n"
    assert not (traded / "heads" / "accepted.jsonl").exists()


def test_a_damaged_journal_is_not_accepted(tapewire: Tapewire, traded: Path) -> None:
    path_of(traded, "risk").write_bytes(b"not a database " * 100)
    ended = tapewire("journals", "accept")
    assert ended.status == 2
    assert "risk's journal is damaged" in ended.err
    assert f"move {path_of(traded, 'risk')} away" in ended.err


def test_journals_that_are_archived_on_purpose_are_forgotten(
    traded: Path, tapewire: Tapewire
) -> None:
    launch.archived(traded, ["gateway", "executor"])
    found = tapewire("journals", "verify", "--json").json
    assert all(one["sound"] for one in found.values())
    assert found["risk"]["remembered_by"]


def test_up_starts_with_a_damaged_journal_and_says_what_comes_next(
    traded: Path, tapewire: Tapewire
) -> None:
    """Its process says what is wrong; the others are needed all the more."""
    path_of(traded, "risk").write_bytes(b"not a database " * 100)
    launch.require_version(path_of(traded, "risk"))
    step = lifecycle.next_step("risk", "HALTED", "...; `tapewire journals verify` shows ...")
    assert step.startswith("`tapewire down`, put the journal right, then `tapewire up`")


# ---- compact ------------------------------------------------------------------------------------


def test_compact_makes_a_checkpoint_and_says_what_still_matters(
    tapewire: Tapewire, traded: Path
) -> None:
    ended = tapewire("journals", "compact")
    assert ended.status == 0
    assert ended.out.startswith("checkpoint made: ")
    assert (traded / "checkpoints" / "group.sqlite").exists()
    found = tapewire("journals", "compact", "--json").json
    assert found["records"] == sum(head(traded, role).seq for role in ROLES)


def test_a_checkpoint_of_what_was_there_before_goes_when_a_journal_is_restored_or_accepted(
    tapewire: Tapewire, traded: Path
) -> None:
    checkpoint = traded / "checkpoints" / "group.sqlite"
    for command in (
        ("restore", "gateway", "--from", str(traded / "old")),
        ("accept", "gateway"),
        ("accept",),
    ):
        assert tapewire("journals", "compact").status == 0
        tapewire("journals", *command)
        assert not checkpoint.exists(), command
