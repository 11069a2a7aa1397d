"""Whom the kernel ends where the machine has no memory left.

It takes the process that has most of it, if nothing else is known: that may be a gateway or risk,
which hold orders and halts, while the leak is in a strategy. A strategy can be spared, so it asks
to be taken first; whoever started it can do no harm by that, as any process may ask for it.
"""

import contextlib
from pathlib import Path
from typing import Final

PATH: Final = Path("/proc/self/oom_score_adj")
FIRST: Final = 500
"""Half of what there is: as if it used half of the machine's memory beside its own."""


def ask_to_be_first(path: Path = PATH) -> None:
    """Ask for it; where the kernel has no such file, or asked for more already, do nothing."""
    with contextlib.suppress(OSError, ValueError):
        if int(path.read_text()) < FIRST:
            path.write_text(str(FIRST))
