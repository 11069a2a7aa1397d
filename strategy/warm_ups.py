"""Warm-ups: the series of bars that begin with their past, and which of them has been asked for.

The past is asked for once the strategy has received a trade of the symbol: from then on it hears
all of them, so none can fall between the past and its own. Where nothing trades, it is asked for
after a minute, by when the topics are joined.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final

from tapewire.common.clock import Now
from tapewire.strategy.asking import WAITING_MAX, Asking, Ended, checked
from tapewire.strategy.symbol_bars import Made, Making

AT_ONCE: Final = 10
"""A strategy's own questions have to find room too, and the broker allows 60 in ten minutes."""
QUIET_NS: Final = 60_000_000_000


class WarmUps:
    """Asks for the past of series, a few at once, in the order in which they can be asked for."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._quiet: list[tuple[int, Making]] = []  # and until when a trade is waited for
        self._unasked: deque[Making] = deque()
        self._asked: dict[str, Making] = {}  # by the query's id

    def add(self, making: Making, now: Now) -> None:
        """Get this series its past."""
        self._quiet.append((now.mono_ns + QUIET_NS, making))

    @property
    def rests(self) -> bool:
        """Whether there is nothing to be done but at `next_ns`."""
        return not self._unasked and not any(making.has_begun for _, making in self._quiet)

    @property
    def next_ns(self) -> int | None:
        """When a past is asked for though nothing has traded (monotonic); None: never."""
        return self._quiet[0][0] if self._quiet else None  # the first that was added

    def tick(self, now: Now) -> None:
        """Once per turn: ask what can be asked for now."""
        if self._quiet:
            ready = [m for at_ns, m in self._quiet if m.has_begun or at_ns <= now.mono_ns]
            self._quiet = [one for one in self._quiet if one[1] not in ready]
            self._unasked += ready
        for making in self._next():
            query = checked(making.question(now.wall_ns), self._asking.next_id())
            self._asking.ask(query, _nobody, None, now)
            self._asked[query.id] = making

    @property
    def is_idle(self) -> bool:
        """Whether no series waits for its past."""
        return not (self._quiet or self._unasked or self._asked)

    def give_up(self) -> list[Made]:
        """All series go on without their past; the bars that are over meanwhile."""
        waiting = [*(making for _, making in self._quiet), *self._unasked, *self._asked.values()]
        self._quiet.clear()
        self._unasked.clear()
        self._asked.clear()
        return [made for making in waiting for made in making.begin(None)]

    def knows(self, ended: Ended) -> bool:
        """Whether that query was about a past."""
        return ended.query_id in self._asked

    def take(self, ended: Ended) -> list[Made]:
        """Take what came of a question; the bars of the past, once all of it is here."""
        making = self._asked.pop(ended.query_id)
        if making.past is None:  # it went on without
            return []
        if ended.answer is None:
            return making.begin(None)
        if making.past.take(ended.answer):
            return making.begin(ended.answer.ts_ns)
        self._unasked.appendleft(making)
        return []

    def _next(self) -> Iterator[Making]:
        """Those whose turn it is, as far as there is room for questions."""
        while self._unasked and len(self._asked) < AT_ONCE:
            if len(self._asking.waiting) >= WAITING_MAX:
                return
            making = self._unasked.popleft()
            if making.past is not None:
                yield making


def _nobody(_rows: object) -> None:
    """The series takes the rows, not the strategy."""
