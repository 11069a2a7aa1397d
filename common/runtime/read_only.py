"""A disk that has become read-only: after a fault of its own, or because somebody mounted it so."""

import contextlib
import errno
import os
from pathlib import Path
from typing import Final

ADVICE: Final = "see in `dmesg` whether it has failed, and mount it for writing again"
"""What a person can do about it."""


def is_read_only(path: Path) -> bool:
    """Whether `path`, a file that is there, cannot be written because its disk is read-only.

    It is opened for writing, and left as it is. The disk's own flags do not tell: Linux leaves them
    as they were where ext4 makes a disk read-only after a fault.
    """
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC))
    except OSError as error:
        return error.errno == errno.EROFS
    return False


def has_read_only_disk(folder: Path) -> bool:
    """Whether nothing can be created in `folder` because its disk is read-only."""
    probe = folder / f".probe-{os.getpid()}"
    try:
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        return error.errno == errno.EROFS
    with contextlib.suppress(OSError):
        probe.unlink()
    return False
