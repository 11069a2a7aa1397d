r"""Queries: which of them wait, which is asked next, and how each of them ends.

    waits --connected, pace allows it--> asked at the broker --answer, error, line lost--> over
      \---------------- time-out --------------/---------------- time-out --------------/

Each ends within its time-out, in an answer or in a failure that says why. Queries that ask for the
same thing while one of them waits share its answer, each until its own time-out. At most
`WAITING_MAX` wait; more are refused at once.

A long answer that many share is far more than it was to read: each of them is sent all of its
pages. So at most `PAGES_PER_TURN` are made and sent at a time, or orders would wait for them, and a
query counts as waiting until its last page is out.

What waits here is not in the broker's outbox yet, and there a query goes behind
everything else: no order waits for one.
"""

from collections import deque
from typing import Any, Final

from msgspec.structs import replace

from tapewire.common.clock import Now
from tapewire.common.events import TEXT_MAX
from tapewire.common.events.account_queries import (
    PortfolioQuery,
)
from tapewire.common.events.queries import (
    Query,
    QueryAnswer,
    QueryFailed,
    TicksQuery,
)
from tapewire.gateway.awaited import Awaited, AwaitedQuery, Known, silence
from tapewire.gateway.history_pace import HistoryPace, question_of
from tapewire.gateway.own_answers import OwnAnswers
from tapewire.gateway.query_pages import pages_of
from tapewire.gateway.query_port import BrokerQuery, QueryPort, Refused, Why
from tapewire.gateway.query_waiters import INNER, Leaving, PartEnded, Pending, Waiter

WAITING_MAX: Final = 200
PAGES_PER_TURN: Final = 20
"""A page of 1,000 bars takes some 60 us to make and encode."""
ROWS_MAX: Final = 200_000
"""The most rows of one answer; 200,000 bars are some six months of minutes."""
HELD_MAX: Final = 2 * ROWS_MAX
"""The most rows of all answers that are not complete. A bar takes some 250 bytes."""
MS: Final = 1_000_000
NEVER_NS: Final = 2**63


