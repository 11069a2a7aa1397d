"""Whether the journals of a run directory are sound, and hold what the processes remember of them.

Everything is only read, so it works while the group runs. What is remembered is read before the
journals then: a journal may have grown since, and must never be compared with what came later.
"""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from tapewire.common import roles
from tapewire.common.amounts import counted
from tapewire.common.runtime import head_file, head_log
from tapewire.common.runtime.boot import boot_id
from tapewire.common.runtime.heads import Memory, Remembered, difference, with_remedy
from tapewire.common.runtime.journal import (
    GENESIS,
    Head,
    Journal,
    JournalError,
    SqliteJournal,
    verify,
)
from tapewire.console.records.books import gateways_in


class Finding(NamedTuple):
    """What was found of one journal. `fault` is what is wrong with the file itself, from the first
    bad record on; `witnesses` are the processes that remember it, each with what it misses there,
    or "" if the journal holds all of it."""

    role: str
    exists: bool
    head: Head
    fault: str
    witnesses: Mapping[str, str]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.fault and not any(self.witnesses.values())

    @property
    def verdict(self) -> str:
        """What was found, for a person."""
        if self.fault:
            return f"DAMAGED: {self.fault}"
        if not self.sound:
            return f"DIFFERS: {self.missing}"
        seen = f", as {', '.join(self.witnesses)} remember it" if len(self.witnesses) > 1 else ""
        return f"sound{seen}" if self.exists else "no journal yet"

    @property
    def missing(self) -> str:
        """What the journal does not hold, by whoever has seen most of it, and who else has."""
        missing = {who: fault for who, fault in self.witnesses.items() if fault}
        if not missing:
            return ""
        return f"{next(iter(missing.values()))} (seen by {', '.join(missing)})"


def journal_path(run_dir: Path, role: str) -> Path:
    """The file of a role's journal."""
    return run_dir / "journals" / f"{role}.sqlite"


def remembered_in(run_dir: Path, written: Path | None = None) -> dict[str, Memory]:
    """What each process remembers, and under its path what is `written` elsewhere by risk."""
    memories = head_file.remembered(run_dir)
    if written is None:
        return memories
    try:
        newest = head_log.newest(written, boot := boot_id())
    except OSError:
        return memories
    if newest is not None:
        memories[str(written)] = Memory(boot, {roles.RISK: Remembered(*newest.head)})
    return memories


def findings(run_dir: Path, only: str | None = None, written: Path | None = None) -> list[Finding]:
    """What is found of each journal of the group, or of one."""
    remembered = remembered_in(run_dir, written)
    wanted = roles.journaled(gateways_in(run_dir)) if only is None else (only,)
    return [look_at(journal_path(run_dir, role), role, remembered) for role in wanted]


def look_at(path: Path, role: str, remembered: Mapping[str, Memory]) -> Finding:
    """Walk a journal's chain, and compare it with what is remembered of that role's."""
    known = dict(witnesses(role, remembered))
    if not _is_there(path):
        return Finding(role, False, Head(0, GENESIS), "", _missed(role, known, None))
    head = Head(0, GENESIS)
    try:
        with closing(SqliteJournal(path, read_only=True)) as journal:
            head = journal.head
            missed = _missed(role, known, journal)
            verify(journal)
    except JournalError as error:
        return Finding(
            role, True, head, str(error).removeprefix(f"{path}: "), dict.fromkeys(known, "")
        )
    return Finding(role, True, head, "", missed)


def witnesses(role: str, remembered: Mapping[str, Memory]) -> list[tuple[str, Remembered]]:
    """The processes that remember a role's journal, whoever has seen most of it first; except for
    what a loss of power may have taken since."""
    boot = boot_id()
    found = [
        (who, memory.heads[role])
        for who, memory in remembered.items()
        if role in memory.heads and (memory.heads[role].durable or memory.boot == boot)
    ]
    return sorted(found, key=lambda one: -one[1].seq)


def require_whole(run_dir: Path, role: str) -> None:
    """Raise `JournalError` if a process remembers more of a role's journal than it holds. It does
    not walk the chain: whoever reads the records does."""
    known = dict(witnesses(role, remembered_in(run_dir)))
    path, missed = journal_path(run_dir, role), {}
    if _is_there(path):
        with closing(SqliteJournal(path, read_only=True)) as journal:
            missed = _missed(role, known, journal)
    else:
        missed = _missed(role, known, None)
    if fault := next(filter(None, missed.values()), ""):
        raise JournalError(with_remedy(role, fault))


def _is_there(path: Path) -> bool:
    return path.is_file() and bool(path.stat().st_size)


def _missed(role: str, known: Mapping[str, Remembered], journal: Journal | None) -> dict[str, str]:
    """By who remembers it, what a journal (None: there is none) does not hold."""
    seq = journal.head.seq if journal is not None else 0
    return {
        who: difference(
            role, Head(one.seq, one.chain), seq,
            journal.chain_at(one.seq) if journal is not None else GENESIS,
        )
        for who, one in known.items()
    }  # fmt: skip


def as_line(found: Finding) -> str:
    """A finding in a line for a person."""
    size = f"{counted(found.head.seq, 'record'):>16}  {found.head.chain[:12]:<12}"
    return f"{found.role:<12}{size}  {found.verdict}"


def as_json(found: Finding) -> dict[str, object]:
    """A finding as one JSON object."""
    return {
        "exists": found.exists,
        "records": found.head.seq,
        "chain": found.head.chain,
        "sound": found.sound,
        "fault": found.fault,
        "remembered_by": dict(found.witnesses),
    }
