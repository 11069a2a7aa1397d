"""`tapewire risk audit`: each decision with its causes, and whether the journal is what it was."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from tapewire.common.events import (
    EVERYTHING,
    Event,
    Fill,
    FlattenCompleted,
    FlattenDeferred,
    FlattenDelayed,
    FlattenStarted,
    OrderCancelled,
    OrderIntended,
    OrderTerms,
    RiskHalted,
    RiskResumed,
    RiskViolation,
    RulesChanged,
    Scope,
)
from tapewire.common.runtime import head_log
from tapewire.common.runtime.journal import Head, SqliteJournal
from tests.console.journaled import ACCOUNT, FIRST, MS, T0, WORKING, order, write
from tests.console.running import Tapewire

S = 1000 * MS
BROKEN = T0 + 20 * MS
DU1 = Scope(ACCOUNT)
WHY = "11 contracts, and 10 are allowed"
STARTED = FlattenStarted(BROKEN, DU1, f"MaxContracts: {WHY}")
CLOSING = order(1, 30, OrderTerms("SELL", Decimal(4)), intent_id=f"{STARTED.name}-a-1")
CAUSE = f"execution.reported {FIRST.exec_id}"


def decided() -> list[Event]:
    return [
        RiskViolation(BROKEN, DU1, "MaxContracts", WHY, CAUSE, FIRST.ts_ns, ("flatten",)),
        RiskHalted(BROKEN, DU1, f"MaxContracts: {WHY}", by="MaxContracts"),
        STARTED,
        FlattenDelayed(T0 + S, DU1, "the market is closed"),
        FlattenCompleted(T0 + 2 * S, DU1),
    ]


@pytest.fixture
def audited(run_dir: Path) -> Path:
    """A rule was broken by a fill, halted the account and flattened it; a person resumed."""
    (run_dir / "journals" / "risk.sqlite").unlink()
    resumed = RiskResumed(T0 + 3 * S, EVERYTHING, "back", "ann")
    write(run_dir, "risk", [*decided(), RiskHalted(T0 + 4 * S, EVERYTHING, "lunch", by="ann")])
    write(run_dir, "risk", [replace(resumed, ts_ns=T0 + 5 * S, scope=DU1)])
    closed = Fill(
        T0 + S, ACCOUNT, "c1", "7009", "AAPL", "SELL", Decimal(4), Decimal("99"),
        CLOSING.intent_id, "risk",
    )  # fmt: skip
    write(run_dir, "liquidation", [OrderIntended(T0 + 31 * MS, "1", CLOSING), closed])
    write(run_dir, "gateway", [OrderCancelled(T0 + S, ACCOUNT, WORKING.intent_id)])
    return run_dir


def test_a_decision_is_shown_from_its_cause_to_its_end(tapewire: Tapewire, audited: Path) -> None:
    ended = tapewire("risk", "audit")
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert ended.status == 0
    assert lines[0].endswith(f"risk 1 violation: account DU1, MaxContracts: {WHY}")
    assert lines[1].startswith(
        f"because of {CAUSE.split(maxsplit=1)[0]} account=DU1 exec_id=0000a.01.01"
    )
    assert lines[1].endswith("[gateway 3]")
    why = f"account DU1, MaxContracts: {WHY}"
    assert lines[2] == f"halt {why}, by MaxContracts [risk 2]"
    assert lines[3] == f"flatten {why} [risk 3]"
    assert lines[4].startswith(f"intended order_id=1 order={CLOSING.intent_id}")
    words = [line.split()[0] for line in lines[5:9]]
    assert sorted(words) == ["cancelled", "execution.reported", "flat", "flatten"]
    assert lines[8].endswith("after 1.980 s [risk 5]")
    assert lines[9] == "resume account DU1, back, by ann, after 4.980 s [risk 7]"
    assert lines[10].endswith("risk 6 halt: everything, lunch, by ann")
    assert lines[11] == "outcome still in force"
    assert len(lines) == 12


def test_a_flatten_that_had_to_wait_for_another_belongs_to_what_demanded_it(
    tapewire: Tapewire, audited: Path
) -> None:
    later, scope = T0 + 10 * S, Scope("DU2")
    why = f"MaxContracts: {WHY}"
    write(audited, "risk", [
        RiskViolation(later, scope, "MaxContracts", WHY, measures=("flatten",)),
        RiskHalted(later, scope, why, by="MaxContracts"),
        FlattenDeferred(later, scope, why),
        FlattenStarted(later + S, scope, why),
        FlattenCompleted(later + 2 * S, scope),
    ])  # fmt: skip
    *_, last = tapewire("risk", "audit", "--json").lines
    assert [one["seq"] for one in last["measures"]] == [9, 10, 11]
    assert [one["seq"] for one in last["outcome"]] == [12]


def test_other_rules_are_a_decision_too(tapewire: Tapewire, audited: Path) -> None:
    write(audited, "risk", [RulesChanged(T0 + 9 * S, '[{"rule":"A"},{"rule":"B"}]', "x", "ann")])
    last = tapewire("risk", "audit").out.splitlines()[-1]
    assert last.endswith("risk 8  rules: A, B, x, by ann")


def test_it_is_there_as_json_and_for_a_part_of_the_time(tapewire: Tapewire, audited: Path) -> None:
    first, second = tapewire("risk", "audit", "--json").lines
    assert (first["cause"]["source"], first["cause"]["seq"]) == ("gateway", 3)
    assert [one["event"] for one in first["measures"]] == ["risk.halted", "risk.flatten.started"]
    assert [one["seq"] for one in first["outcome"]] == [4, 5, 7]
    assert (first["open"], second["open"]) == (False, True)
    assert tapewire("risk", "audit", "--json", "--from", "2026-11-20T11:32:20").lines == [second]


def test_a_flatten_whose_place_a_larger_one_takes_is_over_with_that(
    tapewire: Tapewire, run_dir: Path
) -> None:
    """What is cancelled afterwards is the larger one's doing, and not its own."""
    aapl = Scope(ACCOUNT, symbol="AAPL")
    small = FlattenStarted(BROKEN, aapl, "one", keep=Decimal(3))
    large = FlattenStarted(BROKEN + MS, DU1, "all of it")
    write(run_dir, "risk", [small, large, FlattenCompleted(T0 + 3 * S, DU1)])
    write(run_dir, "gateway", [OrderCancelled(T0 + S, ACCOUNT, WORKING.intent_id)])
    first, second = tapewire("risk", "audit", "--json").lines[-2:]
    assert (first["open"], first["orders"]) == (False, [])
    assert [one["event"] for one in first["outcome"]] == ["risk.flatten.started"]
    assert [one["event"] for one in second["orders"]] == ["order.cancelled"]


