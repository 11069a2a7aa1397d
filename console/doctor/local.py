"""This machine: the run directory and its disk."""

import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Final

from common.config import Config, ConfigError
from common.endpoints import STREAMS, endpoint, prepare_run_dir
from console.doctor.finding import Finding, failed, passed

FREE_MIN_BYTES: Final = 1 << 30
SYNC_MAX_MS: Final = 50.0
WRITES: Final = 5
BLOCK: Final = b"tapewire" * 512  # 4 KiB, a page of SQLite


def run_dir(config: Config) -> Finding:
    """The run directory is this user's alone, and its path short enough for sockets."""
    check = "run directory"
    try:
        found = prepare_run_dir(config.run_dir)
        for names in STREAMS.values():
            for name in names:
                endpoint(name, config.bus, found)
    except ConfigError as error:
        sentence, _, advice = str(error).partition("; ")
        return failed(check, sentence, advice or "choose another run_dir")
    return passed(check, f"{found}, for this user alone")


def disk(folder: Path) -> Finding:
    """There is room, and a commit reaches the disk soon: orders wait for it."""
    check = "disk"
    try:
        free = shutil.disk_usage(folder).free
        sync_ms = statistics.median(_sync_ms(folder) for _ in range(WRITES))
    except OSError as error:
        advice = (
            "nothing can be journaled there, so nothing would be traded: mend or change run_dir"
        )
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
