"""The trials of a sweep on the disk, one per line, so that it can be stopped and go on.

A line that is not whole is what a killed process left: it is taken away. One sweep at a time may
write; a second one on the same folder is refused.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Final

import msgspec

from tapewire.backtest.sweep.trial import Task, Trial
from tapewire.common.errors import ConfigError

FILE: Final = "trials.jsonl"


class Store:
    """The trials that are done, by `key_of`; what is added is on the disk at once where there is a
    `file`."""

    def __init__(self, file: FileIO | None = None) -> None:
        self.trials: dict[bytes, Trial] = {}
        self._file = file
        if file is not None:
            self._read(file)

    def remember(self, trial: Trial) -> None:
        """Keep a trial until the end of this sweep only."""
        self.trials[key_of(trial.task)] = trial

    def add(self, trial: Trial) -> None:
        """Keep a trial."""
        self.remember(trial)
        if self._file is not None:
            self._file.write(msgspec.json.encode(trial) + b"\n")

    def get(self, task: Task) -> Trial | None:
        """The trial of this task, if it is done."""
        return self.trials.get(key_of(task))

    def _read(self, file: FileIO) -> None:
        data = file.read()
        lines = data.splitlines(keepends=True)
        whole = 0
        for line in lines:
            try:
                trial = msgspec.json.decode(line, type=Trial)
            except msgspec.MsgspecError:
                break
            if not line.endswith(b"\n"):
                break
            self.remember(trial)
            whole += len(line)
        file.seek(whole)
        file.truncate()


def key_of(task: Task) -> bytes:
    """What makes a task another one."""
    return msgspec.json.encode(task, order="sorted")


@contextmanager
def stored(folder: Path | None) -> Iterator[Store]:
    """The trials of a folder, which is made if it is missing; only in memory without one.

    Raises `ConfigError` where another sweep writes there.
    """
    if folder is None:
        yield Store()
        return
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    path.touch()
    with path.open("rb+", buffering=0) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConfigError(
                f"{folder}: another sweep is at work there; wait for its end, or name another"
                " folder"
            ) from None
        yield Store(file)
