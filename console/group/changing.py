"""One change of a group's strategies at a time: starts, stops and new numbers of instances.

Each of them writes sections, has supervisord read them and then starts and stops what differs. Two
at a time would do that with one another's sections, whether they come from the console's pages or
from the command line.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tapewire.console.group.supervisord import GroupError

FILE: Final = "changing.lock"


@contextmanager
def changing(run_dir: Path) -> Iterator[None]:
    """Change them; raises `GroupError` while somebody else does. Nobody waits: what was confirmed a
    while ago may no longer be what is wanted."""
    descriptor = os.open(run_dir / FILE, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise GroupError(
                f"the strategies of {run_dir} are being changed at this moment; try again once that"
                " is done"
            ) from None
        yield
