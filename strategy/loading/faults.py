"""What went wrong in a strategy's own code: the error in one line, with the file and the line."""

import os
import sysconfig
import traceback
from pathlib import Path
from typing import Any, Final, NamedTuple

import tapewire
from tapewire.common.config.text import named

_PACKAGE: Final = Path(tapewire.__file__).parent
_EXAMPLES: Final = _PACKAGE / "strategy" / "examples"  # the strategies that ship with Tapewire
_LIBRARIES: Final = tuple(
    f"{sysconfig.get_paths()[kind]}{os.sep}" for kind in ("stdlib", "purelib", "platlib")
)


class Failure(NamedTuple):
    """A callback of a strategy that raised, the `number`-th of the `allowed`. As text it is a
    sentence; `error` is the exception with its place, `traceback` all of it, with line ends."""

    strategy: str
    error: str
    subject: str
    number: int
    allowed: int
    traceback: str

    def __str__(self) -> str:
        rest = "it gets nothing more" if self.number >= self.allowed else "it continues"
        return (
            f"strategy {self.strategy} raised {self.error}, failure {self.number} of"
            f" {self.allowed}, on {self.subject}; {rest}"
        )


def failure(
    strategy: str, error: BaseException, subject: Any, number: int, allowed: int
) -> Failure:
    """What became of a callback, from what it raised."""
    place = place_of(error)
    told = f"{named(error)} at {place}" if place else named(error)
    whole = "".join(traceback.format_exception(error))
    return Failure(strategy, told, f"{subject!r:.500}", number, allowed, whole)


def place_of(error: BaseException) -> str:
    """`strategies/dip.py:14`: the last line of the strategy's own code that led to it, whatever
    it called there; an empty text where none of its code was reached."""
    if isinstance(error, SyntaxError) and error.filename and error.filename[0] != "<":
        return f"{shown(error.filename)}:{error.lineno or 1}"
    own = [f for f in traceback.extract_tb(error.__traceback__) if is_own(f.filename)]
    return f"{shown(own[-1].filename)}:{own[-1].lineno}" if own else ""


def shown(path: str | Path) -> str:
    """A path for reading: as from the working folder, where it lies in it."""
    full = Path(path).absolute()
    return str(full.relative_to(Path.cwd()) if full.is_relative_to(Path.cwd()) else full)


def is_own(filename: str) -> bool:
    """Whether it is neither a library's nor of what runs strategies."""
    path = Path(filename)
    if path.is_relative_to(_PACKAGE):
        return path.is_relative_to(_EXAMPLES)
    return not filename.startswith((*_LIBRARIES, "<"))
