"""A journal in memory, for one process that plays a whole group: it outlives its owner's death."""

from collections.abc import Sequence

from tapewire.common.bus import wire
from tapewire.common.events import Event
from tapewire.common.runtime.journal import GENESIS, AtOnce, Head, link, verified

Content = tuple[list[bytes], list[str]]
"""The records of a journal, and the chain up to each."""


class MemoryJournal(AtOnce):
    """A journal in memory that survives its process and can lose what was not fsynced.

    `durable=True` fsyncs on each append, as synchronous=FULL does; otherwise only `fsync` does.
    `crash` is the machine's power going: unsynced records are gone.
    """

    def __init__(self, *, durable: bool = True) -> None:
        self.durable = durable
        self._records: list[bytes] = []
        self._chains: list[str] = []
        self._synced = 0

    @property
    def head(self) -> Head:
        """How far it goes, fsynced or not."""
        return Head(len(self._records), self._chains[-1] if self._chains else GENESIS)

    def append(self, events: Sequence[Event]) -> int:
        """Keep `events`; fsynced at once if the journal is durable."""
        first = len(self._records) + 1
        for event in events:
            record = wire.encode(event)
            self._chains.append(link(self.head.chain, record))
            self._records.append(record)
        if self.durable:
            self.fsync()
        return first

    def read(self, from_seq: int, limit: int) -> list[bytes]:
        """Up to `limit` records from `from_seq` on, each checked against the chain."""
        seqs = range(from_seq, min(from_seq + limit, len(self._records) + 1))
        rows = ((seq, self._chains[seq - 1], self._records[seq - 1]) for seq in seqs)
        return verified("", from_seq, self.chain_at(from_seq - 1), rows)

    def chain_at(self, seq: int) -> str:
        """The chain up to record `seq`; empty for 0 and beyond the end."""
        return self._chains[seq - 1] if 0 < seq <= len(self._chains) else GENESIS

    def fsync(self) -> None:
        """What is here now survives a crash."""
        self._synced = len(self._records)

    def crash(self) -> None:
        """Lose what was not fsynced."""
        del self._records[self._synced :]
        del self._chains[self._synced :]

    # ---- what may be done to a file while nobody watches; fsynced or not -------------------------

    def content(self) -> Content:
        """A copy, as a backup would have it."""
        return [*self._records], [*self._chains]

    def replace(self, content: Content) -> None:
        """Put a copy in place of what is here."""
        self._records, self._chains = [*content[0]], [*content[1]]
        self.fsync()

    def cut(self, count: int) -> None:
        """Lose the last `count` records."""
        keep = max(0, len(self._records) - count)
        self.replace((self._records[:keep], self._chains[:keep]))

    def flip(self, seq: int, bit: int = 0) -> None:
        """Flip one bit of record `seq`; `bit` counts from its beginning."""
        record = bytearray(self._records[seq - 1])
        record[bit // 8 % len(record)] ^= 1 << bit % 8
        self._records[seq - 1] = bytes(record)

    def close(self) -> None:
        """Nothing to let go of."""
