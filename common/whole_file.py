"""A file of a person's, written as a whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tapewire.common.errors import ConfigError


@contextmanager
def whole(path: Path, option: str = "") -> Iterator[Path]:
    """The name to write to meanwhile: the file gets its own when all of it is written, and is left
    as it was where that fails. `option` is what the path was given as, for errors.

    Raises `ConfigError` where the folder is missing, or the path is one.
    """
    if not path.parent.is_dir():
        raise ConfigError(f"{option}{path}: there is no folder {path.parent}; create it first")
    if path.is_dir():
        raise ConfigError(f"{option}{path} is a folder; expected the name of a file")
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
