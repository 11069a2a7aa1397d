"""What home gives a far host of its past."""

from contextlib import closing
from pathlib import Path

import pytest

from tapewire.benchmarks.load.past_trading import PastTrading
from tapewire.common.config.settings import Config
from tapewire.common.events import RecordKept
from tapewire.common.runtime.checkpoint import checkpoint_file
from tapewire.common.runtime.journal import SqliteJournal
from tapewire.common.runtime.memory_journal import MemoryJournal
from tapewire.relay import giving, words
from tapewire.relay.giving import Giving, part_of
from tapewire.relay.words import ChainsAnswered, ChainsAsked, CheckpointAsked, CheckpointPart

INSTRUMENT = [{"symbol": "BENCH", "con_id": 1}]


def giving_of(config: Config) -> Giving:
    store = checkpoint_file(config.run_dir, config)
    return Giving(store, config.run_dir / "journals", config.logins().roles)


def test_a_record_that_no_message_can_hold_is_not_sent(monkeypatch: pytest.MonkeyPatch):
    journal = MemoryJournal()
    journal.append([RecordKept("a", 1, b"x"), RecordKept("a", 2, bytes(words.WORD_MAX_BYTES))])
    assert len(part_of(journal, 1).records) == 1
    assert part_of(journal, 2).records == []
    largest = MemoryJournal()
    largest.append([RecordKept("a", 1, bytes(giving.RECORD_MAX_BYTES - 60))])
    words.decode(words.encode(part_of(largest, 1)))


def test_many_small_records_are_not_read_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch):
    """The door answers nobody else meanwhile."""
    journal, reads = MemoryJournal(), 0
    journal.append([RecordKept("a", seq, bytes(60)) for seq in range(1, 5_001)])
    read = journal.read

    def counted(from_seq: int, limit: int) -> list[bytes]:
        nonlocal reads
        reads += 1
        return read(from_seq, limit)

    monkeypatch.setattr(journal, "read", counted)
    assert len(part_of(journal, 1).records) > 2_000
    assert reads < 40


def test_a_damaged_checkpoint_is_as_good_as_none(tmp_path: Path):
    config = Config(run_dir=tmp_path, instruments=INSTRUMENT)
    store = checkpoint_file(config.run_dir, config)
    store.path.parent.mkdir()
    for content in (b"no database", b""):
        store.path.write_bytes(content)
        part = giving_of(config).answer(CheckpointAsked(1))
        assert isinstance(part, CheckpointPart)
        assert part.seq == 0


def test_a_host_asks_only_for_journals_that_the_group_has(tmp_path: Path):
    home = Config(run_dir=tmp_path, instruments=INSTRUMENT)
    PastTrading("DU1", "bench", "BENCH", 20).write(tmp_path / "journals")
    with closing(SqliteJournal(home.run_dir / "journals" / "risk.sqlite", read_only=True)) as risk:
        chain = risk.chain_at(2)
    asked = {"risk": 2, "../journals/risk": 2, "liquidation": 1, "executor": 2**62}
    assert giving_of(home).answer(ChainsAsked(asked)) == ChainsAnswered(
        {"risk": chain, "liquidation": "", "executor": ""}
    )


@pytest.mark.parametrize("seq", [-1, 2**63])
def test_a_number_that_no_record_can_have_is_not_decoded(seq: int):
    with pytest.raises(ValueError, match=r"\$"):
        words.decode(words.encode(CheckpointAsked(seq)))
