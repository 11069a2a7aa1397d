"""The journals of a run directory, as the bridge reads them: records with their chains, and only
those that are on the disk.

A mirror must not be ahead of its journal. If the machine loses power, a journal that does not wait
for the disk (the executor's) may lose its tail; a mirror that had that tail would show another past
than the group continues with. So such a journal is brought to the disk first, a few times per
second, by this process: its owner does not wait.
"""

import contextlib
from pathlib import Path
from typing import Final

from tapewire.bridge.engine import Line
from tapewire.common import roles
from tapewire.common.clock import Now
from tapewire.common.config.settings import Config
from tapewire.common.runtime.durable import fsync
from tapewire.common.runtime.journal import GENESIS, SqliteJournal, link

SYNC_EVERY_NS: Final = 250_000_000
BATCH_BYTES: Final = 1_000_000


class Source:
    """One journal that another process writes. Raises `JournalError` where it cannot be read."""

    def __init__(self, path: Path, *, durable: bool) -> None:
        self._path = path
        self._durable = durable
        self._journal: SqliteJournal | None = None
        self._inode = 0
        self._safe = 0  # the last record that is on the disk
        self._due_ns = 0

    def __repr__(self) -> str:
        return f"<Source {self._path}>"

    def look(self, now: Now) -> int:
        """The number of the last record that may be mirrored; 0 if there is none yet."""
        journal = self._opened()
        if journal is None:
            return 0
        seq = journal.renewed().seq
        if self._durable or seq <= self._safe:
            self._safe = seq
        elif now.mono_ns >= self._due_ns:
            self._due_ns = now.mono_ns + SYNC_EVERY_NS
            self._bring_to_disk()
            self._safe = seq
        return self._safe

    def lines(
        self, seq: int, limit: int, bytes_max: int | None = BATCH_BYTES
    ) -> tuple[str, list[Line]]:
        """The chain before record `seq`, and up to `limit` records from there on, of at most
        `bytes_max` bytes together; one in any case."""
        journal = self._opened()
        if journal is None:
            return GENESIS, []
        before = chain = journal.chain_at(seq - 1)
        found: list[Line] = []
        size = 0
        for number, record in enumerate(journal.read(seq, limit), seq):
            size += len(record)
            if found and bytes_max is not None and size > bytes_max:
                break
            chain = link(chain, record)
            found.append(Line(number, chain, record))
        return before, found

    def close(self) -> None:
        """Let go of the file."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def _opened(self) -> SqliteJournal | None:
        """The journal; opened again where another file has taken its place."""
        found = self._stat()
        if found != self._inode:
            self.close()
            self._safe = 0
        if self._journal is None and found:
            self._journal = SqliteJournal(self._path, read_only=True)
        self._inode = found
        return self._journal

    def _stat(self) -> int:
        """What names the file; 0 while there is none with anything in it."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return 0
        return found.st_ino if found.st_size else 0

    def _bring_to_disk(self) -> None:
        for path in (self._path.with_name(f"{self._path.name}-wal"), self._path):
            with contextlib.suppress(FileNotFoundError):
                fsync(path)


def sources_of(config: Config, run_dir: Path) -> dict[str, Source]:
    """The journals of a configuration's group, by role."""
    weaker = config.storage.synchronous == "NORMAL"
    return {
        role: Source(
            run_dir / "journals" / f"{role}.sqlite",
            durable=not (weaker or roles.kind_of(role) == roles.EXECUTOR),
        )
        for role in config.logins().roles
    }
