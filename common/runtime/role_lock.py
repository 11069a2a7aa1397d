"""One process per role: a lock in the run directory that lasts as long as its holder."""

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

EXIT_ROLE_TAKEN: Final = 3
LOOKS_MAX: Final = 10
LOOK_S: Final = 0.01


class RoleTaken(RuntimeError):
    """Another process holds this role: the one with the id `holder`, where that is known."""

    def __init__(self, role: str, holder: str, path: Path) -> None:
        self.holder = holder
        super().__init__(
            f"{role} is running already as process {holder} (lock {path});"
            " this one ends, and the running one continues"
        )


def ended_start(run_dir: Path, role: str) -> str:
    """Names the newest start of a role if its process is over, however it ended: the system drops
    the lock of a process that dies, and that of one that is stopped it keeps. Empty while a process
    has the role, where none ever had, and where the file does not say which one it was: somebody
    may have put it in the place of one that is held."""
    path = run_dir / "locks" / f"{role}.lock"
    try:
        with path.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            holder = lock.read().strip()
            return f"{holder} {os.fstat(lock.fileno()).st_mtime_ns}" if holder else ""
    except OSError:
        return ""


def is_held(run_dir: Path, role: str) -> bool:
    """Whether a process has this role now."""
    try:
        with (run_dir / "locks" / f"{role}.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # no process ever had it
        return False
    return False


def take_role(run_dir: Path, role: str) -> IO[str]:
    """Lock the role for as long as this process lives."""
    path = run_dir / "locks" / f"{role}.lock"
    lock = path.open("a+")
    try:
        _lock(lock)
    except OSError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise RoleTaken(role, holder, path) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def require_own(run_dir: Path, role: str, lock: IO[str]) -> None:
    """Raise `RoleTaken` if another process has the role by now: somebody has deleted the file that
    `lock` is of, and a group that was started since then could not see that it is held."""
    path = run_dir / "locks" / f"{role}.lock"
    with suppress(OSError):
        if os.path.samestat(path.stat(), os.fstat(lock.fileno())):
            return
        if is_held(run_dir, role):
            raise RoleTaken(role, path.read_text().strip() or "unknown", path)


def _lock(lock: IO[str]) -> None:
    """Lock it, or raise `OSError`. Another process may be looking at it just now (see
    `ended_start`), which is over in an instant."""
    for _ in range(LOOKS_MAX):
        with suppress(BlockingIOError):
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        time.sleep(LOOK_S)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
