"""Reading what others have written: journals, dead letters, statuses. Nothing is ever written here.

A process of the group does not notice that its files are read: no message reaches it, and no commit
waits for a reader. So whatever becomes of this process, the others go on.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

from tapewire.common.bus import wire
from tapewire.common.delivery import letter_file
from tapewire.common.delivery.letters import Letter
from tapewire.common.events import Event
from tapewire.common.logins import ONLY, Logins
from tapewire.common.runtime.journal import Journal, JournalError, SqliteJournal
from tapewire.risk.notices.notifier import Place

CHUNK: Final = 1_000
RECENT: Final = 10_000
"""So many of a journal's last records are looked at where none was read before."""
LETTERS_MAX: Final = 10


class News(NamedTuple):
    """What a journal has behind a place, and the place behind that; `events` without those that no
    program of this version can read. `fault` says why it cannot be read."""

    source: str
    events: list[Event]
    place: Place
    fault: str = ""


class Letters(NamedTuple):
    """New dead letters of a role: the first of them, how many more, and the last one's number."""

    role: str
    first: list[Letter]
    more: int
    last_id: int


class Sources:
    """What is read in a run directory. No journal stays open between two looks: whoever writes it
    brings all of it to its file when it closes it, which SQLite leaves to the last one to close.
    """

    def __init__(self, run_dir: Path, logins: Logins = ONLY) -> None:
        self._run_dir = run_dir
        self._roles = logins.roles

    def news(self, places: Mapping[str, Place]) -> Iterator[News]:
        """What each journal has that was not read yet, in pieces."""
        is_first = not places
        for source in self._roles:
            known = places.get(source)
            try:
                yield from self._news(source, known, is_first=is_first)
            except JournalError as error:
                yield News(source, [], known or Place(), str(error))

    def _news(self, source: str, known: Place | None, *, is_first: bool) -> Iterator[News]:
        path = self._run_dir / "journals" / f"{source}.sqlite"
        if not path.exists() or not path.stat().st_size:
            return
        with closing(SqliteJournal(path, read_only=True)) as journal:
            place = begin(journal, known, is_first=is_first)
            while records := journal.read(place.seq + 1, CHUNK):
                seq = place.seq + len(records)
                place = Place(seq, journal.chain_at(seq))
                yield News(source, list(_readable(records)), place)

    def letters(self, known: Mapping[str, int], since_ns: int) -> Iterator[Letters]:
        """The dead letters of each role that are new, and not older than `since_ns`."""
        for path in sorted((self._run_dir / letter_file.FOLDER).glob("*.sqlite")):
            found = letter_file.newer(path, known.get(path.stem, 0), since_ns, LETTERS_MAX)
            if found is not None:
                yield Letters(path.stem, *found)


def begin(journal: Journal, known: Place | None, *, is_first: bool) -> Place:
    """Where to read on: behind what was read, if this is still that journal. Another one, which has
    taken its place, is read from its beginning. Where nothing was ever read, begin near the end."""
    if known is not None and journal.chain_at(known.seq) == known.chain:
        return known
    if known is not None or not is_first:
        return Place()
    seq = max(0, journal.head.seq - RECENT)
    return Place(seq, journal.chain_at(seq))


def _readable(records: list[bytes]) -> Iterator[Event]:
    for record in records:
        try:
            yield wire.decode_event(record)
        except wire.WireError:
            continue  # of a newer version; whoever needs it says so
