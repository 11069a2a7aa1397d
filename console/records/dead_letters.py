"""The dead letters of a run directory, of all processes: read, asked for again, dropped."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

from tapewire.common.bus import wire
from tapewire.common.bus.wire import WireError
from tapewire.common.delivery import letter_file
from tapewire.common.delivery.letter_file import FOLDER, LetterFile
from tapewire.common.delivery.letters import Letter, may_be_handed_back
from tapewire.common.errors import ConfigError
from tapewire.common.events import Event

DIGITS_MAX: Final = 18
"""Of a letter's number: more do not fit into the file's column."""


class Kept(NamedTuple):
    """A dead letter, and the process that has it."""

    role: str
    letter: Letter

    @property
    def name(self) -> str:
        """How a person names it."""
        return f"{self.role}/{self.letter.id}"


def read(run_dir: Path, role: str | None = None) -> list[Kept]:
    """All that are kept, or those of one process, oldest first."""
    files = [path for path in _files(run_dir) if role in (None, path.stem)]
    found = [Kept(path.stem, letter) for path in files for letter in letter_file.read(path)]
    return sorted(found, key=lambda one: (one.letter.ts_ns, one.name))


def find(run_dir: Path, name: str) -> Kept:
    """The one that is named `ROLE/NUMBER`; raises `ConfigError` if there is none."""
    role, _, number = name.rpartition("/")
    path = run_dir / FOLDER / f"{role}.sqlite"
    letter = None
    is_number = number.isdecimal() and len(number) <= DIGITS_MAX
    if role and is_number and path in set(_files(run_dir)):
        with closing(LetterFile(path)) as file:
            letter = file.get(int(number))
    if letter is None:
        raise ConfigError(
            f"no dead letter is called {name!r}; `tapewire dead-letters` lists them, each as"
            " PROCESS/NUMBER"
        )
    return Kept(role, letter)


def want(run_dir: Path, kept: Kept) -> None:
    """Ask its process to try again; raises `ConfigError` for one that is never tried again."""
    origin = kept.letter.origin
    if not may_be_handed_back(origin):
        raise ConfigError(
            f"{kept.name} came from {origin} and is not handed back: whoever asked for something"
            " has asked again or given up since, and what cannot be read stays so;"
            f" `tapewire dead-letters drop {kept.name}` forgets it"
        )
    with closing(LetterFile(run_dir / FOLDER / f"{kept.role}.sqlite")) as file:
        file.want(kept.letter.id)


def drop(run_dir: Path, kept: Kept) -> bool:
    """Forget it; whether it was still there."""
    with closing(LetterFile(run_dir / FOLDER / f"{kept.role}.sqlite")) as file:
        return file.drop(kept.letter.id)


def event_of(letter: Letter) -> Event | None:
    """The event that its bytes are; None where they are none."""
    try:
        return wire.decode_event(letter.body)
    except WireError:
        return None


def _files(run_dir: Path) -> Iterator[Path]:
    yield from sorted((run_dir / FOLDER).glob("*.sqlite"))
