"""A user's own code: where in it an error came up."""

import os
import sysconfig
import traceback
from pathlib import Path
from typing import Final

import tapewire
from tapewire.common.config.text import named

_PACKAGE: Final = Path(tapewire.__file__).parent
_EXAMPLES: Final = _PACKAGE / "strategy" / "examples"  # the strategies that ship with Tapewire
_LIBRARIES: Final = tuple(
    f"{sysconfig.get_paths()[kind]}{os.sep}" for kind in ("stdlib", "purelib", "platlib")
)


def located(error: BaseException) -> str:
    """`KeyError: 'AAPL' at rules/mine.py:14`: the error in one line, with its place."""
    place = place_of(error)
    return f"{named(error)} at {place}" if place else named(error)


def place_of(error: BaseException) -> str:
    """`strategies/dip.py:14`: the last line of the user's own code that led to it, whatever it
    called there; an empty text where none of that code was reached."""
    if isinstance(error, SyntaxError) and error.filename and error.filename[0] != "<":
        return f"{shown(error.filename)}:{error.lineno or 1}"
    own = [f for f in traceback.extract_tb(error.__traceback__) if is_own(f.filename)]
    return f"{shown(own[-1].filename)}:{own[-1].lineno}" if own else ""


def shown(path: str | Path) -> str:
    """A path for reading: as from the working folder, where it lies in it."""
    full = Path(path).absolute()
    return str(full.relative_to(Path.cwd()) if full.is_relative_to(Path.cwd()) else full)


def is_own(filename: str) -> bool:
    """Whether it is neither a library's nor of what runs a user's code."""
    path = Path(filename)
    if path.is_relative_to(_PACKAGE):
        return path.is_relative_to(_EXAMPLES)
    return not filename.startswith((*_LIBRARIES, "<"))