class Queries:
    """The queries of one login. What is to be sent to clients is in `take_answers`."""

    def __init__(self, port: QueryPort, awaited: Awaited, own: OwnAnswers) -> None:
        self._port = port
        self._look = awaited.look
        self._own = own
        self.pace = HistoryPace()
        self._pending: dict[Query, Pending] = {}  # by what is asked: the query without its id
        self._numbers = 0
        self._waiting = 0
        self._pace_ns = 0  # when the pace may allow the next one
        self._late_ns = NEVER_NS  # until then nobody's time is over
        self._awaited: dict[AwaitedQuery, None] = {}  # those of what is pending, in their order
        self._failures: list[tuple[bytes, QueryAnswer]] = []
        self._answers: deque[Leaving] = deque()  # one per waiter
        self._parts: list[PartEnded] = []

    def __repr__(self) -> str:
        return f"<Queries, {self._waiting} waiting>"

    @property
    def waiting(self) -> int:
        """How many queries wait for their answer."""
        return self._waiting

    def take_answers(self) -> list[tuple[bytes, QueryAnswer]]:
        """What is to be sent now, each with the client it goes to: what has failed since the last
        call, and the next pages."""
        taken, self._failures = self._failures, []
        pages_max = len(taken) + PAGES_PER_TURN
        while self._answers and len(taken) < pages_max:
            sender, _, pages = self._answers[0]
            page = next(pages)
            taken.append((sender, page))
            if page.last:
                self._answers.popleft()
                self._waiting -= 1
        return taken

    def take_parts(self) -> list[PartEnded]:
        """The parts of long spans that have ended since the last call."""
        taken, self._parts = self._parts, []
        return taken

    def problem(self) -> str:
        """Why the broker cannot be asked at this moment; empty if it can."""
        return self._port.problem()

    def cancel(self, sender: bytes, query_id: str) -> None:
        """Nobody waits for that query any more, or for the rest of its answer."""
        kept = deque(one for one in self._answers if one[:2] != (sender, query_id))
        self._waiting -= len(self._answers) - len(kept)
        self._answers = kept
        for key, pending in list(self._pending.items()):
            for waiter in pending.waiters:
                if waiter.id == query_id and waiter.sender == sender:
                    pending.waiters.remove(waiter)
                    self._waiting -= 1
                    break
            if not pending.waiters:
                self._drop(key)

    def ask(self, sender: bytes, query: Query, now: Now) -> None:
        """A client asks. Asked again under an id that waits already, nothing more is done."""
        key = replace(query, id="-", timeout_ms=100)
        pending = self._pending.get(key)
        waiter = Waiter(sender, query.id, now.mono_ns + query.timeout_ms * MS, query.timeout_ms)
        if pending is not None and any(w[:2] == waiter[:2] for w in pending.waiters):
            return
        if self._waiting >= WAITING_MAX:
            reason = f"{WAITING_MAX} queries wait for their answer already; try again later"
            self._fail(waiter, reason, now, why="too fast")
            return
        self._waiting += 1
        self._late_ns = min(self._late_ns, waiter.deadline_ns)
        if pending is not None:
            pending.waiters.append(waiter)
        else:
            self._begin(key, query, waiter, now)

    def _begin(self, key: Query, query: Query, waiter: Waiter, now: Now) -> None:
        """The first to ask for it: answer what is known here, the rest waits for its turn."""
        self._numbers += 1
        pending = self._pending[key] = Pending(self._numbers, query)
        pending.waiters.append(waiter)
        self._pace_ns = 0
        if isinstance(key, AwaitedQuery):
            self._awaited[key] = None
            return
        try:
            pending.asks = self._own.asked(query)
        except ValueError as error:
            self._end(key, str(error), now)
            return
        if pending.asks is None:
            self._answer(key, now)

    def tick(self, now: Now) -> None:
        """Take what the broker answered, give up what is late, and ask what may be asked. Called in
        every turn, so what only waits costs nothing here."""
        if not self._pending:
            self._port.take()
            return
        reports = self._port.take()
        by_number = {one.number: key for key, one in self._pending.items()} if reports else {}
        for report in reports:
            key = by_number.get(report.number)
            if key is None or key not in self._pending:
                continue
            if isinstance(report, Refused):
                self._end(key, report.reason, now, report.code, report.why)
            else:
                self._found(key, report.rows, now, is_last=report.last)
        if reports:
            self._keep_within(now)
        self._give_up_late(now)
        self._ask_broker(now)
        self._look_at_awaited(now)

    # ---- how a query ends ------------------------------------------------------------------------

    def _found(self, key: Query, rows: tuple[Any, ...], now: Now, *, is_last: bool) -> None:
        pending = self._pending[key]
        pending.rows += rows
        if len(pending.rows) > ROWS_MAX:
            self._port.give_up(pending.number)
            self._end(key, f"the answer has more than {ROWS_MAX} rows; ask for less", now)
        elif is_last:
            self._answer(key, now)

    def _keep_within(self, now: Now) -> None:
        """End the largest answers that are not complete, while all are too large together."""
        held = {key: len(one.rows) for key, one in self._pending.items()}
        while sum(held.values()) > HELD_MAX:
            key = max(held, key=held.__getitem__)
            del held[key]
            self._port.give_up(self._pending[key].number)
            reason = f"the answers that wait to be complete have more than {HELD_MAX} rows together"
            self._end(key, f"{reason}; try again later", now)

    def _answer(self, key: Query, now: Now) -> None:
        pending = self._pending.pop(key)
        pending.rows = [*self._own.rows(pending.query, pending.rows)]
        for waiter in pending.waiters:
            if waiter.sender == INNER:
                self._parts.append(PartEnded(waiter.id, tuple(pending.rows)))
                self._waiting -= 1
                continue
            pages = pages_of(pending.query, waiter.id, pending.rows, pending.more, now)
            self._answers.append(Leaving(waiter.sender, waiter.id, pages))

    def _end(self, key: Query, reason: str, now: Now, code: int = 0, why: Why = "") -> None:
        waiters = self._pending.pop(key).waiters
        self._waiting -= len(waiters)
        for waiter in waiters:
            self._fail(waiter, reason, now, code, why)

    def _fail(self, waiter: Waiter, reason: str, now: Now, code: int = 0, why: Why = "") -> None:
        if waiter.sender == INNER:
            self._parts.append(PartEnded(waiter.id, (), Refused(0, code, reason, why)))
            return
        failed = QueryFailed(now.wall_ns, waiter.id, reason[:TEXT_MAX], code)
        self._failures.append((waiter.sender, failed))

    def _give_up_late(self, now: Now) -> None:
        if now.mono_ns < self._late_ns:
            return
        for key, pending in list(self._pending.items()):
            late = [one for one in pending.waiters if now.mono_ns >= one.deadline_ns]
            why = self._silence(pending) if late else ""
            for waiter in late:
                pending.waiters.remove(waiter)
                self._waiting -= 1
                self._fail(waiter, f"{why} within {waiter.timeout_ms} ms", now, why="late")
            if not pending.waiters:
                self._drop(key)
        self._late_ns = min(
            (w.deadline_ns for one in self._pending.values() for w in one.waiters),
            default=NEVER_NS,
        )

    def _drop(self, key: Query) -> None:
        """Nobody waits for it any more."""
        pending = self._pending.pop(key)
        if pending.is_asked:
            self._port.give_up(pending.number)

    # ---- what is asked ---------------------------------------------------------------------------

    def _ask_broker(self, now: Now) -> None:
        """Ask what waits, in the order in which it came, as far as history's pace allows."""
        if self._port.problem() or now.mono_ns < self._pace_ns:
            return
        unasked = [key for key, one in self._pending.items() if not one.is_asked]
        waits = [self._try(key, now) for key in unasked]
        self._pace_ns = now.mono_ns + min(filter(None, waits), default=0)

    def _try(self, key: Query, now: Now) -> int:
        """Ask one, unless it has to wait; returns for how long (ns)."""
        pending = self._pending[key]
        if pending.asks is None:
            return 0
        question = question_of(key)
        if question is not None and (wait_ns := self.pace.wait_ns(question, now.mono_ns)):
            return wait_ns
        try:
            self._port.ask(pending.number, _up_to_now(pending.asks, now))
        except ValueError as error:
            if isinstance(key, PortfolioQuery):  # the broker's prices are wanted, not needed
                self._answer(key, now)
            else:
                self._end(key, str(error), now)
            return 0
        pending.is_asked = True
        if question is not None:
            self.pace.asked(question, now.mono_ns)
        return 0

    def _silence(self, pending: Pending) -> str:
        """What did not happen in time."""
        if isinstance(pending.query, AwaitedQuery):
            return silence(pending.query)
        if pending.is_asked:
            return "the broker did not answer"
        if problem := self._port.problem():
            return f"{problem}; that did not change"
        return "the broker's limits on history did not let it be asked"

    def _look_at_awaited(self, now: Now) -> None:
        self._awaited = {key: None for key in self._awaited if key in self._pending}
        for key in self._awaited:
            pending = self._pending[key]
            found = self._look(key, now, is_asked=pending.is_asked)
            pending.is_asked = True
            if isinstance(found, Known):
                pending.rows, pending.more = [*found.rows], found.more
                self._answer(key, now)
            elif found is not None:
                self._end(key, found.reason, now, found.code)


def _up_to_now(query: BrokerQuery, now: Now) -> BrokerQuery:
    """The newest ticks are those that end now."""
    if isinstance(query, TicksQuery) and not query.start_ns and not query.end_ns:
        return replace(query, end_ns=now.wall_ns)
    return query
