"""Reconciliations, as the gateway's journal has them."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from tapewire.common import roles
from tapewire.common.bus import wire
from tapewire.common.events import ReconciliationCompleted
from tapewire.common.runtime.journal import SqliteJournal
from tapewire.console.records.verification import journal_path

CHUNK: Final = 500
MARK: Final = str(ReconciliationCompleted.__struct_config__.tag).encode()


class Reconciliations:
    """Those of a gateway in a run directory; none if it never ran."""

    def __init__(self, run_dir: Path, role: str = roles.GATEWAY) -> None:
        self._path = journal_path(run_dir, role)

    def head(self) -> int:
        """How far the journal goes."""
        if not self._exists():
            return 0
        with closing(SqliteJournal(self._path, read_only=True)) as journal:
            return journal.head.seq

    def last(self) -> ReconciliationCompleted | None:
        """The newest; None if there is none. It is looked for from the journal's end."""
        seq = self.head()
        while seq > 0:
            first = max(1, seq - CHUNK + 1)
            if found := self._between(first, seq):
                return found[-1]
            seq = first - 1
        return None

    def of(self, name: str, after: int) -> ReconciliationCompleted | None:
        """The one of this id that was written behind `after`; None if it is not there yet."""
        head = self.head()
        for first in range(after + 1, head + 1, CHUNK):
            for one in self._between(first, min(head, first + CHUNK - 1)):
                if one.id == name:
                    return one
        return None

    def _between(self, first: int, last: int) -> list[ReconciliationCompleted]:
        with closing(SqliteJournal(self._path, read_only=True)) as journal:
            return list(_among(journal.read(first, last - first + 1)))

    def _exists(self) -> bool:
        return self._path.is_file() and bool(self._path.stat().st_size)


def _among(records: list[bytes]) -> Iterator[ReconciliationCompleted]:
    for record in records:
        event = wire.decode_event(record) if MARK in record else None
        if isinstance(event, ReconciliationCompleted):
            yield event
