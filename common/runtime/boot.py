"""Which start of the machine this is."""

from functools import cache
from pathlib import Path
from typing import Final

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


@cache
def boot_id() -> str:
    """The kernel's name for this start of the machine; empty where it has none."""
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return ""