def test_a_violation_that_no_event_caused_says_how_it_was_found(
    tapewire: Tapewire, run_dir: Path
) -> None:
    alert = RiskViolation(T0 + S, DU1, "StaleData", "old", measures=("alert",))
    write(run_dir, "risk", [alert])
    lines = [" ".join(line.split()) for line in tapewire("risk", "audit").out.splitlines()]
    assert lines[-2:] == ["because of a regular check found it", "measures alert"]


def test_a_persons_halt_just_after_a_violation_is_their_own(
    tapewire: Tapewire, run_dir: Path
) -> None:
    alert = RiskViolation(T0 + S, DU1, "StaleData", "old", measures=("alert",))
    write(run_dir, "risk", [alert, RiskHalted(T0 + S, DU1, "looks odd", by="ann")])
    first, *others = tapewire("risk", "audit", "--json", "--from", "2026-11-20T11:32:19").lines
    assert (first["measures"], [one["event"] for one in others]) == ([], ["risk.halted"])


# ---- whether it is what was written --------------------------------------------------------------


@pytest.fixture
def elsewhere(audited: Path, tmp_path: Path, config: Path) -> Path:
    """Another place for the heads; it has those of records 2 and 5, of the 7 that there are."""
    path = tmp_path / "share" / "risk.jsonl"
    path.parent.mkdir()
    config.write_text(config.read_text() + f'\n[risk]\naudit_path = "{path}"\n')
    with closing(SqliteJournal(journal_of(audited), read_only=True)) as journal:
        for seq in (2, 5):
            head_log.append(path, head_log.Line(T0 + seq * S, seq, journal.chain_at(seq)))
    return path


def journal_of(run_dir: Path) -> Path:
    return run_dir / "journals" / "risk.sqlite"


def sql(run_dir: Path, statement: str) -> None:
    with closing(sqlite3.connect(journal_of(run_dir))) as db:
        db.execute(statement)
        db.commit()


def rewrite(run_dir: Path, change: Callable[[list[Event]], list[Event]]) -> None:
    """A whole new journal with a perfect chain, as who can write the file can make one."""
    journal_of(run_dir).unlink()
    rest = [RiskHalted(T0 + 4 * S, EVERYTHING, "lunch", by="ann")]
    write(run_dir, "risk", change([*decided(), *rest]))


def test_a_journal_that_agrees_with_its_heads_is_sound(
    tapewire: Tapewire, audited: Path, elsewhere: Path
) -> None:
    ended = tapewire("risk", "audit", "--verify")
    assert ended.status == 0
    assert ended.out == (
        f"sound: 7 records of risk's journal, and it agrees with 2 heads in {elsewhere},"
        " the newest of record 5 at 2026-11-20T11:32:23.000000Z; 2 came since\n"
    )


