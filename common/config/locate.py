"""Where the configuration is. Importing this loads nothing else."""

import os
from pathlib import Path


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
        " or make a folder to start from: tapewire init FOLDER"
    )
