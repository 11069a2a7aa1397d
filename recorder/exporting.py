"""What was recorded as a file of ticks in Tapewire's own CSV, which a back-test and a demo read."""

import gzip
import io
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tapewire.common.errors import ConfigError
from tapewire.common.events import Tick
from tapewire.common.ticks.as_ticks import Lines
from tapewire.common.ticks.rows import HEADER
from tapewire.common.whole_file import whole


class Exported(NamedTuple):
    """How many ticks were written, and how many of them were delayed, which the file cannot say."""

    ticks: int
    delayed: int


def export(ticks: Iterable[Tick], path: Path) -> Exported:
    """Write ticks, which are in the order of their times, to `path` (.gz too): all of them, or
    nothing where that fails. Raises `ConfigError` where there is no such folder, or no tick."""
    with whole(path) as beside, _opened(beside, compressed=path.suffix == ".gz") as file:
        done = _write(ticks, file)
        if not done.ticks:
            raise ConfigError(
                "nothing is recorded in that time; `tapewire data list` shows what is"
            )
    return done


def _opened(path: Path, *, compressed: bool) -> io.TextIOWrapper:
    if compressed:
        return gzip.open(path, "wt", compresslevel=6, encoding="utf-8")
    return path.open("w", encoding="utf-8")


def _write(ticks: Iterable[Tick], file: io.TextIOWrapper) -> Exported:
    lines = Lines()
    count = delayed = 0
    file.write(f"{HEADER}\n")
    for tick in ticks:
        file.write(lines.line(tick))
        count += 1
        delayed += tick.delayed
    return Exported(count, delayed)
