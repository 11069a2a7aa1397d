"""Long spans of history: in which parts they are asked for, and how their answers make one.

Parts are asked for from the oldest to the newest, so that what has come is a whole beginning of the
span. What TWS answers need not be what was asked: it counts durations in trading time, so an answer
may reach back too far; a bar that the end of a part cuts is in two answers, whole only in the
second; and ticks have whole seconds, so an answer may end within one. So the parts overlap, by one
bar or by the last second, and rows are merged by their time:

*   Of two bars that begin at the same time the one of the later part counts: it begins a bar before
    the seam, so all bars there are whole in it. The first rows of a part may be cut at its own
    beginning, and those lie before the overlap, where the earlier part has them whole.
*   Of a second that two answers have ticks of, the answer with more of them counts, for the other
    one has a part of the same.

Rows within the overlap are held back until the next part is here. No part needs another: one that
is empty, such as a weekend, only has no rows.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

from msgspec.structs import replace

from tapewire.common.clock import Now
from tapewire.common.events.queries import (
    TICKS_MAX,
    HistoryBar,
    HistoryQuery,
    HistoryTick,
    Query,
    TicksQuery,
)
from tapewire.common.history_words import DAY_S, answer_max_s, duration_of, duration_s, size_s

NS: Final = 1_000_000_000
DAY_NS: Final = DAY_S * NS
NEVER_NS: Final = 2**63
PARTS_MAX: Final = 20_000
LongQuery = HistoryQuery | TicksQuery


class Plan(Protocol):
    """The parts of one span. `parts` are known from the beginning; `requests_left` may grow."""

    parts: int
    parts_done: int
    up_to_ns: int
    """All rows before that time were handed out."""

    @property
    def is_over(self) -> bool:
        """Whether all parts are here."""

    @property
    def requests_left(self) -> int:
        """About how many more questions it takes."""

    def question(self) -> LongQuery:
        """What is to be asked next."""

    def take(self, rows: Sequence[Any]) -> list[Any]:
        """Take the answer to that; the rows that are certain by now, the oldest first."""


def plan_of(query: Query, now: Now) -> Plan | None:
    """The parts of a query that needs several, or whose answer has to be cut; None for any other.
    ValueError where there can be no plan."""
    if isinstance(query, TicksQuery) and query.start_ns and query.end_ns:
        return TickPlan(query, _checked(query.start_ns, min(query.end_ns, now.wall_ns)))
    if not isinstance(query, HistoryQuery):
        return None
    size, back = size_s(query.bars), duration_s(query.back)
    end_ns = query.end_ns or now.wall_ns
    if query.start_ns:
        if size is None:
            raise ValueError(f"{query.bars!r} is not a size of bars; expected one such as '1 min'")
        return BarPlan(query, _checked(query.start_ns, end_ns), size)
    if size is None or back is None:
        return None  # TWS says what is wrong with it
    most = answer_max_s(size)
    if most is None or back <= most:
        return None
    return BarPlan(query, _checked(max(1, end_ns - back * NS), end_ns), size)


def _checked(begin_ns: int, end_ns: int) -> tuple[int, int]:
    if begin_ns >= end_ns:
        raise ValueError("the span ends before it begins, or begins in the future")
    return begin_ns, end_ns


class Edges:
    """Where the parts of a span begin and end: none is written down, however many there are.
    ValueError for too many."""

    def __init__(self, begin_ns: int, seams: range, end_ns: int) -> None:
        self.begin_ns, self.end_ns = begin_ns, end_ns
        self._seams = seams
        self.parts = len(seams) + 1
        if self.parts > PARTS_MAX:
            raise ValueError(f"that takes more than {PARTS_MAX} questions; ask for less")

    def of(self, part: int) -> tuple[int, int]:
        """The beginning and the end of a part, counted from 0."""
        begin_ns = self._seams[part - 1] if part else self.begin_ns
        return begin_ns, self.end_ns if part == self.parts - 1 else self._seams[part]


class BarPlan:
    """Bars of less than a week in parts that one answer can have; of others all are one part."""

    def __init__(self, query: HistoryQuery, span: tuple[int, int], size: int) -> None:
        self._query = query
        self._begin_ns, self._end_ns = span
        self._size = size
        self._edges = _edges(*span, size)
        self._held: dict[int, HistoryBar] = {}
        self.parts = self._edges.parts
        self.parts_done = 0
        self.up_to_ns = self._begin_ns

    @property
    def is_over(self) -> bool:
        """See `Plan`."""
        return self.parts_done == self.parts

    @property
    def requests_left(self) -> int:
        """See `Plan`."""
        return self.parts - self.parts_done

    def question(self) -> HistoryQuery:
        """See `Plan`: a part, from one bar before its beginning."""
        begin_ns, end_ns = self._edges.of(self.parts_done)
        end_s = -(-end_ns // NS)
        back = duration_of(end_s - begin_ns // NS + self._size)
        return replace(self._query, back=back, start_ns=0, end_ns=end_s * NS)

    def take(self, rows: Sequence[HistoryBar]) -> list[HistoryBar]:
        """See `Plan`."""
        begin_ns, end_ns = self._edges.of(self.parts_done)
        self.parts_done += 1
        if self.is_over and self._size >= DAY_S:
            end_ns = NEVER_NS  # what has a date may have one after the end that it was asked with
        overlap_ns = self._size * NS
        first_ns = max(begin_ns - overlap_ns, self._begin_ns)
        found = self._held | {r.ts_ns: r for r in rows if first_ns <= r.ts_ns < end_ns}
        certain_ns = end_ns if self.is_over else end_ns - overlap_ns
        self._held = {ts: row for ts, row in found.items() if ts >= certain_ns}
        self.up_to_ns = min(certain_ns, self._edges.end_ns)
        return [found[ts] for ts in sorted(found) if ts < certain_ns]


def _edges(begin_ns: int, end_ns: int, size: int) -> Edges:
    """Edges at whole bars, counted from the epoch, so that a seam cuts none that begins there."""
    most = answer_max_s(size)
    if most is None:
        return Edges(begin_ns, range(0), end_ns)
    size_ns = size * NS
    step_ns = (most - size) // size * size_ns  # a part and a bar before it are one answer
    first_ns = begin_ns // size_ns * size_ns + step_ns
    return Edges(begin_ns, range(first_ns, end_ns, step_ns), end_ns)


class TickPlan:
    """Ticks in parts of a day (UTC), each of as many answers as it takes."""

    def __init__(self, query: TicksQuery, span: tuple[int, int]) -> None:
        self._query = query
        begin_ns, end_ns = span
        midnight_ns = begin_ns // DAY_NS * DAY_NS + DAY_NS
        self._edges = Edges(begin_ns, range(midnight_ns, end_ns, DAY_NS), end_ns)
        self._next_ns = begin_ns // NS * NS  # the second that is asked for next
        self._held: list[HistoryTick] = []  # of that second, as far as they are known
        self._asked = 0
        self.parts = self._edges.parts
        self.parts_done = 0
        self.up_to_ns = begin_ns

    @property
    def is_over(self) -> bool:
        """See `Plan`."""
        return self.parts_done == self.parts

    @property
    def requests_left(self) -> int:
        """See `Plan`: as many for the rest as for what is done, in proportion."""
        begin_ns, end_ns = self._edges.begin_ns, self._edges.end_ns
        done_ns = max(NS, self._next_ns - begin_ns)
        guess: int = self._asked * (end_ns - self._next_ns) // done_ns
        return max(self.parts - self.parts_done, min(guess, PARTS_MAX))

    def question(self) -> TicksQuery:
        """See `Plan`."""
        return replace(self._query, start_ns=self._next_ns, end_ns=0, count=TICKS_MAX)

    def take(self, rows: Sequence[HistoryTick]) -> list[HistoryTick]:
        """See `Plan`. A day is over when an answer goes beyond it, or has nothing after the second
        that it was asked from."""
        self._asked += 1
        _, end_ns = self._edges.of(self.parts_done)
        ordered = sorted(rows, key=lambda row: row.ts_ns)
        found = [row for row in ordered if self._next_ns <= row.ts_ns < end_ns]
        same = [row for row in found if row.ts_ns == self._next_ns]
        later = found[len(same) :]
        certain = max(self._held, same, key=len)
        goes_beyond = bool(ordered) and ordered[-1].ts_ns >= end_ns
        if goes_beyond or (not later and len(same) < TICKS_MAX):
            certain += later
            self._part_done()
        elif later:
            self._next_ns = later[-1].ts_ns
            certain += [row for row in later if row.ts_ns < self._next_ns]
            self._held = [row for row in later if row.ts_ns == self._next_ns]
        else:  # a second that has more ticks than an answer: TWS gives no more of it
            self._next_ns, self._held = self._next_ns + NS, []
        self.up_to_ns = max(self.up_to_ns, self._next_ns)
        return self._within(certain)

    def _part_done(self) -> None:
        _, self._next_ns = self._edges.of(self.parts_done)
        self.parts_done += 1
        self._held = []

    def _within(self, rows: Iterable[HistoryTick]) -> list[HistoryTick]:
        return [row for row in rows if row.ts_ns >= self._edges.begin_ns]
