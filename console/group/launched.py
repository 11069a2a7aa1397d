"""The group that runs, as far as it must be known to speak to it: where it is, and by which bus.

For the emergency brake. The full configuration takes half a second to load and to check, and a
fault in it is no reason not to halt. What is read here is the file that `tapewire up` has left in
the run directory (see `tapewire.console.group.launch_config`), with nothing that is costly to load.
"""

import json
import os
import re
import socket
import tomllib
from pathlib import Path
from typing import Final

import msgspec

from tapewire.common.bus.endpoints import SUPERVISOR
from tapewire.common.config.locate import config_path

FILE: Final = "started.json"
_RUN_DIR: Final = re.compile(r"""^\s*run_dir\s*=\s*["'](.+?)["']""", re.MULTILINE)


class LaunchedBus(msgspec.Struct, frozen=True):
    """The part of `tapewire.common.config.settings.BusConfig` that leads to a socket."""

    transport: str = "ipc"
    host: str = "127.0.0.1"
    ports: dict[str, int] = {}


class Launched(msgspec.Struct, frozen=True):
    """A group that was started. `run_dir` is where it was found, not where it was made."""

    run_dir: Path
    bus: LaunchedBus = LaunchedBus()


def find(path: str | None, run_dir: Path | None = None) -> Launched | None:
    """The group in `run_dir`, or else in that of the configuration `path`, if one runs there.

    None also where no file and no variable says which group is meant: the folder that a command
    happens to be called in must not decide that.
    """
    if run_dir is None:
        file = config_path(path)
        if "TAPEWIRE_RUN_DIR" not in os.environ and (file is None or not file.is_file()):
            return None
        run_dir = run_dir_of(path)
    found = read(run_dir)
    return found if found is not None and listens(found.run_dir) else None


def read(run_dir: Path) -> Launched | None:
    """The group that was started last in `run_dir`; None if that is not known."""
    try:
        kept = json.loads((run_dir / FILE).read_bytes())
        return Launched(run_dir.absolute(), msgspec.convert(kept["bus"], LaunchedBus))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def listens(run_dir: Path) -> bool:
    """Whether a supervisord takes connections there."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(run_dir / SUPERVISOR))
        except OSError:  # also for a path that is too long
            return False
    return True


def run_dir_of(path: str | None) -> Path:
    """The run directory that a configuration means, also one that is refused or no whole TOML."""
    if named := os.environ.get("TAPEWIRE_RUN_DIR"):
        return Path(named)
    file = config_path(path)
    text = file.read_text(errors="replace") if file is not None and file.is_file() else ""
    try:
        return Path(tomllib.loads(text).get("run_dir", "run"))
    except (ValueError, TypeError):
        found = _RUN_DIR.search(text)
        return Path(found[1] if found else "run")
