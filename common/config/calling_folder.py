"""The folder in which a process was started: where a user's own classes are found."""

import sys
from pathlib import Path


def look_in_calling_folder() -> None:
    """Let imports find what is there: processes run with `-P`, which leaves it off the path. It
    comes last, so that no file there can stand in for Python's own modules or for what is
    installed."""
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)
