"""What a process remembers of journals while it is not running: its own, and those it follows.

A journal's chain shows that its records belong together. It cannot show that any are missing from
its end: an older copy of the file, or an empty one, is a perfect chain. Only those who have seen
more can tell. While the group runs they do, since a follower knows what it has taken. But with the
whole group stopped, nobody's memory was left, and the group traded on whatever it found.

So each process keeps, in a small file of its own, the head (number and chain) of every journal that
it follows, as heartbeats tell it, and that of its own journal. At the next start

*   it compares its own journal, before it applies any of it: a head below the remembered one, or
    another chain at the remembered number, and it stands by, HALTED (see `stand_by`);
*   it compares each source that it follows: a lower head shows in the first heartbeat, and the
    chain at the remembered number is asked for with the first question. Until the source has
    confirmed it, nothing that it publishes is taken (see `Follower`).

Any one journal that is cut, deleted or exchanged is noticed twice that way, by its owner and by its
readers, and the loss of one of these files leaves the other witnesses. All journals and all of
these files put back together to one earlier moment are not noticed here: then the broker's orders
and positions differ from what the gateway remembers.

The file is written at most once per second and when the process ends, without an fsync: it is a
lower bound. A journal that really lost nothing is never below it, because a head is remembered only
once it is durable. The one exception are journals that do not wait for the disk (synchronous
NORMAL: the executor's by design). The loss of power may take their tail, and a file here may be
newer than what is left. Their heads count only until the machine has restarted, except for the
one that the owner remembers when it has closed the journal, because closing writes all of it.
"""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

import msgspec

from tapewire.common.runtime.journal import (
    GENESIS,
    Head,
    Journal,
    JournalDamagedError,
    verify,
)

SAVE_EVERY_NS: Final = 1_000_000_000


class Remembered(msgspec.Struct, frozen=True):
    """A head. `durable` says whether it survives the machine's loss of power."""

    seq: int
    chain: str
    durable: bool = True


class Memory(msgspec.Struct, frozen=True):
    """All that a process remembers, and in which start of the machine it was.

    `damage` is what it found wrong with its own journal while it ran; the next start looks at every
    record for it.
    """

    boot: str = ""
    heads: Mapping[str, Remembered] = {}
    damage: str = ""


class HeadStore(Protocol):
    """Where a process's memory is kept."""

    @property
    def boot(self) -> str:
        """Names the present start of the machine."""

    def read(self) -> Memory:
        """What was written last; an empty memory if nothing was, or if it cannot be read."""

    def write(self, memory: Memory) -> None:
        """Keep `memory` in place of what was there."""


class Elsewhere(Protocol):
    """Where the head of the own journal is written as well, outside of the store."""

    @property
    def path(self) -> Path:
        """Its name, for a person."""

    def newest(self) -> Remembered | None:
        """The newest head that the journal must hold; None if there is none."""

    def note(self, head: Remembered) -> None:
        """Have a head written; returns at once, and raises nothing."""

    def close(self) -> None:
        """Write what waits, and end."""


class Heads:
    """What `role` remembers; `note` takes in what it learns, and `save` writes it down. The own
    head is written `elsewhere` too, where that is given."""

    def __init__(self, role: str, store: HeadStore, elsewhere: Elsewhere | None = None) -> None:
        memory = store.read()
        same_boot = memory.boot == store.boot
        self.role = role
        self.damage = memory.damage
        self.due_ns = 0  # monotonic; when the next `save` is
        self._store = store
        self._elsewhere = elsewhere
        self._heads = {s: one for s, one in memory.heads.items() if one.durable or same_boot}
        self._unsaved = False

    def of(self, source: str) -> Head | None:
        """The newest head that is remembered of a journal; None if none is."""
        known = self._heads.get(source)
        return Head(known.seq, known.chain) if known is not None and known.seq else None

    def note(self, source: str, head: Head, *, durable: bool) -> None:
        """Learn how far a journal goes; what is older than what is known changes nothing."""
        known = self._heads.get(source)
        if known is not None and (known.seq, known.durable) >= (head.seq, durable):
            return
        self._heads[source] = Remembered(head.seq, head.chain, durable)
        self._unsaved = True

    def suspect(self, damage: str) -> None:
        """Keep what was found wrong with the own journal for the next start."""
        self.damage, self._unsaved = damage, True
        with contextlib.suppress(OSError):
            self.save()

    def keep(self, own: Journal | None, now_ns: int, *, closed: bool = False) -> None:
        """Take note of the own journal and write down what is new; to be called when it is due.

        A disk that does not take it costs only this: the file stays as it was, and what it says
        stays true. `closed` says that the own journal is written to the disk, all of it.
        """
        self.due_ns = now_ns + SAVE_EVERY_NS
        if own is not None:
            durable = closed or own.durable
            self.note(self.role, own.head, durable=durable)
            if self._elsewhere is not None:
                self._elsewhere.note(Remembered(*own.head, durable))
        with contextlib.suppress(OSError):
            self.save()

    def save(self) -> None:
        """Write down what is new; raises `OSError` if the disk does not take it."""
        if self._unsaved:
            self._store.write(Memory(self._store.boot, dict(self._heads), self.damage))
            self._unsaved = False

    def require(self, journal: Journal | None) -> None:
        """Raise `JournalDamagedError` unless the own journal (None: there is none) holds what is
        remembered of it. After damage was found in it, every record is looked at."""
        known = self.of(self.role)
        found = journal.head.seq if journal is not None else 0
        chain = journal.chain_at(known.seq) if journal is not None and known else GENESIS
        if known is not None and (fault := difference(self.role, known, found, chain)):
            raise JournalDamagedError(fault)
        self._require_elsewhere(journal)
        if self.damage and journal is not None:
            verify(journal)
        if self.damage:
            self.damage, self._unsaved = "", True

    def _require_elsewhere(self, journal: Journal | None) -> None:
        written = self._elsewhere.newest() if self._elsewhere is not None else None
        if written is None or self._elsewhere is None:
            return
        known = Head(written.seq, written.chain)
        found = journal.head.seq if journal is not None else 0
        chain = journal.chain_at(known.seq) if journal is not None else GENESIS
        if fault := difference(self.role, known, found, chain):
            raise JournalDamagedError(f"{fault} (by {self._elsewhere.path})")


def difference(source: str, known: Head, found: int, chain: str) -> str:
    """What is wrong with a journal that ends at `found` and has `chain` at the number that is
    `known`, in a sentence; empty if nothing is."""
    if found < known.seq:
        return (
            f"{source}'s journal ends at record {found}, but {known.seq} were seen: it was cut,"
            " deleted, or replaced by an older copy"
        )
    if chain != known.chain:
        return (
            f"{source}'s journal has another record {known.seq} than was seen: it was changed, or"
            " replaced by another one"
        )
    return ""


def with_remedy(source: str, fault: str) -> str:
    """`fault` with what to do about it."""
    return (
        f"{fault}; `tapewire journals verify` shows what is wrong, `tapewire journals restore"
        f" {source} --from FILE` puts a copy back"
    )
