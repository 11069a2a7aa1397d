"""The file of a journal in use: whether a later start would find it.

A file that is deleted while a process has it open takes every commit, and is gone with the process:
orders, fills and halts would be written down for nobody. SQLite does not look for that. So the
process looks once per second, and takes nothing that adds risk from then on. It does not end: what
reduces a position still can go.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from tapewire.common.clock import Now

LOOK_EVERY_NS: Final = 1_000_000_000


class OpenFile:
    """A file that has just been opened at `path`, and has a name there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is = _identity(path)

    def __repr__(self) -> str:
        return f"<OpenFile {self._path}>"

    @property
    def lost(self) -> str:
        """Why it is not found there any more; empty if it is."""
        found = _identity(self._path)
        if found == self._is:
            return ""
        what = "was deleted or moved" if found is None else "was replaced by another file"
        return f"{self._path} {what} while it was in use"


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


class OwnJournal:
    """Whether what is written down will be found. `lost` says why not; once that is so, it stays
    so until the process is started again."""

    def __init__(self, lost: Callable[[], str]) -> None:
        self.reason = ""
        """Why nothing that adds risk may be taken; empty if it may."""
        self._lost = lost
        self._next_ns: int | None = None

    def __repr__(self) -> str:
        return f"<OwnJournal {self.reason or 'in its place'}>"

    def look(self, now: Now) -> None:
        """Look for it, at most once per second."""
        if self.reason or (self._next_ns is not None and now.mono_ns < self._next_ns):
            return
        self._next_ns = now.mono_ns + LOOK_EVERY_NS
        if lost := self._lost():
            self.reason = (
                f"{lost}: nothing that is done now will be known after a restart; close what is"
                " open, at the broker itself if need be, run `tapewire down`, and put the file"
                " back or use another run_dir"
            )
