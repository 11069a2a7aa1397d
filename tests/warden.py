"""A warden beside pytest: when pytest ends, however that comes about, so does all that it started.

Fixtures end what they have started, but not if pytest is killed, nor if Ctrl-C comes while one of
them is at it; and a group's supervisord is not a child of the test, so it would go on for ever. All
that a test starts inherits a mark in its environment. The warden, in a session of its own so that
Ctrl-C does not reach it, waits for the end of a pipe that only pytest holds and that the kernel
closes whatever ends it. Then it kills each process with the mark. It needs /proc, and does nothing
elsewhere.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Final

MARK: Final = "TESTS_STARTED_BY"
TIMEOUT_S: Final = 10.0
LOOK_S: Final = 0.1
LOOKS: Final = 3  # without finding any, since one that was found may just have started another


def watch() -> "subprocess.Popen[bytes]":
    """Mark what this process starts from now on, and start its warden."""
    os.environ[MARK] = f"{os.getpid()}-{uuid.uuid4().hex}"
    return subprocess.Popen(
        [sys.executable, "-S", str(Path(__file__).resolve())],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip


def marked(mark: str) -> list[int]:
    """The processes with this mark, but for this one; one that has ended has none any more."""
    wanted, found = f"{MARK}={mark}".encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended, or is another user's
            if wanted in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return [pid for pid in found if pid != os.getpid()]


def main() -> None:
    """Wait for the end of standard input, then kill what has the mark."""
    mark = os.environ[MARK]
    sys.stdin.buffer.read()
    deadline, looks = time.monotonic() + TIMEOUT_S, 0
    while looks < LOOKS and time.monotonic() < deadline:
        pids = marked(mark)
        looks = 0 if pids else looks + 1
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(LOOK_S)


if __name__ == "__main__":
    main()
