"""The logs of the strategies of a back-test: the newest lines, each at the market's time."""

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from tapewire.common.ticks.stamps import iso
from tapewire.strategy.log import LogLine

LINES_MAX: Final = 100_000


class Logbook:
    """Keeps the last `LINES_MAX` lines, and counts those before them."""

    def __init__(self) -> None:
        self.lines: deque[LogLine] = deque(maxlen=LINES_MAX)
        self._written = 0

    def add(self, line: LogLine) -> None:
        """Take the next line."""
        self._written += 1
        self.lines.append(line)

    def notes(self) -> Iterator[str]:
        """That lines are missing, if some are."""
        if self._written > LINES_MAX:
            yield f"the strategies logged {self._written:,} lines; the last {LINES_MAX:,} are kept"


def texts(lines: Iterable[LogLine]) -> Iterator[str]:
    """Each line as text: time (UTC), level, strategy, symbol, what it says."""
    return (f"{iso(one.ts_ns)} {one.level.upper():7} {one}" for one in lines)


def write(lines: Iterable[LogLine], path: Path) -> None:
    """Write the lines to a file; raises OSError."""
    path.write_text("".join(f"{line}\n" for line in texts(lines)))
