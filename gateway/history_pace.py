"""TWS's limits on history, which hold in addition to the limit on all messages.

TWS refuses questions about history that come too fast, with error 162, and a client that goes on
is cut off. Its rules, by IB's documentation of historical data limitations:

*   at most 60 questions in any ten minutes;
*   the same question not again within 15 seconds;
*   fewer than six for the same contract, exchange and kind of tick within two seconds.

A question about bid and ask counts twice. TWS counts when it reads, not when we write, so two
questions can be nearer to each other there than here. Each span is therefore longer by `SLACK_NS`.
"""

from collections import deque
from collections.abc import Reversible
from typing import Final, NamedTuple

from msgspec.structs import replace

from tapewire.common.events.queries import HistoryQuery, Query, TicksQuery
from tapewire.gateway.query_port import BrokerQuery

SECOND_NS: Final = 1_000_000_000
SLACK_NS: Final = SECOND_NS // 2
SPAN_NS: Final = 600 * SECOND_NS + SLACK_NS
SPAN_MAX: Final = 60
SAME_NS: Final = 15 * SECOND_NS + SLACK_NS
BURST_NS: Final = 2 * SECOND_NS + SLACK_NS
BURST_MAX: Final = 5
BID_ASK: Final = "BID_ASK"


class Question(NamedTuple):
    """A question about history: which contract, where it is traded, what kind of tick, and in
    `terms` all else that makes it this question (bar size, duration, end)."""

    contract: str
    exchange: str
    tick: str
    terms: str = ""

    @property
    def weight(self) -> int:
        """How many questions it counts for."""
        return 2 if self.tick == BID_ASK else 1


class HistoryPace:
    """The questions of one login, over its connections: TWS counts on when one ends. Times are
    monotonic, and at most 60 questions are remembered by whoever waits as long as this says."""

    def __init__(self) -> None:
        self._asked: deque[tuple[int, Question]] = deque()

    def __repr__(self) -> str:
        return f"<HistoryPace, {len(self._asked)} asked>"

    def wait_ns(self, question: Question, now_ns: int, *, spare: int = 0) -> int:
        """How long to wait before it may be asked; 0 if it may be now. `spare` are questions of ten
        minutes that are left for others."""
        self._forget(now_ns)
        same = [at_ns for at_ns, one in self._asked if one == question]
        burst = [(at_ns, one) for at_ns, one in self._asked if one[:3] == question[:3]]
        free_ns = (
            same[-1] + SAME_NS if same else now_ns,
            _room_ns(burst, BURST_NS, BURST_MAX - question.weight, now_ns),
            _room_ns(self._asked, SPAN_NS, SPAN_MAX - spare - question.weight, now_ns),
        )
        return max(0, max(free_ns) - now_ns)

    def asked(self, question: Question, now_ns: int) -> None:
        """It was written."""
        self._asked.append((now_ns, question))

    def left_ns(self, count: int, weight: int, now_ns: int, *, spare: int = 0) -> int:
        """How long it takes at least until `count` more questions of that weight were asked."""
        self._forget(now_ns)
        most = (SPAN_MAX - spare) // weight
        times = deque(at_ns for at_ns, one in self._asked for _ in range(-(-one.weight // weight)))
        rounds, rest = divmod(max(0, count - 1), most)
        for _ in range(rest + 1):
            over = len(times) - most
            times.append(max(now_ns, times[over] + SPAN_NS) if over >= 0 else now_ns)
        return times[-1] - now_ns + rounds * SPAN_NS

    def _forget(self, now_ns: int) -> None:
        while self._asked and now_ns - self._asked[0][0] >= SPAN_NS:
            self._asked.popleft()


def _room_ns(
    asked: Reversible[tuple[int, Question]],
    span_ns: int,
    others_max: int,
    now_ns: int,
) -> int:
    """When no more than `others_max` of those asked count in the span that ends there."""
    weight = 0
    for at_ns, one in reversed(asked):
        weight += one.weight
        if weight > others_max:
            return at_ns + span_ns
    return now_ns


def question_of(query: Query | BrokerQuery) -> Question | None:
    """What is asked as history's limits count it; None if they do not count it. Who asks, and how
    long they wait, makes no other question of it."""
    if not isinstance(query, HistoryQuery | TicksQuery):
        return None
    key = replace(query, id="-", timeout_ms=100)
    return Question(key.symbol, "", key.show, repr(key))
