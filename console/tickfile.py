"""The file of ticks that a command is given, and what is to be known of it."""

from pathlib import Path

from tapewire.common.config.settings import ConfigError
from tapewire.common.ticks.file import TickFile


def tick_file(path: Path) -> TickFile:
    """The file; raises `ConfigError` where there is none, ValueError for one that is broken."""
    if path.is_dir():
        raise ConfigError(f"--ticks {path} is a folder; expected a CSV of ticks")
    if not path.is_file():
        raise ConfigError(f"--ticks {path}: no such file; expected a CSV of ticks")
    return TickFile(path)
