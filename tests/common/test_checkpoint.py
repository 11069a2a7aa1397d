"""Checkpoints: a start reads them where they fit, and the whole journals where they do not."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from tapewire.benchmarks.load.past_trading import PastTrading
from tapewire.common import roles
from tapewire.common.config.settings import Config, InstrumentConfig, StrategyConfig
from tapewire.common.events import CheckpointCompleted, Event, Fill
from tapewire.common.retention.policy import DAY_NS, Policy
from tapewire.common.runtime import compaction
from tapewire.common.runtime.checkpoint import (
    CheckpointFile,
    Past,
    checkpoint_file,
    discard,
)
from tapewire.common.runtime.compaction import compact
from tapewire.common.runtime.journal import JournalError, SqliteJournal, events_of

INSTRUMENTS = (InstrumentConfig(symbol="BENCH").instrument(),)
RECORDS = 1500


class Stand:
    """A run directory with the journals of some days of trading, long ago."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        self.past = PastTrading("DU1", "bench", "BENCH", RECORDS)
        self.past.write(run_dir / "journals")
        self.journals = {
            role: SqliteJournal(run_dir / "journals" / f"{role}.sqlite")
            for role in self.past.counts
        }
        self.store = CheckpointFile(run_dir, Policy(), INSTRUMENTS)
        last = max(e.ts_ns for e in events_of(self.journals[roles.GATEWAY]))  # type: ignore[attr-defined]
        self.now_ns = last + 30 * DAY_NS

    def compact(self) -> compaction.Made:
        return compact(self.journals, self.store, self.now_ns)

    def starts(self, role: str = roles.GATEWAY) -> Past:
        return Past(role, self.journals.get(role), self.store)

    def seen(self, role: str = roles.GATEWAY) -> int:
        """How many records of its own journal a start reads."""
        return sum(not isinstance(e, CheckpointCompleted) for e in self.starts(role).own())


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    found = Stand(tmp_path)
    yield found
    for journal in found.journals.values():
        journal.close()


def test_without_a_checkpoint_all_of_the_journal_is_read(stand: Stand) -> None:
    assert stand.seen() >= RECORDS
    assert stand.starts().fault == ""


def test_with_one_what_still_matters_is_read_and_what_came_since(stand: Stand) -> None:
    made = stand.compact()
    assert made.records == sum(stand.past.counts.values())
    assert made.kept < 5
    before = stand.seen()
    assert before < 20
    stand.journals[roles.GATEWAY].append([_fill()])
    assert stand.seen() == before + 1


def _fill() -> Event:
    return Fill(1, "DU1", "9.01", "9", "BENCH", "BUY", Decimal(1), Decimal(1))


def test_each_source_is_followed_from_where_its_section_ends(stand: Stand) -> None:
    stand.compact()
    past = stand.starts(roles.strategy_role("bench"))
    for role, journal in stand.journals.items():
        assert past.head(role) == journal.head
    assert past.head(roles.LIQUIDATION).seq == 0  # it has no journal


def test_one_that_was_cut_off_in_the_writing_is_never_seen(stand: Stand) -> None:
    def breaking() -> Iterable[Event]:
        yield _fill()
        raise RuntimeError("the power is gone")

    stand.compact()
    before = stand.seen()
    with pytest.raises(RuntimeError):
        stand.store.replace(breaking())
    assert [path.name for path in stand.store.path.parent.iterdir()] == [stand.store.path.name]
    stand.store.path.with_name("group.sqlite.partial").write_bytes(b"of one that was killed")
    assert stand.seen() == before
    stand.compact()
    assert [path.name for path in stand.store.path.parent.iterdir()] == [stand.store.path.name]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE records SET record = zeroblob(length(record)) WHERE seq = 1",
        "DELETE FROM records WHERE seq = 1",
        "DELETE FROM records WHERE seq = (SELECT max(seq) FROM records)",
        "DELETE FROM records",
    ],
)
def test_a_damaged_one_is_not_used_and_the_next_is_made_of_everything(
    stand: Stand, damage: str
) -> None:
    stand.compact()
    with closing(sqlite3.connect(stand.store.path)) as db:
        db.execute(damage)
        db.commit()
    assert stand.seen() >= RECORDS
    assert "the checkpoint is not used, so the start takes longer" in stand.starts().fault
    assert "the last one was not used" in stand.compact().why
    assert stand.seen() < 20


def test_what_is_no_database_is_not_used(stand: Stand) -> None:
    stand.compact()
    stand.store.path.write_bytes(b"nonsense" * 1000)
    assert stand.seen() >= RECORDS


def test_one_of_another_past_is_not_used_at_all(tmp_path: Path, stand: Stand) -> None:
    stand.compact()
    with closing(SqliteJournal(tmp_path / "other.sqlite")) as other:
        other.append([_fill()] * 2)
        past = Past(roles.GATEWAY, other, stand.store)
        assert "has another record" in past.fault
        assert list(past.own()) == [_fill()] * 2
        assert list(past.followed(roles.RISK)) == []
        assert past.head(roles.RISK).seq == 0


def test_with_another_multiplier_its_sums_mean_nothing(stand: Stand) -> None:
    stand.compact()
    other = (
        InstrumentConfig.of(INSTRUMENTS[0])
        .model_copy(update={"multiplier": Decimal(50)})
        .instrument()
    )
    store = CheckpointFile(stand.run_dir, Policy(), [other])
    assert "other multipliers" in Past(roles.RISK, stand.journals[roles.RISK], store).fault


def test_a_disk_that_does_not_take_it_leaves_the_last_one(stand: Stand, monkeypatch) -> None:
    stand.compact()
    stand.journals[roles.GATEWAY].append([_fill()])

    def full(_self: SqliteJournal, _events: list[Event]) -> int:
        raise JournalError("database or disk is full")

    monkeypatch.setattr(SqliteJournal, "append", full)
    with pytest.raises(JournalError, match="disk is full"):
        stand.compact()
    assert stand.seen() < 20
    assert [path.name for path in stand.store.path.parent.iterdir()] == [stand.store.path.name]


def test_a_disk_that_fails_at_the_last_step_leaves_the_last_one(stand: Stand, monkeypatch) -> None:
    stand.compact()
    before = stand.seen()
    opens = sqlite3.connect

    def failing(place, **options):
        if not options:
            raise sqlite3.OperationalError("disk I/O error")
        return opens(place, **options)

    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", failing)
        with pytest.raises(JournalError, match="disk I/O error"):
            stand.store.replace([_fill()])
    assert stand.seen() == before
    assert [path.name for path in stand.store.path.parent.iterdir()] == [stand.store.path.name]


def test_one_that_is_discarded_is_gone(stand: Stand) -> None:
    stand.compact()
    discard(stand.run_dir)
    assert stand.seen() >= RECORDS


def test_signals_that_live_long_are_kept_long(tmp_path: Path) -> None:
    assert Policy(expired_ns=10, ended_ns=12).with_ttl(1).ended_ns == 12
    slow = StrategyConfig(name="slow", strategy="a.b:C", signal_ttl_ms=3 * 3_600_000)
    policy = checkpoint_file(tmp_path, Config(strategies=(slow,))).policy
    assert policy.ended_ns - policy.expired_ns == 2 * 3 * 3_600 * 10**9
