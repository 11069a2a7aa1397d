"""Printing a stream: a line at a time, until it ends, the reader goes away, or Ctrl-C."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def printing() -> Iterator[None]:
    """Ctrl-C, SIGTERM and a reader that has seen enough (`| head`) end the command in order."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        signal.signal(signal.SIGTERM, before)


def line(found: Any) -> None:
    """Print one line now: text as it is, anything else as JSON.

    In one write, so that Ctrl-C cannot fall between a line and its end.
    """
    text = found if isinstance(found, str) else json.dumps(found, default=str)
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