def test_a_byte_that_was_changed_is_found(
    tapewire: Tapewire, audited: Path, elsewhere: Path
) -> None:
    sql(audited, "UPDATE records SET record = CAST(record || x'00' AS BLOB) WHERE seq = 4")
    ended = tapewire("risk", "audit", "--verify")
    assert (ended.status, ended.out.split(" in ")[0]) == (
        1, "DAMAGED: record 4 is not as it was written",
    )  # fmt: skip


def test_a_record_that_was_left_out_is_found(
    tapewire: Tapewire, audited: Path, elsewhere: Path
) -> None:
    sql(audited, "DELETE FROM records WHERE seq = 4")
    ended = tapewire("risk", "audit", "--verify")
    assert (ended.status, ended.out.split(" in ")[0]) == (1, "DAMAGED: record 4 is missing")


@pytest.mark.parametrize("left", [0, 4])
def test_an_end_that_was_cut_is_found(
    tapewire: Tapewire, audited: Path, elsewhere: Path, left: int
) -> None:
    sql(audited, f"DELETE FROM records WHERE seq > {left}")
    ended = tapewire("risk", "audit", "--verify")
    number = 5 if left else 2
    assert ended.status == 1
    assert ended.out.startswith(
        f"CUT: risk's journal ends at record {left}, but {elsewhere} has the head of record"
        f" {number}, written at "
    )
    assert ("; up to record 2 it is as it was at" in ended.out) == bool(left)


def test_a_journal_that_was_deleted_is_found(
    tapewire: Tapewire, audited: Path, elsewhere: Path
) -> None:
    journal_of(audited).unlink()
    ended = tapewire("risk", "audit", "--verify")
    assert (ended.status, ended.out.split(",")[0]) == (1, "CUT: risk's journal ends at record 0")


@pytest.mark.parametrize(("changed", "first", "last"), [(0, 1, 2), (3, 3, 5), (4, 3, 5)])
def test_a_journal_that_was_rewritten_as_a_whole_is_found_and_where(
    tapewire: Tapewire, audited: Path, elsewhere: Path, changed: int, first: int, last: int
) -> None:
    rewrite(audited, lambda es: [
        replace(event, scope=Scope("DU9")) if number == changed else event
        for number, event in enumerate(es)
    ])  # fmt: skip
    assert tapewire("journals", "verify", "risk").status == 1
    ended = tapewire("risk", "audit", "--verify")
    assert ended.status == 1
    assert ended.out.startswith(f"REWRITTEN: of the records {first} to {last} of risk's journal")


def test_a_record_slipped_in_between_is_found(
    tapewire: Tapewire, audited: Path, elsewhere: Path
) -> None:
    rewrite(audited, lambda es: [*es[:4], RiskResumed(T0, EVERYTHING, "x"), *es[4:]])
    assert tapewire("risk", "audit", "--verify").out.startswith("REWRITTEN: of the records 3 to 5")


def test_heads_that_are_missing_are_not_taken_for_sound(
    tapewire: Tapewire, audited: Path, elsewhere: Path
) -> None:
    elsewhere.unlink()
    ended = tapewire("risk", "audit", "--verify")
    assert ended.status == 1
    assert ended.out.startswith(
        f"MISSING: no head of risk's journal was written elsewhere ({elsewhere}: No such file"
    )
    elsewhere.write_text("garbage\n")
    assert "holds no head" in tapewire("risk", "audit", "--verify").out


def test_a_group_that_has_decided_nothing_yet_is_sound(tapewire: Tapewire, run_dir: Path) -> None:
    journal_of(run_dir).unlink()
    ended = tapewire("risk", "audit", "--verify")
    assert (ended.status, ended.out) == (0, "risk has written no record yet\n")
    assert tapewire("risk", "audit").out == "risk has decided nothing yet\n"


def test_a_death_between_journal_and_head_or_within_a_line_is_no_forgery(
    tapewire: Tapewire, audited: Path, elsewhere: Path
) -> None:
    whole = elsewhere.read_bytes()
    for kept in range(whole.index(b"\n") + 1, len(whole)):
        elsewhere.write_bytes(whole[:kept])
        assert tapewire("risk", "audit", "--verify").status == 0, whole[:kept]


def test_what_a_person_accepts_is_sound_from_then_on_and_says_so(
    tapewire: Tapewire, audited: Path, elsewhere: Path
) -> None:
    shutil.rmtree(audited / "heads", ignore_errors=True)
    (audited / "heads").mkdir(mode=0o700)
    sql(audited, "DELETE FROM records WHERE seq > 4")
    assert tapewire("journals", "accept", "risk", "--reason", "disk lost").status == 0
    ended = tapewire("risk", "audit", "--verify")
    assert ended.status == 0
    assert ended.out.endswith(": disk lost\n")
    assert "; earlier heads do not count since" in ended.out
    assert tapewire("journals", "verify", "risk").status == 0
    assert Head(4, "") not in head_log.read(elsewhere)
