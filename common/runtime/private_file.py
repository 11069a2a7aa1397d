"""Files for this user alone: what a group writes is mode 0600, its folders are mode 0700.

A program that opens files for others (SQLite, ZeroMQ, supervisord, Prometheus) asks nobody which
mode they should have; the umask of its process decides. So every process of a group begins with
`own`, and a command that writes into a run directory does so within `private`.
"""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tapewire.common.errors import ConfigError
from tapewire.common.runtime.durable import fsync

UMASK: Final = 0o077
SECRET_MAX_BYTES: Final = 8_192
OTHERS: Final = 0o077
"""The bits of a mode that are the group's and everybody's."""


def own() -> None:
    """Whatever this process creates from now on is for its user alone."""
    os.umask(UMASK)


@contextlib.contextmanager
def private() -> Iterator[None]:
    """Whatever is created within is for this user alone; for a program that also writes files
    elsewhere, in the mode that its user wants."""
    before = os.umask(UMASK)
    try:
        yield
    finally:
        os.umask(before)


def tighten(folder: Path) -> None:
    """Close to others what lies in `folder` already, as an earlier version or a copy left it."""
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # it was replaced or removed meanwhile
            _close_to_others(path)


def _close_to_others(path: Path) -> None:
    mode = path.lstat().st_mode
    if path.is_symlink() or not mode & OTHERS:
        return
    try:
        path.chmod(mode & ~OTHERS & 0o7777)
    except PermissionError as error:
        raise ConfigError(
            f"{path} is open to others and not yours, so its mode cannot be changed to"
            f" {mode & ~OTHERS & 0o777:04o}; move it out of the run directory, or chown it"
        ) from error


def write(path: Path, text: str, *, durable: bool = False) -> None:
    """Write `text` with mode 0600; a reader sees the old file or the new one, never a part. With
    `durable` it returns once a loss of power leaves the new one."""
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)  # one that was left over could have another mode
    partial.touch(mode=0o600)
    partial.write_text(text)
    if durable:
        fsync(partial)
    partial.replace(path)
    if durable:
        fsync(path.parent)


def secret(of: str, path: Path, what: str, bytes_max: int = SECRET_MAX_BYTES) -> str:
    """What is in a file of the user's that nobody else can read: the `what` of `of`. Raises
    `ConfigError` otherwise; no sentence has anything of what is in it. What is beyond `bytes_max`
    is cut off."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigError(f"{of}: {path}: {error.strerror}; expected a file of yours") from error
    try:
        _require_secret(f"{of}: {path}", path, os.fstat(descriptor), what)
        return os.read(descriptor, bytes_max).decode(errors="replace").strip()
    finally:
        os.close(descriptor)


def _require_secret(of: str, path: Path, found: os.stat_result, what: str) -> None:
    mode = stat.S_IMODE(found.st_mode)
    if not stat.S_ISREG(found.st_mode):
        raise ConfigError(f"{of}: not a file; expected one with the {what} in it")
    if mode & OTHERS or found.st_uid != os.getuid():
        raise ConfigError(
            f"{of} has mode {mode:04o}, must be 0600 and yours: others could read the {what};"
            f" run `chmod 600 {path}`"
        )
