"""A walk over the whole journal, beside the process that writes it.

A start that has a checkpoint reads only what came after it. What is older cannot mislead that
start, but it is what other processes and the console may ask for, and what a start without the
checkpoint would read. So each process walks its journal once after it has started, from the first
record to the last one of that moment: what it writes itself from then on needs no second look, and
a busy process writes faster than this reads.

It has a thread and a connection of its own. A piece is so small that the process's turns do not
notice: it holds the interpreter for some 40 us in every 5 ms, which makes 5000 records per second.
What it finds the process learns in its next turn, and ends: the next start looks at every record,
and stands by (see `stand_by`).
"""

import threading
from contextlib import closing
from pathlib import Path
from typing import Final

from tapewire.common.runtime.journal import JournalDamagedError, JournalError, SqliteJournal

PIECE: Final = 25  # records
PAUSE_S: Final = 0.005
END_WITHIN_S: Final = 5.0


class Walk:
    """Begins at once; `require_sound` raises what was found so far."""

    def __init__(self, path: Path, pause_s: float = PAUSE_S) -> None:
        self.records = 0
        self._path = path
        self._pause_s = pause_s
        self._damage: JournalDamagedError | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="walk", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return f"<Walk {self._path}, {self.records} records>"

    def require_sound(self) -> None:
        """Raise `JournalDamagedError` if a record was found that is not as it was written."""
        if self._damage is not None:
            raise self._damage

    def join(self) -> None:
        """Wait for its end."""
        self._thread.join()

    def close(self) -> None:
        """End it, wherever it is."""
        self._ending.set()
        self._thread.join(END_WITHIN_S)

    def _run(self) -> None:
        try:
            with closing(SqliteJournal(self._path, read_only=True)) as journal:
                end = journal.head.seq
                while self.records < end and (taken := len(journal.read(self.records + 1, PIECE))):
                    self.records += taken
                    if self._ending.wait(self._pause_s):
                        return
        except JournalDamagedError as error:
            self._damage = error
        except JournalError:
            return  # not readable at this moment: what it is asked for, it cannot tell
