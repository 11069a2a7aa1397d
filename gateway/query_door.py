"""The door of queries: a socket of their own, so that no order waits behind one.

A query needs a token, as anything else that is asked. It changes nothing, so its answer waits for
no commit.
"""

from collections.abc import Callable, Sequence
from typing import Final

from tapewire.common.bus import wire
from tapewire.common.bus.ports import QUERIES
from tapewire.common.bus.router import DeadLetterSink
from tapewire.common.clock import Now
from tapewire.common.events import TEXT_MAX, Event, name_of
from tapewire.common.events.queries import Query, QueryAnswer, QueryCancel, QueryFailed
from tapewire.gateway.queries import Queries
from tapewire.gateway.spans import Spans

PAGES_UNREAD_MAX: Final = 2000
"""How many pages wait for a client that does not read them, with up to 1,000 rows each. The longest
answer has a tenth of that."""
Refusal = Callable[[Sequence[bytes], Event], str]
"""Why what came with these frames before it must not be taken; empty if it may."""


class QueryDoor:
    """Takes queries and sends answers. `send` writes frames to a client; false where that is gone,
    or has not read what it was sent."""

    def __init__(
        self,
        queries: Queries,
        refusal: Refusal,
        dead_letter: DeadLetterSink,
        send: Callable[[list[bytes]], bool],
    ) -> None:
        self.queries = queries
        self.spans = Spans(queries)
        self._refusal = refusal
        self._dead_letter = dead_letter
        self._send = send

    def enter(self, frames: list[bytes], now: Now) -> None:
        """A query as it came: who asks, a token unless there is none, and what is asked."""
        sender, *shown, body = frames
        query = wire.decode_event(body)
        reason = self._refusal(shown, query)
        if not isinstance(query, Query | QueryCancel):
            self._dead_letter(QUERIES, reason or f"{name_of(query)} is not a query", body)
        elif reason:
            self._dead_letter(QUERIES, reason, body)
            self._reply(sender, QueryFailed(now.wall_ns, query.id, reason[:TEXT_MAX]))
        elif isinstance(query, QueryCancel):
            self._cancel(sender, query.id)
        elif not self.spans.enter(sender, query, now):
            self.queries.ask(sender, query, now)

    def tick(self, now: Now) -> None:
        """Let the queries go on, and send what is answered."""
        self.queries.tick(now)
        self.spans.tick(now)
        for sender, answer in (*self.queries.take_answers(), *self.spans.take()):
            if not self._reply(sender, answer):
                self._cancel(sender, answer.id)  # the client is gone, or does not read

    def _cancel(self, sender: bytes, query_id: str) -> None:
        if not self.spans.cancel(sender, query_id):
            self.queries.cancel(sender, query_id)

    def _reply(self, sender: bytes, answer: QueryAnswer) -> bool:
        body = wire.encode(answer)
        if len(body) > wire.BODY_MAX_BYTES:
            reason = f"a page of the answer has {len(body)} bytes: no reader takes it"
            body = wire.encode(QueryFailed(answer.ts_ns, answer.id, reason))
        return self._send([sender, body])
