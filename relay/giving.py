"""What home gives a far host of its past: the group's checkpoint in parts, and journals' chains.

A checkpoint's file is never written to: the keeper puts another one in its place. So each part is
read by itself, and names the checkpoint that it is of. Who meets another name begins again. Nothing
is kept here for a host that asks, whatever becomes of it.
"""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Final

from tapewire.common.bus import wire
from tapewire.common.runtime.checkpoint import Checkpoints
from tapewire.common.runtime.journal import GENESIS, Journal, JournalError, SqliteJournal
from tapewire.relay.words import (
    WORD_MAX_BYTES,
    ChainsAnswered,
    ChainsAsked,
    CheckpointPart,
    PastAnswered,
    PastAsked,
)

PART_BYTES: Final = 256 * 1024
RECORD_MAX_BYTES: Final = WORD_MAX_BYTES - 1024
"""A larger record cannot be sent. The largest ones have 50,000 ids of 16 bytes."""
READ: Final = 8
"""Records at first: few, as each can be large."""
READ_MAX: Final = 128
NONE: Final = CheckpointPart(wire.WIRE_VERSION, 0, GENESIS)


class Giving:
    """Answers from `store` and from the journals of `roles` in the folder `journals`."""

    def __init__(self, store: Checkpoints, journals: Path, roles: Iterable[str]) -> None:
        self._store = store
        self._journals = journals
        self._roles = frozenset(roles)

    def __repr__(self) -> str:
        return f"<Giving of {self._journals}>"

    def answer(self, word: PastAsked) -> PastAnswered:
        """The answer to what a far host has asked. A checkpoint or a journal that cannot be read is
        as good as none: whoever owns it says what is wrong."""
        if isinstance(word, ChainsAsked):
            known = self._roles & word.seqs.keys()
            return ChainsAnswered({role: self._chain(role, word.seqs[role]) for role in known})
        try:
            journal = self._store.open()
            if journal is None:
                return NONE
            with closing(journal):
                return part_of(journal, max(1, word.from_seq))
        except JournalError:
            return NONE

    def _chain(self, role: str, seq: int) -> str:
        path = self._journals / f"{role}.sqlite"
        try:
            with closing(SqliteJournal(path, read_only=True)) as journal:
                return journal.chain_at(seq)
        except JournalError:
            return GENESIS


def part_of(journal: Journal, from_seq: int) -> CheckpointPart:
    """The records from `from_seq` on, as many as go into a part; none if the first is too large."""
    seq, chain = journal.head
    records: list[bytes] = []
    left, count = PART_BYTES, READ
    while left > 0 and (read := journal.read(from_seq + len(records), count)):
        for record in read:
            left -= len(record)
            if len(record) > RECORD_MAX_BYTES or (records and left < 0):
                return CheckpointPart(wire.WIRE_VERSION, seq, chain, from_seq, records)
            records.append(record)
        count = min(max(READ, left * len(records) // PART_BYTES), READ_MAX)
    return CheckpointPart(wire.WIRE_VERSION, seq, chain, from_seq, records)
