"""Where the configuration is. Importing this loads nothing else."""

import os
import shlex
from pathlib import Path
from typing import Final

import tapewire

EXAMPLE: Final = Path(tapewire.__file__).parent / "tapewire.toml"
"""A configuration to start from, which is installed with the package."""


def config_path(given: str | None = None) -> Path | None:
    """The file that is in force: `given`, `TAPEWIRE_CONFIG`, `./tapewire.toml`, or none."""
    named = given or os.environ.get("TAPEWIRE_CONFIG")
    if named:
        return Path(named)
    default = Path("tapewire.toml")
    return default if default.exists() else None


def how_to_get_one() -> str:
    """What to do in a folder without a configuration, for behind a semicolon."""
    return (
        "run tapewire where yours is, name it with --config,"
        f" or start from the example: cp {shlex.quote(str(EXAMPLE))} ."
    )
