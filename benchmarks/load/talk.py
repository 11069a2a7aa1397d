"""What a contender's process reports: JSON lines, as `load.children.Talk` reads them."""

import json
import sys
import time
from collections.abc import Iterator
from typing import Any


def say(**what: Any) -> None:
    """One line."""
    print(json.dumps(what), flush=True)


def mark(ticks: int) -> None:
    """A slice has begun or ended, now, after `ticks` in all."""
    say(ticks=ticks, ns=time.perf_counter_ns())


def slices() -> Iterator[int]:
    """How many ticks each slice wants, from standard input; ends with it."""
    for line in sys.stdin:
        yield int(json.loads(line)["ticks"])
