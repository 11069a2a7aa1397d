"""Waiting for what another process does: looks again until it is so, within a bound."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(look: Callable[[], T], what: str, timeout_s: float = 10.0) -> T:
    """What `look` gives as soon as it is true; fails with `what` after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s} s in vain for {what}")
        time.sleep(0.01)


def looked(look: Callable[[], object], timeout_s: float) -> bool:
    """Whether `look` gives something true within `timeout_s`."""
    try:
        wait_for(look, "", timeout_s)
    except AssertionError:
        return False
    return True
