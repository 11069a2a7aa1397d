"""Reading a group: its run directory's journals and statuses, into its model.

What a process announces is in its journal first, so the journals alone bring every event, the old
and the new, once and in order: there is no second way that could differ, and a reader that dies
begins again with nothing lost. They are looked at ten times in a second. Nobody in the group knows
that somebody reads.

A journal may be replaced by another one: `tapewire up` archives those of a simulator's account.
Then everything is read from the beginning.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from tapewire.common.clock import Now
from tapewire.common.config.settings import Config
from tapewire.common.errors import TapewireError
from tapewire.console.group import control, launch, status
from tapewire.console.group.supervisor import Group
from tapewire.console.model.group import GroupModel
from tapewire.console.model.supervised import Supervised
from tapewire.console.records.journals import Entry, Journals

ENTRIES_MAX: Final = 2_000
"""So many entries are taken in one look, so that pages are served while a long past is read."""
STATUSES_EVERY_NS: Final = 250_000_000
RETRY_NS: Final = 5_000_000_000

Files = dict[str, tuple[int, int]]
"""The journals by name, each as device and inode."""


class Reading:
    """Feeds the model of one group, whose `config` says where it runs. `name` is what a person
    calls it."""

    def __init__(self, name: str, config: Config) -> None:
        self.name = name
        self.config = config
        self.run_dir = config.run_dir.absolute()
        self.group = Group(config)
        self._supervised = Supervised(self.group)
        self.model = GroupModel(name, config)
        self._journals: Journals | None = None
        self._entries: Iterator[Entry] | None = None
        self._files: Files = {}
        self._retry_ns = 0
        self._statuses_due_ns = 0
        self._launched = ""

    def look(self, now: Now) -> None:
        """Take in what is new, within bounds."""
        if now.mono_ns >= self._statuses_due_ns:
            self._statuses_due_ns = now.mono_ns + STATUSES_EVERY_NS
            if self._is_another():
                self._begin()
            self._read_statuses(now)
        if now.mono_ns >= self._retry_ns:
            self._read_journals(now)

    def close(self) -> None:
        """Close the journals."""
        if self._journals is not None:
            self._journals.__exit__()
        self._journals = self._entries = None

    # ---- journals ------------------------------------------------------------------------------

    def _read_journals(self, now: Now) -> None:
        """Some of what has been written since; a journal that is damaged is left for a while."""
        try:
            if self._journals is None:
                self._journals = Journals(self.run_dir)
            if self._entries is None:
                self._entries = self._journals.until()
            found = list(islice(self._entries, ENTRIES_MAX))
        except (TapewireError, OSError) as error:
            self._begin()
            self.model.fault = str(error)
            self._retry_ns = now.mono_ns + RETRY_NS
            return
        for entry in found:
            self.model.apply(entry)
        if len(found) < ENTRIES_MAX:
            self._entries = None
            self.model.is_caught_up = True

    def _is_another(self) -> bool:
        """Whether one of the journals has been replaced, or the group started with others."""
        before, self._files = self._files, _files(self.run_dir)
        launched = _content(self.run_dir / control.FILE)
        is_other = launched != self._launched
        self._launched = launched
        replaced = any(self._files.get(name) != known for name, known in before.items())
        return replaced or (is_other and bool(before))

    def _begin(self) -> None:
        """Forget all, and read from the beginning: with what the group runs with now."""
        self.close()
        prices = self.model.prices
        self.config = launch.read(self.run_dir) or self.config
        self.group = Group(self.config)
        self._supervised = Supervised(self.group)
        self.model = GroupModel(self.name, self.config)
        self.model.prices = prices

    # ---- statuses ------------------------------------------------------------------------------

    def _read_statuses(self, now: Now) -> None:
        """What each process says of itself; less often, what supervisord knows of it."""
        statuses = status.read(self.run_dir)
        for name, added in self._supervised.look(now).items():
            if name in statuses or added.get("state") == "BROKEN":
                statuses[name] = {**statuses.get(name, status.NOTHING), **added}
        self.model.on_statuses(statuses, self.group.everywhere(statuses), now)


def _files(run_dir: Path) -> Files:
    found: Files = {}
    for path in (run_dir / "journals").glob("*.sqlite"):
        try:
            stat = path.stat()
        except OSError:  # it is being archived at this moment
            continue
        found[path.stem] = (stat.st_dev, stat.st_ino)
    return found


def _content(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
