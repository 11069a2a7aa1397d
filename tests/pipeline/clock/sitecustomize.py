"""A wall clock that a test can set, in every Python process that finds this file on its path.

`CLOCK_OF_A_TEST` names a file with the number of seconds that the clock is ahead. The monotonic
clock is as it is on a machine whose wall clock is set: untouched.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

FILE = Path(os.environ["CLOCK_OF_A_TEST"])


def ahead_s() -> int:
    """How far the clock is ahead; an empty file is one that is being written."""
    return int(FILE.read_text() or 0)


def shifted(clock: Callable[[], float], unit: int) -> Callable[[], float]:
    """`clock`, which counts in `unit` per second, as it is set now."""
    return lambda: clock() + ahead_s() * unit


time.time = shifted(time.time, 1)
time.time_ns = shifted(time.time_ns, 1_000_000_000)  # type: ignore[assignment]
