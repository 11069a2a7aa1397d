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
