"""What was recorded as a file of ticks in Tapewire's own CSV, which a back-test and a demo read."""

import gzip
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tapewire.common.errors import ConfigError
from tapewire.common.events import Tick
from tapewire.common.ticks.as_ticks import Lines
from tapewire.common.ticks.rows import HEADER


class Exported(NamedTuple):
    """How many ticks were written, and how many of them were delayed, which the file cannot say."""

    ticks: int
    delayed: int


def export(ticks: Iterable[Tick], path: Path) -> Exported:
    """Write ticks, which are in the order of their times, to `path` (.gz too): all of them, or
    nothing where that fails. Raises `ConfigError` where there is no such folder."""
    if not path.parent.is_dir():
        raise ConfigError(f"{path}: there is no folder {path.parent}; create it first")
    if path.is_dir():
        raise ConfigError(f"{path} is a folder; expected the name of a file")
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with _opened(beside, compressed=path.suffix == ".gz") as file:
            written = _write(ticks, file)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return written


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
