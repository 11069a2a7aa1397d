"""A line on the terminal that says how far a long answer is; nothing where there is no terminal."""

import sys
from typing import Any

from tapewire.common.events.queries import QueryProgress

ERASE = "\r\x1b[K"


class ProgressLine:
    """Use in a `with`, at whose end the line is erased. `noun` is what the rows are."""

    def __init__(self, noun: str) -> None:
        self._noun = noun
        self._is_shown = False

    def __enter__(self) -> "ProgressLine":
        return self

    def __exit__(self, *_: Any) -> None:
        if self._is_shown:
            sys.stderr.write(ERASE)
            sys.stderr.flush()

    def show(self, progress: QueryProgress) -> None:
        """Show it in the place of what was shown before."""
        if sys.stderr.isatty():
            self._is_shown = True
            sys.stderr.write(f"{ERASE}{sentence(progress, self._noun)}")
            sys.stderr.flush()


def sentence(progress: QueryProgress, noun: str) -> str:
    """How far it is, and how long the broker's limits make the rest take at least."""
    done = f"{progress.parts_done:,} of {progress.parts:,} parts, {progress.rows:,} {noun}"
    left_s = progress.left_ms // 1000
    if not left_s:
        return done
    hours, minutes = left_s // 3600, -(-(left_s % 3600) // 60)
    left = f"{hours} h {minutes} min" if hours else f"{minutes} min"
    return f"{done}, at least {left} left"
