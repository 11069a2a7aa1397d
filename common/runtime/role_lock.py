"""One process per role: a lock in the run directory that lasts as long as its holder."""

import fcntl
import os
from pathlib import Path
from typing import IO, Final

EXIT_ROLE_TAKEN: Final = 3


class RoleTaken(RuntimeError):
    """Another process holds this role; says which."""


def take_role(run_dir: Path, role: str) -> IO[str]:
    """Lock the role for as long as this process lives."""
    path = run_dir / "locks" / f"{role}.lock"
    lock = path.open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise RoleTaken(
            f"{role} is running already as process {holder} (lock {path});"
            " this one ends, and the running one continues"
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock
