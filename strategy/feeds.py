"""External feeds: what others publish, decoded with bounds. Nothing of it is trusted."""

from collections.abc import Iterator
from math import isfinite
from typing import Any, Final

import msgspec

from tapewire.common.bus import wire
from tapewire.common.bus.wire import DeadLetter, WireError

BODY_MAX_BYTES: Final = 1024 * 1024
DEPTH_MAX: Final = 16
VALUES_MAX: Final = 65_536
PREFIX: Final = "feed:"
"""What a feed's channel begins with; no stop in it, for those are the followed sources'."""


def values_of(body: bytes) -> tuple[list[Any], list[DeadLetter]]:
    """The values in a message: the events of a batch in our wire format, or one map.

    Returns with them the events of the batch that could not be read. Raises `WireError` for
    anything else, for what is too large or too deep, for NaN, infinities and unknown types.
    """
    if len(body) > BODY_MAX_BYTES:
        raise WireError(f"message of {len(body)} bytes, expected at most {BODY_MAX_BYTES}")
    try:
        value = msgspec.msgpack.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise WireError(f"not MessagePack: {error}") from error
    if isinstance(value, list):
        batch, dead = wire.decode_batch(body)
        return [event for event in batch.events if event is not None], dead
    if not isinstance(value, dict):
        raise WireError(f"found {type(value).__name__}, expected a map or a batch of events")
    if sum(1 for _ in _walk(value, "$", 1)) > VALUES_MAX:
        raise WireError(f"more than {VALUES_MAX} values")
    return [value], []


def _walk(value: Any, path: str, depth: int) -> Iterator[None]:
    """One step a value; raises `WireError` with the path of one that must not be."""
    if depth > DEPTH_MAX:
        raise WireError(f"{path} is deeper than {DEPTH_MAX}")
    if isinstance(value, float) and not isfinite(value):
        raise WireError(f"{path} is {value}, expected a finite number")
    if not isinstance(value, dict | list | str | int | float | bytes | None):
        raise WireError(f"{path} is a {type(value).__name__}, expected a plain value")
    yield
    if isinstance(value, dict):
        for key, one in value.items():
            if not isinstance(key, str):
                raise WireError(f"{path} has the key {key!r:.40}, expected a text")
            yield from _walk(one, f"{path}.{key:.40}", depth + 1)
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from _walk(one, f"{path}[{place}]", depth + 1)
