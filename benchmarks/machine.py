"""What the kernel tells of a process: the time it has computed for, and the memory it holds."""

import os
from pathlib import Path
from typing import Final

TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


def cpu_s(pid: int) -> float:
    """Seconds that all threads of a process have computed for, theirs and the kernel's on their
    behalf; in steps of 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S  # utime and stime, proc(5)


def rss_mb(pid: int) -> float:
    """Megabytes (2^20 bytes) of memory that a process holds, what it shares included."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return round(pages * PAGE_BYTES / 2**20, 1)
