"""Bringing files to the disk that others have written."""

import os
from pathlib import Path


def fsync(path: Path) -> None:
    """Return once a file, or the names in a folder, survive the machine's loss of power; raises
    `OSError` if it is not there, or the disk fails."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
