"""The virtual group's checkpoint: it survives every process, and is made when the world says so."""

from collections.abc import Callable, Iterable, Mapping

from tapewire.common import roles
from tapewire.common.events import Event
from tapewire.common.instruments import Instrument
from tapewire.common.retention.policy import Policy
from tapewire.common.runtime.checkpoint import fill
from tapewire.common.runtime.compaction import Made, compact
from tapewire.common.runtime.journal import Journal
from tapewire.common.runtime.memory_journal import MemoryJournal

Put = Callable[[], None]


class Keeper:
    """Keeps the checkpoint and makes it, of `journals` by their role."""

    def __init__(
        self,
        policy: Policy,
        instruments: Iterable[Instrument],
        journals: Callable[[], Mapping[str, MemoryJournal]],
    ) -> None:
        self.policy = policy
        self.instruments = tuple(instruments)
        self.made: list[Made] = []
        self._journals = journals
        self._newest: MemoryJournal | None = None
        self._later: Callable[[Put], None] = lambda put: put()

    def __repr__(self) -> str:
        return f"<Keeper {len(self.made)} made>"

    def open(self) -> Journal | None:
        """See `Checkpoints.open`."""
        return self._newest

    def secure(self) -> None:
        """See `Checkpoints.secure`."""
        for journal in self._journals().values():
            journal.fsync()

    def replace(self, events: Iterable[Event]) -> None:
        """See `Checkpoints.replace`."""
        fresh = MemoryJournal()
        fill(fresh, events)

        def put() -> None:
            self._newest = fresh

        self._later(put)

    def discard(self) -> None:
        """Lose the checkpoint."""
        self._newest = None

    def work(self, now_ns: int, later: Callable[[Put], None] = lambda put: put()) -> None:
        """Make a checkpoint of the journals as they are; `later` gets what puts it in place, and
        calls that whenever it is done, or never."""
        self._later = later
        found = self._journals()
        journals = {
            role: one for role, one in found.items() if roles.kind_of(role) in roles.JOURNALED
        }
        self.made.append(compact(journals, self, now_ns))
