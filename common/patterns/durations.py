"""Durations as they are written in a pattern: `500ms`, `2s`, `10m`, `1h`."""

from typing import Final

from tapewire.common.bus.derived import size_ns

MS_NS: Final = 1_000_000
EXPECTED: Final = "a duration such as 500ms, 2s, 10m or 1h"
DURATION_MAX_NS: Final = 7 * 86_400 * 1_000_000_000
"""A week: anything longer does not belong in a process's memory."""


def duration_ns(what: str, text: str) -> int:
    """Nanoseconds. ValueError names `what` if it is not a duration, is 0 or is over a week."""
    if not isinstance(text, str):
        raise ValueError(f"{what} is {text!r:.40}; it must be {EXPECTED}")
    number, is_ms = text.removesuffix("ms"), text.endswith("ms")
    if is_ms:
        found = int(number) * MS_NS if number.isascii() and number.isdecimal() else None
    else:
        found = size_ns(text)
    if found is None or not 0 < found <= DURATION_MAX_NS:
        raise ValueError(f"{what} is {text!r:.40}; it must be {EXPECTED}, at most 168h")
    return found
