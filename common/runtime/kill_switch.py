"""The kill switch: a file in the run directory stops everything that adds risk.

`RUN_DIR/HALT` can be put there by whoever can write a file: a person without a terminal of the
group, a script, a program that watches something else. SIGUSR1 to any process of the group writes
it. What it says is the reason.

Risk halts everything, and that stands until a person resumes. The gateway and the executor look for
the file themselves, and take nothing that adds risk while it is there: it works whichever of the
other processes does not. Nobody can resume before it is removed.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tapewire.common.clock import Now

NAME: Final = "HALT"
LOOK_EVERY_NS: Final = 100_000_000
TEXT_BYTES_MAX: Final = 200


class KillSwitch:
    """Whether the file is there. `read` gives what it says, None where there is none; `place` is
    its path, for a person."""

    def __init__(self, read: Callable[[], str | None], place: str) -> None:
        self.reason = ""
        """Why nothing that adds risk may go; empty if it may."""
        self._read = read
        self._place = place
        self._next_ns: int | None = None

    def __repr__(self) -> str:
        return f"<KillSwitch {self._place}: {self.reason or 'not pulled'}>"

    def look(self, now: Now) -> None:
        """Look for it, at most ten times per second."""
        if self._next_ns is not None and now.mono_ns < self._next_ns:
            return
        self._next_ns = now.mono_ns + LOOK_EVERY_NS
        text = self._read()
        if text is None:
            self.reason = ""
        elif not self.reason:
            why = f" and says {text!r}" if text else ""
            self.reason = f"{self._place} is there{why}; remove it, then `tapewire resume`"


class HaltFile:
    """The file, for one process: to look for, and to put there when a signal asks for it.

    Where it cannot be put there, as on a full disk, this process obeys all the same, and tries
    again at each look until everybody can see it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._owed = ""  # the reason that is not written down yet

    def __repr__(self) -> str:
        return f"<HaltFile {self._path}{' not written yet' if self._owed else ''}>"

    def pull(self, reason: str) -> None:
        """Put it there, now or later. It raises nothing: a signal handler calls it."""
        try:
            pull(self._path, reason)
        except OSError:
            self._owed = reason
        else:
            self._owed = ""

    def read(self) -> str | None:
        """What it says, or would say; None if nobody has pulled it."""
        if self._owed:
            self.pull(self._owed)
        return self._owed or read_file(self._path)


def read_file(path: Path) -> str | None:
    """The beginning of the file's first line; None if there is no file. One that cannot be read is
    there, too, and so is a link that leads nowhere. Nothing waits: a pipe says nothing."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            lines = (file.read(TEXT_BYTES_MAX) or b"").decode(errors="replace").splitlines()
    except FileNotFoundError:
        return "" if path.is_symlink() else None
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return lines[0].strip() if lines else ""


def pull(path: Path, reason: str) -> None:
    """Put the file there, unless it is there already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{reason}\n")
