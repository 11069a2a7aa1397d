"""Long spans of history: who waits for one, which part of it is asked, and what becomes of each.

    waiting --pace and connection allow it--> asked --rows--> the next part, or over
       ^                                        |
       |-- lost, late, too fast ----------------|--- refused --> failed

Each span asks for one part at a time, as any client asks for a query, and passes on what is certain
of it. So the pages of an answer come as they are known, and each part has the query's time-out to
itself. The wait for history's pace counts for none of them, but `SPARE` of the broker's 60
questions in ten minutes are left to others, or a strategy that asks for an hour of bars would wait
behind somebody's years.

A part without data is an empty part. One whose connection was lost is asked for again once there is
one, one that TWS did not answer a few times more. Neither is asked for without end: what makes TWS
hang up would take each connection with it, and orders need that. What cannot go on fails with how
far it has come: what was sent before is whole up to there.
"""

from collections.abc import Iterator
from typing import Any, Final

from msgspec.structs import replace

from tapewire.common.clock import Now
from tapewire.common.events import TEXT_MAX
from tapewire.common.events.queries import Page, Query, QueryAnswer, QueryFailed, QueryProgress
from tapewire.gateway.history_pace import Question, question_of
from tapewire.gateway.long_spans import LongQuery, Plan, plan_of
from tapewire.gateway.queries import Queries
from tapewire.gateway.query_pages import PAGES
from tapewire.gateway.query_waiters import INNER, PartEnded

SPANS_MAX: Final = 20
SPARE: Final = 10
TRIES_MAX: Final = 3
LOST_MAX: Final = 5
"""With so many connections lost on one part, the part may be why they were lost."""
BEAT_NS: Final = 5_000_000_000
LOOK_NS: Final = 200_000_000
TOO_FAST_NS: Final = 60_000_000_000
PATIENCE_NS: Final = 900_000_000_000
"""How long a span waits for a connection: TWS's daily restart takes minutes."""
MS: Final = 1_000_000


class Span:
    """One long query of one client."""

    def __init__(self, sender: bytes, query: LongQuery, plan: Plan, number: int) -> None:
        self.sender, self.query, self.plan = sender, query, plan
        self.number = number
        self.asked_id = ""  # of the part that is asked
        self.tries = 0
        self.losses = 0  # of connections, while this part was asked
        self.look_ns = 0  # when it may be that the next part can be asked
        self.beat_ns = 0
        self.offline_ns: int | None = None  # since when there is no connection
        self.pages = 0
        self.rows = 0

    @property
    def question(self) -> Question | None:
        """The next part as history's limits count it."""
        return question_of(self.plan.question())


