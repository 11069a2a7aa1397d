"""This machine: the run directory and its disk. The checks create nothing."""

import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Final

from tapewire.common.bus.endpoints import require_own, require_short
from tapewire.common.config.settings import Config, ConfigError
from tapewire.console.doctor.finding import Finding, failed, passed

FREE_MIN_BYTES: Final = 1 << 30
SYNC_MAX_MS: Final = 50.0
WRITES: Final = 5
BLOCK: Final = b"tapewire" * 512  # 4 KiB, a page of SQLite


def run_dir(config: Config) -> Finding:
    """The run directory is this user's alone, and its path short enough for sockets."""
    check = "run directory"
    try:
        path = require_short(config.run_dir)
        if path.is_dir():
            require_own(path)
            return passed(check, f"{path}, for this user alone")
    except ConfigError as error:
        sentence, _, advice = str(error).partition("; ")
        return failed(check, sentence, advice)
    parent = _existing(path)
    fault = "" if os.access(parent, os.W_OK | os.X_OK) else "cannot be written by this user"
    fault = fault if parent.is_dir() else "is not a folder"
    if fault:
        return failed(check, f"run_dir {path}: {parent} {fault}", "choose another run_dir")
    return passed(check, f"{path}, which `tapewire up` will make")


def _existing(path: Path) -> Path:
    """The path itself if it exists, otherwise the nearest folder above it that does."""
    return next(one for one in (path, *path.parents) if one.exists())


def disk(folder: Path) -> Finding:
    """There is room, and a commit reaches the disk quickly: orders wait for it."""
    check = "disk"
    folder = _existing(folder.absolute())
    try:
        free = shutil.disk_usage(folder).free
        sync_ms = statistics.median(_sync_ms(folder) for _ in range(WRITES))
    except OSError as error:
        advice = "no journal can be written there, so no order would be sent: fix or change run_dir"
        return failed(check, f"a test write to {folder} failed: {error.strerror}", advice)
    found = f"{free / 1e9:,.1f} GB free, a write with fsync takes {sync_ms:.2f} ms"
    if free < FREE_MIN_BYTES:
        return failed(check, found, "make room: a full disk stops trading")
    if sync_ms > SYNC_MAX_MS:
        return failed(check, found, "put run_dir on a local disk; each order waits for two writes")
    return passed(check, found)


def _sync_ms(folder: Path) -> float:
    """How long one small write takes until it is on disk."""
    with tempfile.TemporaryFile(dir=folder) as file:
        begun_ns = time.monotonic_ns()
        file.write(BLOCK)
        file.flush()
        os.fsync(file.fileno())
        return (time.monotonic_ns() - begun_ns) / 1e6
