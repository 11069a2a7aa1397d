"""A folder to start from: a configuration with comments, a strategy, and a test of it."""

import os
from pathlib import Path
from typing import Final

from tapewire.common.errors import ConfigError

__all__ = ["FILES", "make"]

FILES: Final = {
    "tapewire.toml": "what the group trades, by which strategies, within which limits",
    "strategies/dip.py": "a strategy",
    "tests/test_dip.py": "a test of it: python -m pytest",
    ".gitignore": "what git leaves out",
}
"""What is made, by path in the folder, and what each is for."""


def make(folder: Path) -> None:
    """Write the files. Raises `ConfigError` if the folder has one of them already, and writes none
    then; OSError if it cannot be written."""
    there = [name for name in FILES if os.path.lexists(folder / name)]
    if there:
        raise ConfigError(
            f"{folder} already has {', '.join(there)}, which is left as it is;"
            " name another folder: tapewire init FOLDER"
        )
    for name in FILES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x") as file:
            file.write(_template(name))


def _template(name: str) -> str:
    file = Path(__file__).parent / f"{Path(name).name.removeprefix('.')}.template"
    return file.read_text()
