"""`python -m tests.tokens.child SECONDS FILE START STOP NEW ...`: pytest, with a change in a core.

The change is made while the module is imported: no file is touched, and other processes have the
code as it is. After so many seconds of CPU the process is ended; the rest are pytest's arguments.
"""

import resource
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType

import pytest

from tests.tokens.changes import Change


def plant(change: Change) -> None:
    """From now on whoever imports the change's module has it, and no bytecode of it is kept."""
    read = SourceFileLoader.get_code

    def get_code(loader: SourceFileLoader, fullname: str) -> CodeType | None:
        path = Path(loader.path)
        if path.name == change.path.name and path.samefile(change.path):
            code: CodeType = loader.source_to_code(change.applied(), loader.path)
            return code
        return read(loader, fullname)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign, assignment]


def main(given: list[str]) -> int:
    """The status of pytest."""
    seconds, path, start, stop, new, *rest = given
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), hard))
    plant(Change(Path(path), int(start), int(stop), "", new))
    return int(pytest.main(rest))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
