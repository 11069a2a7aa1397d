"""Asking: what a strategy asks the broker about, and who in the strategy takes the answer.

A query is handed over once. It ends with the gateway's answer, or here, a little after the time in
which the gateway answers at the latest: a gateway that died has forgotten it.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from tapewire.common.bus import wire
from tapewire.common.bus.wire import WireError
from tapewire.common.clock import Now
from tapewire.common.delivery.pages import Pages
from tapewire.common.events import Query, QueryAnswer, QueryFailed
from tapewire.common.events.queries import QueryCancel, QueryProgress

GRACE_NS: Final = 2_000_000_000
WAITING_MAX: Final = 100
NOT_DELIVERED: Final = "it could not be delivered: the gateway was not there"
NO_ANSWER: Final = "the gateway did not answer"

Then = Callable[[tuple[Any, ...]], None]
"""Takes the rows of an answer."""
Failed = Callable[[QueryFailed], None]
"""Takes the reason why there is none."""


def checked(query: Query, query_id: str) -> Query:
    """The query under an id, as the gateway will read it; ValueError for what it would refuse."""
    if not isinstance(query, Query):
        raise ValueError(
            f"{query!r:.80} is not a query; see those that begin with query. in wire.md"
        )
    named = replace(query, id=query_id)
    try:
        wire.decode_event(wire.encode(named))
    except WireError as error:
        raise ValueError(f"{query} cannot be asked: {error}") from error
    return named


class Answer(NamedTuple):
    """The rows of a query, as they were at `ts_ns`; where it was asked in parts, those that are
    older than the question."""

    rows: tuple[Any, ...]
    ts_ns: int
    in_parts: bool


class Ended(NamedTuple):
    """A query that is over: what takes its end, None where nothing does, and what there is to
    take. `answer` is None where it failed."""

    query_id: str
    callback: Callable[[Any], None] | None
    value: Any
    answer: Answer | None = None


class Asked:
    """A query without an answer, with the pages of it that have come. `ends_ns` is monotonic."""

    __slots__ = ("ends_ns", "failed", "in_parts", "is_delivered", "pages", "query", "then")

    def __init__(self, query: Query, then: Then, failed: Failed | None, ends_ns: int) -> None:
        self.query = query
        self.then = then
        self.failed = failed
        self.ends_ns = ends_ns
        self.is_delivered = False
        self.in_parts = False
        self.pages = Pages()


class Asking:
    """The queries of one strategy that wait for their answer, by id, oldest first."""

    def __init__(self, prefix: str) -> None:
        self.waiting: dict[str, Asked] = {}
        self._prefix = prefix
        self._numbers = 0
        self._cancels: list[QueryCancel] = []

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits, for an answer or to be sent."""
        return not self.waiting and not self._cancels

    def cancel(self, query_id: str) -> None:
        """Nobody waits for that query any more; if it was asked, the gateway hears of it."""
        asked = self.waiting.pop(query_id, None)
        if asked is not None and asked.is_delivered:
            self._cancels.append(QueryCancel(query_id))

    def next_id(self) -> str:
        """An id for the next query."""
        self._numbers += 1
        return f"{self._prefix}-q{self._numbers}"

    def ask(self, query: Query, then: Then, failed: Failed | None, now: Now) -> str:
        """Take a query that is to be sent; returns its id. ValueError where too many wait."""
        if len(self.waiting) >= WAITING_MAX:
            raise ValueError(f"{WAITING_MAX} queries wait for their answer already")
        self.waiting[query.id] = Asked(query, then, failed, _ends_ns(query, now))
        return query.id

    def due(self) -> list[Query | QueryCancel]:
        """The queries to send now, and the ends of others."""
        queries = [one.query for one in self.waiting.values() if not one.is_delivered]
        return [*self._cancels, *queries]

    def sent(self, query: Query | QueryCancel) -> None:
        """It was handed over."""
        if isinstance(query, QueryCancel):
            self._cancels.remove(query)
        else:
            self.waiting[query.id].is_delivered = True

    def ask_again(self) -> None:
        """Whoever was asked has started again, and knows of no query: what waits is to be sent once
        more, for a whole answer."""
        for one in self.waiting.values():
            one.is_delivered = False
            one.pages = Pages()

    def take(self, answer: QueryAnswer, now: Now) -> Ended | None:
        """A page of an answer, or a failure; returns the end of a query, if this is it. Whatever
        comes shows that the gateway is at it: one that is answered in parts may take hours."""
        asked = self.waiting.get(answer.id)
        if asked is None:
            return None
        asked.ends_ns = _ends_ns(asked.query, now)
        if isinstance(answer, QueryProgress):
            asked.in_parts = True
            return None
        if isinstance(answer, QueryFailed):
            del self.waiting[answer.id]
            return Ended(answer.id, asked.failed, answer)
        asked.pages.take(answer)
        if not asked.pages.is_whole:
            return None
        del self.waiting[answer.id]
        rows = asked.pages.rows
        return Ended(answer.id, asked.then, rows, Answer(rows, answer.ts_ns, asked.in_parts))

    def late(self, now: Now) -> list[Ended]:
        """End the queries whose time is over."""
        late = [one for one in self.waiting.values() if now.mono_ns >= one.ends_ns]
        for one in late:
            del self.waiting[one.query.id]
        return [
            Ended(
                one.query.id,
                one.failed,
                QueryFailed(
                    now.wall_ns, one.query.id, NO_ANSWER if one.is_delivered else NOT_DELIVERED
                ),
            )
            for one in late
        ]


def _ends_ns(query: Query, now: Now) -> int:
    """Until when the gateway must have said something (monotonic)."""
    return now.mono_ns + query.timeout_ms * 1_000_000 + GRACE_NS
