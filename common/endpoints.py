"""Where each socket is: names and ports of the bus, and the run directory that they live in."""

import os
import stat
from pathlib import Path
from typing import Final

from common.config import BusConfig, ConfigError
from common.ports import PORTS

IPC_PATH_MAX: Final = 107  # bytes; the kernel's limit for a socket's name

STREAMS: Final = {
    "gateway": ("broker", "orders"),
    "way-out": ("way-out-broker", "way-out"),
    "executor": ("execution", "executor"),
    "risk": ("risk", "control"),
}
"""For each source that journals: the endpoint it publishes on and the one that answers catch-up."""


def endpoint(name: str, bus: BusConfig, run_dir: Path) -> str:
    """The ZeroMQ address of the socket `name`."""
    if bus.transport == "tcp":
        host = f"[{bus.host}]" if ":" in bus.host else bus.host
        return f"tcp://{host}:{bus.ports.get(name, PORTS[name])}"
    path = (run_dir / name).absolute()
    if len(os.fsencode(path)) > IPC_PATH_MAX:
        raise ConfigError(
            f"run_dir {run_dir}: {path} is longer than the {IPC_PATH_MAX} bytes that a socket's"
            " name may have; choose a shorter one"
        )
    return f"ipc://{path}"


def prepare_run_dir(run_dir: Path) -> Path:
    """Make `run_dir` and its folders, for this user alone; refuse one that others can enter."""
    try:
        run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"run_dir {run_dir}: {error.strerror}; must be a folder of yours"
        ) from error
    mode = stat.S_IMODE(run_dir.stat().st_mode)
    if mode & 0o077 or run_dir.stat().st_uid != os.getuid():
        raise ConfigError(
            f"run_dir {run_dir} has mode {mode:04o}, must be 0700 and yours: others could read"
            f" journals and send orders; run `chmod 700 {run_dir}`"
        )
    for folder in ("journals", "status", "locks", "epochs", "logs", "targets", "programs"):
        (run_dir / folder).mkdir(mode=0o700, exist_ok=True)
    return run_dir.absolute()
