"""Who waits for an answer, and what of it has come."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from tapewire.common.events.queries import Page, Query
from tapewire.gateway.query_port import BrokerQuery, Refused

INNER: Final = b""
"""Stands for a client where a part of a long span is asked; no client has an empty name."""


class PartEnded(NamedTuple):
    """A part of a long span, by the id that it was asked under: its rows, or why it has none."""

    id: str
    rows: tuple[Any, ...] = ()
    refused: Refused | None = None


class Waiter(NamedTuple):
    """Who waits for an answer: a client, the id that it gave, and until when (monotonic)."""

    sender: bytes
    id: str
    deadline_ns: int
    timeout_ms: int


class Leaving(NamedTuple):
    """The pages of an answer that are still to be sent to a client, and under which id."""

    sender: bytes
    id: str
    pages: Iterator[Page]


class Pending:
    """What is asked, and who waits for it."""

    def __init__(self, number: int, query: Query) -> None:
        self.number = number
        self.query = query
        self.asks: BrokerQuery | None = None  # of the broker
        self.waiters: list[Waiter] = []
        self.rows: list[Any] = []
        self.more: tuple[int, ...] = ()  # what its page has beside its rows
        self.is_asked = False
