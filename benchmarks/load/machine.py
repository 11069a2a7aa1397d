"""What the kernel tells of a process: the time it has computed for, and the memory it holds."""

import os
import time
from pathlib import Path
from typing import Final

PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


def cpu_s(pid: int) -> float:
    """Seconds that all threads of a process have computed for, theirs and the kernel's on their
    behalf; in nanoseconds' steps, where `/proc` has 10 ms. Raises `OSError` if there is none."""
    return time.clock_gettime(~pid << 3 | 2)  # as clock_getcpuclockid(3) makes it


def rss_mb(pid: int) -> float:
    """Megabytes (2^20 bytes) of memory that a process holds, what it shares included."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return round(pages * PAGE_BYTES / 2**20, 1)
