"""The keeper: makes the group's checkpoint, now and then, as a process of its own.

It looks at the journals once per minute, and does nothing else: it loads nothing that takes memory.
When enough records have come it starts itself once more, with `--once`, for the work: that process
is nice to all others, and gives its memory back as it ends. Neither writes to any journal, nobody
waits for either, and either may die at any moment (see `checkpoint`).

Where a checkpoint cannot be made, because the disk is full or a journal is damaged, it is tried
again, later each time.
"""

import argparse
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tapewire.common.config.settings import Config
    from tapewire.common.runtime.compaction import Made

LOOK_EVERY_S: Final = 60.0
AGAIN_MAX_S: Final = 3600.0
STEP_S: Final = 1.0  # a supervisor that died is noticed within it
RECORDS: Final = 2_000
"""A start reads at most this many records beyond the checkpoint, and those of some minutes."""
NICE: Final = 10
WORK: Final = "checkpoint"
"""The name of the lock that whoever makes a checkpoint holds."""


def records_in(folder: Path) -> int:
    """How many records the journals in `folder` have."""
    count = 0
    for path in folder.glob("*.sqlite"):
        try:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
                row = db.execute("SELECT max(seq) FROM records").fetchone()
        except sqlite3.Error:
            continue  # it is being created, or cannot be read; who needs it says so
        count += row[0] or 0
    return count


class Schedule:
    """When to make the next one: at first at once, then whenever `records` have come."""

    def __init__(self, records: int = RECORDS, look_every_s: float = LOOK_EVERY_S) -> None:
        self._records = records
        self._look_every_s = look_every_s
        self._made_at: int | None = None  # how many records there were
        self._failures = 0

    def is_due(self, count: int) -> bool:
        """Whether `count` records call for one. Fewer than there were is another past."""
        if self._made_at is None or count < self._made_at:
            return count > 0
        return count - self._made_at >= self._records

    def made(self, count: int) -> None:
        """One was made, of at least `count` records."""
        self._made_at, self._failures = count, 0

    def failed(self) -> None:
        """None could be made."""
        self._failures += 1

    @property
    def wait_s(self) -> float:
        """How long to wait before the next look."""
        return min(self._look_every_s * 2.0**self._failures, AGAIN_MAX_S)


def keep(run_dir: Path, schedule: Schedule) -> None:
    """Make checkpoints until the process that started this one is gone."""
    parent = os.getppid()
    while _waited(schedule.wait_s, parent):
        count = records_in(run_dir / "journals")
        if not schedule.is_due(count):
            continue
        work = [sys.executable, "-P", "-m", "tapewire.common.runtime.keeper", "--once"]
        if subprocess.run(work, check=False).returncode == 0:
            schedule.made(count)
        else:
            schedule.failed()


def _waited(seconds: float, parent: int) -> bool:
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s and os.getppid() == parent:
        time.sleep(min(STEP_S, seconds))
    return os.getppid() == parent


def work(config: "Config") -> "Made":
    """Make a checkpoint of the journals of a configuration's group.

    Raises `TapewireError` or `OSError` if that cannot be, if another one is being made, and on a
    far host: what it would make of no journals would take the place of home's.
    """
    from contextlib import ExitStack

    from tapewire.common.bus.endpoints import prepare_run_dir
    from tapewire.common.errors import TapewireError
    from tapewire.common.runtime.checkpoint import checkpoint_file
    from tapewire.common.runtime.compaction import compact
    from tapewire.common.runtime.disk import MB
    from tapewire.common.runtime.journal import SqliteJournal
    from tapewire.common.runtime.reserve import free_bytes
    from tapewire.common.runtime.role_lock import RoleTaken, take_role

    if config.placement().is_far:
        raise TapewireError("this is a far host; its checkpoint is a copy of home's, made there")
    run_dir = prepare_run_dir(config.run_dir)
    free, needed = free_bytes(run_dir), config.storage.free_resume_mb * MB
    if free < needed:
        raise TapewireError(f"the disk has {free:,} bytes free; {needed:,} are left to trading")
    with ExitStack() as stack:
        try:
            stack.enter_context(take_role(run_dir, WORK))
        except RoleTaken as error:
            raise TapewireError(str(error)) from error
        paths = {role: run_dir / "journals" / f"{role}.sqlite" for role in config.logins().roles}
        journals = {
            role: stack.enter_context(closing(SqliteJournal(path, read_only=True)))
            for role, path in paths.items()
            if path.exists() and path.stat().st_size
        }
        return compact(journals, checkpoint_file(run_dir, config), time.time_ns())


def sentence(made: "Made") -> str:
    """What came of it, for a person."""
    why = f"; {made.why}" if made.why else ""
    return f"{made.kept:,} of {made.records:,} records still matter{why}"


def once() -> int:
    """Make a checkpoint at low priority; returns the exit status."""
    from tapewire.common.errors import TapewireError
    from tapewire.common.runtime import launched

    os.nice(NICE)
    try:
        config = launched.config_of(os.environ.get("TAPEWIRE_RUN_DIR"), None)
        print(f"checkpoint made: {sentence(work(config))}", flush=True)
    except (TapewireError, OSError) as error:
        print(f"no checkpoint was made: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


def main() -> int:
    """Look after the checkpoint of the run directory that the environment names."""
    parser = argparse.ArgumentParser(description="makes the group's checkpoint, now and then")
    parser.add_argument("--once", action="store_true", help="make one now, and end")
    parser.add_argument(
        "--every-s", type=float, default=LOOK_EVERY_S, help="how often to look (60)"
    )
    options = parser.parse_args()
    os.umask(0o077)
    if options.once:
        return once()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # nothing has to be put away
    keep(Path(os.environ["TAPEWIRE_RUN_DIR"]), Schedule(look_every_s=options.every_s))
    return 0


if __name__ == "__main__":
    sys.exit(main())
