"""The logs of a group's processes: the last entries of several, and what comes.

Each process writes to `RUN_DIR/logs/NAME.log`. supervisord turns the file over at 5 MB, and
`NAME.log.1` is then the one before.
"""

import heapq
import os
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tapewire.console.records.log_entries import Entry, Parser, is_at_least

TURNED_OVER_MAX: Final = 9  # older files that are looked for; supervisord keeps two


def processes(folder: Path) -> list[str]:
    """The processes that have a log in `folder`, `RUN_DIR/logs`."""
    return sorted(one.stem for one in folder.glob("*.log") if not one.stem.endswith(".tws"))


def last(folder: Path, names: Sequence[str], count: int, level: str) -> list[Entry]:
    """The last `count` entries of these processes together, oldest first."""
    parts = [_last_of(folder, name, count, level) for name in names]
    merged = heapq.merge(*parts, key=lambda entry: entry.time_ns)
    return list(deque(merged, maxlen=count))


def _last_of(folder: Path, name: str, count: int, level: str) -> deque[Entry]:
    """Of one process; the files that were turned over are read only as far as they are needed."""
    found: deque[Entry] = deque(maxlen=count)
    for path in _newest_first(folder, name):
        parser, part = Parser(name), deque[Entry](maxlen=count)
        with path.open(errors="replace") as file:
            part.extend(one for one in parser.take(file) if is_at_least(one, level))
        part.extend(one for one in parser.end() if is_at_least(one, level))
        found = deque([*part, *found], maxlen=count)
        if len(found) == count:
            break
    return found


def _newest_first(folder: Path, name: str) -> list[Path]:
    older = [folder / f"{name}.log.{number}" for number in range(1, TURNED_OVER_MAX + 1)]
    return [path for path in (_path(folder, name), *older) if path.is_file()]


class Followed:
    """One process's log from where it ends now, or from its start. It goes on in the next file
    where supervisord turns it over, and from the start of one that was cut off."""

    def __init__(self, path: Path, from_start: bool = False) -> None:
        self._path = path
        self._parser = Parser(path.stem)
        self._rest = b""
        self._file = path.open("rb") if path.is_file() else None
        if self._file is not None and not from_start:
            self._file.seek(0, os.SEEK_END)

    def news(self) -> list[Entry]:
        """What was written since the last call; the last entry is complete once nothing follows."""
        lines = self._lines()
        found = list(self._parser.take(lines))
        return found if lines else [*found, *self._parser.end()]

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    def _lines(self) -> list[str]:
        data = self._read()
        if self._is_turned_over():
            data += self._read()  # what was written between that read and the turn
            self.close()
            self._file = self._path.open("rb")
            data += self._read()
        whole, _, self._rest = (self._rest + data).rpartition(b"\n")
        return whole.decode(errors="replace").split("\n") if whole else []

    def _read(self) -> bytes:
        if self._file is None:
            return b""
        if os.fstat(self._file.fileno()).st_size < self._file.tell():
            self._file.seek(0)
        return self._file.read()

    def _is_turned_over(self) -> bool:
        try:
            there = self._path.stat()
        except OSError:
            return False
        return self._file is None or not os.path.samestat(there, os.fstat(self._file.fileno()))


class Following:
    """Several logs together; with no name, all there are, also those that appear later."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._folder = folder
        self._is_all = not names
        self._logs = {n: Followed(_path(folder, n)) for n in names or processes(folder)}

    def news(self) -> list[Entry]:
        """What came since the last call, in order of time."""
        for name in processes(self._folder) if self._is_all else ():
            if name not in self._logs:
                self._logs[name] = Followed(_path(self._folder, name), from_start=True)
        found = [entry for log in self._logs.values() for entry in log.news()]
        return sorted(found, key=lambda entry: entry.time_ns)

    def close(self) -> None:
        """Let go of all files."""
        for log in self._logs.values():
            log.close()


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}.log"
