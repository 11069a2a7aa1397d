"""A back-test's market: a file's rows as they are played, with those up to then as its history."""

from collections.abc import Iterator

from tapewire.common.ticks.file import TickFile
from tapewire.common.ticks.rows import Row
from tapewire.simulator.market.file_history import FileHistory
from tapewire.simulator.market.replay_clock import ReplayClock


class Played:
    """An iterator of `rows`, with the whole of `file` up to the present as its history: also what
    is before the first row that is played."""

    def __init__(self, rows: Iterator[Row], file: TickFile) -> None:
        self._rows = rows
        self._file = file

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        return next(self._rows)

    def history_on(self, clock: ReplayClock) -> FileHistory:
        """See `simulator.market.history.KeepsHistory`."""
        return FileHistory(self._file.rows(None, None), clock)
