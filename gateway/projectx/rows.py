"""Rows of a list, read one by one: what cannot be read costs itself, and no other."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import msgspec

from tapewire.gateway import broker
from tapewire.gateway.broker import BrokerEvent

UNREADABLE: Final = (
    msgspec.MsgspecError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError,
    RecursionError,
)  # fmt: skip
"""What is raised by reading something that is not what it should be."""


def unreadable(error: Exception, data: bytes) -> broker.Unreadable:
    """The report of a message that cannot be read."""
    reason = f"ProjectX sent what cannot be read: {type(error).__name__} {error}"
    return broker.Unreadable(reason, data)


def each(
    rows: Iterable[Any], read: Callable[[Any], Iterable[BrokerEvent]]
) -> Iterator[BrokerEvent]:
    """What `read` makes of each; an `Unreadable` in place of one that it cannot read."""
    for one in rows:
        try:
            found = list(read(one))
        except UNREADABLE as error:
            yield unreadable(error, msgspec.json.encode(one))
        else:
            yield from found
