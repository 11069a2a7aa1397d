"""A reserve of disk space, and the wait for room: what a live process does about a full disk, and
about one that is read-only."""

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tapewire.common.runtime import read_only

START_BYTES: Final = 1_000_000
"""What a start writes before it can say anything: lock, epoch, status, a journal's index."""
LOOK_EVERY_S: Final = 1.0


def free_bytes(folder: Path) -> int:
    """What this user may still write to the disk of `folder`; 0 if that cannot be found out."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return 0
    return disk.f_bavail * disk.f_frsize


class Reserve:
    """A file that holds space for one process, which gives it up where nothing else is left."""

    def __init__(self, path: Path, size_bytes: int) -> None:
        self.path = path
        self.size_bytes = size_bytes

    def __repr__(self) -> str:
        return f"<Reserve {self.path}, {self.size_bytes} bytes>"

    @property
    def is_kept(self) -> bool:
        """Whether it is there."""
        return self.path.exists()

    def keep(self) -> bool:
        """Make it; False if there is no room for it."""
        partial = self.path.with_suffix(".partial")
        try:
            with partial.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self.size_bytes)
            partial.replace(self.path)
        except OSError:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            return False
        return True

    def release(self) -> bool:
        """Give it up; whether there was something to give up."""
        try:
            self.path.unlink()
        except OSError:
            return False
        return True


def wait_for_room(
    folder: Path,
    give_up: Callable[[], bool],
    release: Callable[[], bool],
    say: Callable[[str], None],
) -> bool:
    """Return once there is room to start in `folder`; `release` may make some.

    False if `give_up` says so meanwhile. A process that ended for want of it would be restarted
    some twenty times, and then never again.
    """
    said = ""
    while why := unwritable(folder):
        if release():
            continue
        if not said:
            said = why
            say(f"{why}; waiting until {START_BYTES:,} bytes can be written")
        if give_up():
            return False
        time.sleep(LOOK_EVERY_S)
    return True


def unwritable(folder: Path) -> str:
    """Why a process could not start in `folder`; empty if there is room."""
    if read_only.has_read_only_disk(folder):
        return f"the disk of {folder} is read-only"
    if (free := free_bytes(folder)) < START_BYTES:
        return f"the disk of {folder} has {free:,} bytes free"
    return ""
