"""Ids of signals: `STRATEGY-EPOCH-NUMBER`, and how it is seen whose one is.

A name can begin like another one, as `dip` and `dip-2` do. So that an id begins with a strategy's
name says nothing: what is left of it has to be an epoch and a number, and no more.
"""

import re
from typing import Final

_EPOCH_AND_NUMBER: Final = re.compile(r"[0-9A-Za-z]+-[0-9]+")


def is_own(text: str, name: str) -> bool:
    """Whether an id is one that a process of this name makes."""
    end = text.removeprefix(f"{name}-")
    return end != text and _EPOCH_AND_NUMBER.fullmatch(end) is not None