class Spans:
    """The long spans of one login. `take` has what is to be sent, each with its client."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries
        self._spans: dict[tuple[bytes, str], Span] = {}
        self._numbers = 0
        self._out: list[tuple[bytes, QueryAnswer]] = []

    def __len__(self) -> int:
        return len(self._spans)

    def take(self) -> list[tuple[bytes, QueryAnswer]]:
        """What is to be sent now."""
        taken, self._out = self._out, []
        return taken

    def enter(self, sender: bytes, query: Query, now: Now) -> bool:
        """Take a query that needs parts; whether it is one. Asked again under an id that waits
        already, nothing more is done."""
        if (sender, query.id) in self._spans:
            return True
        try:
            plan = plan_of(query, now)
        except ValueError as error:
            self._send_failure(sender, query.id, str(error), now)
            return True
        if plan is None:
            return False
        if len(self._spans) >= SPANS_MAX:
            reason = f"{SPANS_MAX} long spans are asked for already; try again later"
            self._send_failure(sender, query.id, reason, now)
            return True
        self._numbers += 1
        assert isinstance(query, LongQuery)
        self._spans[sender, query.id] = Span(sender, query, plan, self._numbers)
        return True

    def cancel(self, sender: bytes, query_id: str) -> bool:
        """Nobody waits for a span any more; whether it was one."""
        span = self._spans.pop((sender, query_id), None)
        if span is not None and span.asked_id:
            self._queries.cancel(INNER, span.asked_id)
        return span is not None

    def tick(self, now: Now) -> None:
        """Take what came of parts, ask for the next ones, say how far each span is."""
        parts = self._queries.take_parts()
        if not self._spans:
            return
        by_id = {one.asked_id: one for one in self._spans.values() if one.asked_id}
        for part in parts:
            if (span := by_id.get(part.id)) is not None:
                self._ended(span, part, now)
        has_asked = False
        for span in list(self._spans.values()):
            if not (span.asked_id or has_asked) and now.mono_ns >= span.look_ns:
                has_asked = self._look(span, now)
            if now.mono_ns >= span.beat_ns and (span.sender, span.query.id) in self._spans:
                self._report(span, now)

    # ---- asking ----------------------------------------------------------------------------------

    def _look(self, span: Span, now: Now) -> bool:
        """Ask for the next part, unless it has to wait; whether it was asked. One is asked per
        turn: the pace knows of a question once it is out, and would let any number of spans have
        the same place."""
        span.look_ns = now.mono_ns + LOOK_NS
        if problem := self._queries.problem():
            span.offline_ns = now.mono_ns if span.offline_ns is None else span.offline_ns
            if now.mono_ns - span.offline_ns >= PATIENCE_NS:
                self._fail(span, f"{problem}; that did not change", now)
            return False
        span.offline_ns = None
        question = span.question
        pace = self._queries.pace
        if question is not None and pace.wait_ns(question, now.mono_ns, spare=SPARE):
            return False
        span.asked_id = f"part-{span.number}-{span.plan.parts_done}-{span.pages}-{span.tries}"
        part = replace(span.plan.question(), id=span.asked_id)
        self._queries.ask(INNER, part, now)
        return True

    # ---- what comes ------------------------------------------------------------------------------

    def _ended(self, span: Span, part: PartEnded, now: Now) -> None:
        span.asked_id, span.look_ns = "", now.mono_ns
        refused = part.refused
        if refused is None or refused.why == "no data":
            span.tries = span.losses = 0
            self._pass_on(span, span.plan.take(part.rows), now)
            return
        if refused.why == "lost":
            span.losses += 1
            if span.losses >= LOST_MAX:
                self._fail(span, refused.reason, now)
            return
        span.tries += 1
        if refused.why in ("late", "too fast") and span.tries < TRIES_MAX:
            wait_ns = TOO_FAST_NS if refused.why == "too fast" else 0
            span.look_ns = now.mono_ns + wait_ns
        else:
            self._fail(span, refused.reason, now, refused.code)

    def _pass_on(self, span: Span, rows: list[Any], now: Now) -> None:
        """Send what is certain; the last page says that it is."""
        pages = list(self._pages(span, rows, now))
        self._out += [(span.sender, page) for page in pages]
        span.rows += len(rows)
        if span.plan.is_over:
            del self._spans[span.sender, span.query.id]
        else:
            self._report(span, now)

    def _pages(self, span: Span, rows: list[Any], now: Now) -> Iterator[Page]:
        page, rows_max = PAGES[type(span.query)]
        is_over = span.plan.is_over
        begins = range(0, len(rows), rows_max) or range(int(is_over))
        for begin in begins:
            span.pages += 1
            is_last = is_over and begin == begins[-1]
            chunk = tuple(rows[begin : begin + rows_max])
            yield page(now.wall_ns, span.query.id, chunk, span.pages, is_last)

    def _report(self, span: Span, now: Now) -> None:
        span.beat_ns = now.mono_ns + BEAT_NS
        plan, question = span.plan, span.question
        weight = question.weight if question is not None else 1
        left_ns = self._queries.pace.left_ns(plan.requests_left, weight, now.mono_ns, spare=SPARE)
        progress = QueryProgress(
            now.wall_ns, span.query.id, plan.parts_done, plan.parts, span.rows, left_ns // MS,
            plan.up_to_ns,
        )  # fmt: skip
        self._out.append((span.sender, progress))

    def _fail(self, span: Span, reason: str, now: Now, code: int = 0) -> None:
        del self._spans[span.sender, span.query.id]
        where = f"part {span.plan.parts_done + 1} of {span.plan.parts}"
        self._send_failure(span.sender, span.query.id, f"{where}: {reason}", now, code)

    def _send_failure(
        self, sender: bytes, query_id: str, reason: str, now: Now, code: int = 0
    ) -> None:
        failed = QueryFailed(now.wall_ns, query_id, reason[:TEXT_MAX], code)
        self._out.append((sender, failed))
