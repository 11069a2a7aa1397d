"""Whoever waits for a back-test: a line that says how far it is, and Ctrl-C, which ends it."""

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, TextIO

SHOWN_AFTER_S: Final = 2.0
EVERY_S: Final = 0.25
CLEAR_LINE: Final = "\r\x1b[K"


class Interrupted(Exception):
    """A person does not want to wait any longer: what was done so far counts."""


class Watch:
    """Is asked again and again while a back-test runs, at places where it can end; `look` raises
    `Interrupted` once a person has pressed Ctrl-C. On a terminal it shows how many of `rows` are
    done, from two seconds on. `unit` is what they are called, `before` how many were done at first.
    """

    def __init__(
        self, rows: int, out: TextIO | None = None, unit: str = "rows", before: int = 0
    ) -> None:
        self.is_interrupted = False
        self._rows, self._unit, self._before = rows, unit, before
        self._out = out if out is not None and out.isatty() else None
        self._began_s = time.monotonic()
        self._next_s = self._began_s + SHOWN_AFTER_S
        self._is_shown = False

    def look(self, done: int) -> None:
        """So many rows are done."""
        if self.is_interrupted:
            raise Interrupted
        if self._out is None or (now_s := time.monotonic()) < self._next_s:
            return
        self._next_s, self._is_shown = now_s + EVERY_S, True
        seconds = now_s - self._began_s
        told = progress(done, self._rows, seconds, self._unit, self._before)
        self._out.write(f"{CLEAR_LINE}{told}")
        self._out.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._is_shown and self._out is not None:
            self._out.write(CLEAR_LINE)
            self._out.flush()


def progress(done: int, rows: int, seconds: float, unit: str = "rows", before: int = 0) -> str:
    """How far it is, how fast, and how long it takes from now on at that rate. `before` of them
    were done before the `seconds` began."""
    rate = (done - before) / max(seconds, 1e-9)
    left = f", {(rows - done) / rate:,.0f} s left" if rate else ""
    places = 1 if 0 < rate < 10 else 0
    return f"{100 * done // max(rows, 1)} %, {rate:,.{places}f} {unit}/s{left}"


@contextmanager
def watching(rows: int, unit: str = "rows", before: int = 0) -> Iterator[Watch]:
    """Watch a back-test on standard error. The first Ctrl-C ends it early, the second at once. Only
    a program's main thread hears of it."""
    watch = Watch(rows, sys.stderr, unit, before)
    if threading.current_thread() is not threading.main_thread():
        yield watch
        watch.clear()
        return

    def interrupted(_number: int, _frame: FrameType | None) -> None:
        if watch.is_interrupted:
            raise KeyboardInterrupt
        watch.is_interrupted = True

    handler = signal.signal(signal.SIGINT, interrupted)
    try:
        yield watch
    finally:
        signal.signal(signal.SIGINT, handler)
        watch.clear()
