"""Whether risk's journal is what was written: its chain, and its heads that were written elsewhere.

The heads are read before the journal, which may grow meanwhile: a head is never ahead of it.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from tapewire.common import roles
from tapewire.common.amounts import counted
from tapewire.common.runtime import head_log
from tapewire.common.runtime.boot import boot_id
from tapewire.common.runtime.head_log import Line
from tapewire.common.runtime.journal import (
    GENESIS,
    Journal,
    JournalDamagedError,
    JournalError,
    SqliteJournal,
    verify,
)
from tapewire.console.records.verification import findings, journal_path
from tapewire.console.views import times


class Verdict(NamedTuple):
    """Whether it agrees, and in a sentence what was found."""

    sound: bool
    sentence: str
    records: int
    heads: int


def check(run_dir: Path, written: Path) -> Verdict:
    """Compare risk's journal in `run_dir` with its own chain, with its heads in `written`, and with
    what the processes remember of it."""
    try:
        lines = head_log.read(written)
    except OSError as error:
        return _without_heads(run_dir, f"{written}: {error.strerror}")
    counts = [*head_log.counted(lines, boot_id())]
    if not counts:
        return _without_heads(run_dir, f"{written} holds no head")
    place = journal_path(run_dir, roles.RISK)
    if not place.is_file() or not place.stat().st_size:
        return _compared(None, counts, written)
    try:
        with closing(SqliteJournal(place, read_only=True)) as journal:
            found = _compared(journal, counts, written)
            if not found.sound:
                return found
            verify(journal)
    except JournalError as error:
        return Verdict(False, _damaged(place, error), 0, len(counts))
    (peers,) = findings(run_dir, roles.RISK)
    return found if peers.sound else found._replace(sound=False, sentence=peers.verdict)


def _without_heads(run_dir: Path, why: str) -> Verdict:
    """Nothing was written elsewhere: as good as nothing to agree with, unless there is no record
    either."""
    (found,) = findings(run_dir, roles.RISK)
    if not found.head.seq and found.sound:
        return Verdict(True, "risk has written no record yet", 0, 0)
    sentence = (
        f"MISSING: no head of risk's journal was written elsewhere ({why}); its own chain is"
        f" {'damaged: ' + found.verdict if not found.sound else 'sound'}, but nothing shows whether"
        " it was cut or rewritten as a whole; look at risk.audit_path"
    )
    return Verdict(False, sentence, found.head.seq, 0)


def _damaged(place: Path, error: JournalError) -> str:
    kind = "DAMAGED" if isinstance(error, JournalDamagedError) else "UNREADABLE"
    return f"{kind}: {str(error).removeprefix(f'{place}: ')} in {place}"


def _compared(journal: Journal | None, lines: Sequence[Line], written: Path) -> Verdict:
    found = journal.head.seq if journal is not None else 0
    agreed: Line | None = None
    for line in sorted(lines, key=lambda one: one.seq):
        chain = journal.chain_at(line.seq) if journal is not None else GENESIS
        if line.seq > found or chain != line.chain:
            sentence = "".join(_differs(found, agreed, line, written))
            return Verdict(False, sentence, found, len(lines))
        agreed = line
    assert agreed is not None
    since = found - agreed.seq
    sentence = (
        f"sound: {counted(found, 'record')} of risk's journal, and it agrees with"
        f" {counted(len(lines), 'head')} in {written}, the newest of record {agreed.seq} at"
        f" {times.iso(agreed.ts_ns)}{f'; {since} came since' if since else ''}"
        f"{_accepted(lines)}"
    )
    return Verdict(True, sentence, found, len(lines))


def _differs(found: int, agreed: Line | None, line: Line, written: Path) -> Iterator[str]:
    """Where a journal that ends at `found` stops being what was written."""
    if line.seq > found:
        yield (
            f"CUT: risk's journal ends at record {found}, but {written} has the head of record"
            f" {line.seq}, written at {times.iso(line.ts_ns)}"
        )
    else:
        first = agreed.seq + 1 if agreed is not None else 1
        yield (
            f"REWRITTEN: of the records {first} to {line.seq} of risk's journal at least one is not"
            f" what it was when {written} got the head of record {line.seq}, at"
            f" {times.iso(line.ts_ns)}"
        )
    if agreed is not None and agreed.seq:
        yield f"; up to record {agreed.seq} it is as it was at {times.iso(agreed.ts_ns)}"


def _accepted(lines: Sequence[Line]) -> str:
    first = lines[0]
    if not first.accepted:
        return ""
    return f"; earlier heads do not count since {times.iso(first.ts_ns)}: {first.accepted}"
