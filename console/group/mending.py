"""Putting a journal right: a copy in its place, or a person's word that what is there is to count.

Both work on a group that is stopped, and hold the lock of every role meanwhile, so that none starts
under their hands. What is replaced stays beside its place, and what was accepted is written down.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from tapewire.common import roles
from tapewire.common.errors import ConfigError
from tapewire.common.runtime import checkpoint, head_file, head_log, keeper
from tapewire.common.runtime.journal import JournalError, SqliteJournal
from tapewire.common.runtime.role_lock import RoleTaken, take_role
from tapewire.console.group import control
from tapewire.console.group.supervisord import GroupError
from tapewire.console.records.verification import (
    Finding,
    findings,
    journal_path,
    look_at,
    remembered_in,
)

ACCEPTED: Final = "accepted.jsonl"
SIDE_FILES: Final = ("-wal", "-shm")


class Restored(NamedTuple):
    """What was put in place, and where the file that it replaced is now; None if there was none."""

    found: Finding
    replaced: Path | None


@contextmanager
def stopped(run_dir: Path) -> Iterator[None]:
    """Hold every role that has a journal or remembers one; refuse if any of them runs."""
    if control.listens(run_dir):
        raise GroupError(f"a group runs in {run_dir}; run `tapewire down` first")
    with ExitStack() as held:
        for role in sorted({*roles.JOURNALED, *head_file.remembered(run_dir), keeper.WORK}):
            try:
                held.enter_context(take_role(run_dir, role))
            except RoleTaken as error:
                raise GroupError(f"{error}; stop it first") from error
        yield


def restore(run_dir: Path, role: str, copy: Path, written: Path | None = None) -> Restored:
    """Put `copy` in the place of a role's journal, if it is sound; returns what that leads to.

    Raises `ConfigError` for a copy that is none, or is damaged; then nothing is changed. `written`
    is the file that risk's head is written to as well.
    """
    place = journal_path(run_dir, role)
    if not copy.is_file():
        raise ConfigError(f"--from {copy}: no such file; expected a copy of {role}'s journal")
    if place.exists() and copy.samefile(place):
        raise ConfigError(f"--from {copy} is {role}'s journal itself; expected a copy of it")
    with tempfile.TemporaryDirectory(prefix="restore-", dir=run_dir) as folder:
        whole = Path(folder) / place.name
        _take_over(copy, whole, role)
        replaced = _set_aside(place)
        whole.replace(place)
    checkpoint.discard(run_dir)
    return Restored(look_at(place, role, remembered_in(run_dir, written)), replaced)


def _take_over(copy: Path, whole: Path, role: str) -> None:
    """Copy a journal, with the log beside it, into one verified file that is on the disk."""
    shutil.copyfile(copy, whole)
    log = copy.with_name(f"{copy.name}-wal")
    if log.is_file():
        shutil.copyfile(log, whole.with_name(f"{whole.name}-wal"))
    found = look_at(whole, role, {})
    if found.fault or not found.head.seq:
        why = found.fault or "it holds no records"
        raise ConfigError(f"--from {copy}: {why}; nothing was changed")
    try:
        SqliteJournal(whole).close()  # what is in its log goes into the file
    except JournalError as error:
        raise ConfigError(f"--from {copy}: {error}; nothing was changed") from error
    with whole.open("rb") as file:
        os.fsync(file.fileno())


def _set_aside(place: Path) -> Path | None:
    """Rename a journal, with its log, so that nothing reads it and SQLite still can."""
    if not place.exists():
        return None
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    aside = place.with_name(f"{place.name}.replaced-{stamp}")
    number = 1
    while aside.exists():
        number += 1
        aside = place.with_name(f"{place.name}.replaced-{stamp}-{number}")
    for end in ("", *SIDE_FILES):
        beside = place.with_name(f"{place.name}{end}")
        if beside.exists():
            beside.rename(aside.with_name(f"{aside.name}{end}"))
    return aside


def accept(
    run_dir: Path, only: str | None, reason: str, written: Path | None = None
) -> list[Finding]:
    """Make all processes take the journals as they are, or one of them. Returns those for which
    that changed something, as they were found. Refuses a damaged one: it cannot be read on. The
    file in which risk's head is `written` as well gets a line about it."""
    differing = [found for found in findings(run_dir, only, written) if not found.sound]
    for found in differing:
        if found.fault:
            raise ConfigError(
                f"{found.role}'s journal is damaged ({found.fault}) and cannot be accepted; restore"
                f" a copy, or move {journal_path(run_dir, found.role)} away to go on without it"
            )
    for found in differing:
        _write_down(run_dir, found, reason)
        if written is not None and found.role == roles.RISK:
            head_log.accept(written, found.head, reason)
        head_file.replace(run_dir, found.role, found.head)
    checkpoint.discard(run_dir)  # it may be of what was there before
    return differing


def _write_down(run_dir: Path, found: Finding, reason: str) -> None:
    """One line per decision, before it takes effect."""
    entry = {
        "ts_ns": time.time_ns(),
        "journal": found.role,
        "records": found.head.seq,
        "chain": found.head.chain,
        "differed": {who: fault for who, fault in found.witnesses.items() if fault},
        "reason": reason,
    }
    with (run_dir / head_file.FOLDER / ACCEPTED).open("a") as log:
        log.write(f"{json.dumps(entry)}\n")
        log.flush()
        os.fsync(log.fileno())
