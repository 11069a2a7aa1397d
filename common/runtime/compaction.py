"""Compaction: the group's next checkpoint, made of the last one and of what came since.

It only reads the journals, so it may run beside their owners, and may end at any moment: until the
new checkpoint takes the old one's place, nothing has happened. Long journals are taken piece by
piece, each together with what the pieces before it came to: so it needs no more memory for a
million records than for one piece.
"""

import gc
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Final, NamedTuple

from tapewire.common.bus import wire
from tapewire.common.retention.executions import GROUP
from tapewire.common.retention.policy import Record, Stale
from tapewire.common.retention.retention import checkpoint_of, sources_of
from tapewire.common.runtime.checkpoint import Checkpoint, Checkpoints, kept, terms_of
from tapewire.common.runtime.journal import GENESIS, Head, Journal, JournalError

PIECE_RECORDS: Final = 20_000
CHUNK: Final = 1000

Journals = Mapping[str, Journal]
Sections = Mapping[str, list[Record]]


class Made(NamedTuple):
    """What was made of the journals: how many records they have, and how many are kept. `why` says
    why the last checkpoint could not be continued, if there was one."""

    records: int
    kept: int
    why: str = ""


def compact(
    journals: Journals, store: Checkpoints, now_ns: int, piece_records: int = PIECE_RECORDS
) -> Made:
    """Make a checkpoint of the journals as they are now. Raises `JournalError` or `OSError` if they
    cannot be read, or it cannot be written: then the last one stays."""
    heads = {source: _head(journals.get(source)) for source in sources_of(journals)}
    base, why = _base(journals, store)
    maker = _Maker(journals, store, now_ns, heads)
    try:
        return maker.make(base, piece_records)._replace(why=why)
    except Stale as error:
        return maker.make(None, max(1, *(seq for seq, _ in heads.values())))._replace(
            why=str(error)
        )
    finally:
        if base is not None:
            base.close()


class _Maker:
    """Makes a checkpoint that stands for `heads`."""

    def __init__(
        self, journals: Journals, store: Checkpoints, now_ns: int, heads: Mapping[str, Head]
    ) -> None:
        self._journals = journals
        self._store = store
        self._now_ns = now_ns
        self._heads = heads

    def make(self, base: Checkpoint | None, piece_records: int) -> Made:
        """Go on from `base`, in as many pieces as it takes, and write down the result."""
        sources = tuple(self._heads)
        seqs = {source: base.head(source).seq if base else 0 for source in sources}
        sections: Sections | None = None
        if base is not None:
            sections = {source: [*base.records(source)] for source in (GROUP, *sources)}
        longest = max(self._heads[source].seq - seqs[source] for source in sources)
        count = max(1, -(-longest // piece_records))
        for number in range(1, count):
            ends = {
                source: Head(seqs[source] + (head.seq - seqs[source]) * number // count, GENESIS)
                for source, head in self._heads.items()
            }
            sections = _by_section(self._piece(sections, seqs, ends), sources)
            gc.collect()  # folds refer to themselves, so one piece would meet the next
            seqs = {source: head.seq for source, head in ends.items()}
        return self._write(self._piece(sections, seqs, self._heads))

    def _piece(
        self, sections: Sections | None, seqs: Mapping[str, int], ends: Mapping[str, Head]
    ) -> Iterator[Record]:
        """What the journals come to at `ends`, given what they came to at `seqs`."""

        def read(source: str) -> Iterator[Record]:
            before = sections[source] if sections is not None else []
            if source == GROUP:
                return iter(before)
            return chain(before, self._records(source, seqs[source] + 1, ends[source].seq))

        base = seqs if sections is not None else None
        terms = terms_of(self._store.instruments)
        when = (self._now_ns, self._store.policy)
        return checkpoint_of(read, ends, base, self._store.instruments, when, terms)

    def _records(self, source: str, from_seq: int, to_seq: int) -> Iterator[Record]:
        journal = self._journals.get(source)
        while journal is not None and from_seq <= to_seq:
            records = journal.read(from_seq, min(CHUNK, to_seq - from_seq + 1))
            if not records:
                raise JournalError(f"{source}'s journal ends before record {from_seq}")
            for seq, record in enumerate(records, from_seq):
                yield Record(source, seq, wire.decode_event(record))
            from_seq += len(records)

    def _write(self, records: Iterator[Record]) -> Made:
        self._store.secure()
        count = 0

        def written() -> Iterator[Record]:
            nonlocal count
            for record in records:
                count += record.seq > 0
                yield record

        self._store.replace(map(kept, written()))
        return Made(sum(head.seq for head in self._heads.values()), count)


def _base(journals: Journals, store: Checkpoints) -> tuple[Checkpoint | None, str]:
    """The last checkpoint if it fits every journal; or why it does not."""
    try:
        journal = store.open()
        if journal is None:
            return None, ""
        found = Checkpoint(journal, store.instruments)
        for source in (*sources_of(journals), *found.ends):
            if source != GROUP:
                found.require(source, journals.get(source))
    except JournalError as error:
        return None, f"the last one was not used: {error}"
    return found, ""


def _head(journal: Journal | None) -> Head:
    return journal.head if journal is not None else Head(0, GENESIS)


def _by_section(records: Iterator[Record], sources: Iterable[str]) -> dict[str, list[Record]]:
    sections: dict[str, list[Record]] = {source: [] for source in (GROUP, *sources)}
    for record in records:
        sections[record.source].append(record)
    return sections
