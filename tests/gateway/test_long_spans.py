"""Long spans: whatever TWS answers to the parts, together they are the rows of the span, each once.

The market is the simulator's, so a span in parts is held against the same span at once.
"""

import random
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapewire.common import history_words
from tapewire.common.clock import Now
from tapewire.common.events.queries import HistoryBar, HistoryQuery, HistoryTick, TicksQuery
from tapewire.common.history_words import YEAR_S, answer_max_s, duration_of, duration_s, size_s
from tapewire.common.instruments import Instrument
from tapewire.gateway import long_spans
from tapewire.gateway.long_spans import Plan, plan_of
from tapewire.simulator.market.history import History
from tapewire.simulator.market.replay_clock import ReplayClock
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.simulator.market.ticks import Ticks
from tapewire.simulator.settings import SimulatorSettings

NS = 1_000_000_000
NOW = Now(1_763_980_237 * NS, 5)  # in the middle of a minute
AAPL = Instrument(symbol="AAPL")


class Tws:
    """What TWS would answer, from the simulator's market. `rng` makes it hostile."""

    def __init__(self, rng: random.Random | None = None, phase_s: int = 0) -> None:
        market = SyntheticMarket([AAPL], 3, 20)
        self._history = History(market, ReplayClock(SimulatorSettings(), market), 1)
        self._history.begin(NOW.wall_ns)
        self._rng = rng
        self._phase_ns = phase_s * NS
        self.asked: list[HistoryQuery | TicksQuery] = []

    def bars(self, query: HistoryQuery) -> list[HistoryBar]:
        """Bars begin `phase_s` after the whole minute; those at both ends are cut there."""
        self.asked.append(query)
        more_s = self._rng.randrange(0, 400) if self._rng else 0  # it counts in trading time
        begin_ns = query.end_ns - ((duration_s(query.back) or 0) + more_s) * NS
        minute = 60 * NS
        first_ns = (begin_ns - self._phase_ns) // minute * minute + self._phase_ns
        rows = []
        for at_ns in range(first_ns, query.end_ns, minute):
            from_ns, to_ns = max(at_ns, begin_ns), min(at_ns + minute, query.end_ns)
            bar = self._history.summary("AAPL", from_ns, to_ns).get("TRADES")
            if bar is not None:
                rows.append(HistoryBar(at_ns, bar.open, bar.high, bar.low, bar.close, bar.volume))
        if self._rng is not None:
            rows += self._rng.sample(rows, min(3, len(rows)))
            self._rng.shuffle(rows)
        return rows

    def ticks(self, query: TicksQuery, count: int) -> list[HistoryTick]:
        self.asked.append(query)
        source = Ticks(self._history, "AAPL", "TRADES", "SMART", 178)
        found = source.since(query.start_ns, NOW.wall_ns + 1, count)
        if self._rng is not None:
            found = found[: max(count, 1)]  # not to the end of the second
        return [HistoryTick(at * NS, float(f[1]), float(f[2])) for at, f in found]


@pytest.fixture
def small_answers() -> Iterator[None]:
    """TWS gives ten minutes of minutes at a time, so that spans of parts are quick to make."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(history_words.STEPS_S, 60, 600)
        yield


def all_of(plan: Plan, answer) -> list:
    rows = []
    while not plan.is_over:
        rows += plan.take(answer(plan.question()))
        assert all(row.ts_ns < plan.up_to_ns for row in rows)
    return rows


def plan_for(query: HistoryQuery | TicksQuery) -> Plan:
    plan = plan_of(query, NOW)
    assert plan is not None
    return plan


@settings(deadline=None, max_examples=25)
@given(
    st.integers(0, 2**32), st.integers(1, 3000), st.integers(0, 1500), st.booleans(),
    st.integers(0, 59),
)  # fmt: skip
def test_bars_in_parts_are_the_bars_at_once_each_once(
    seed: int, length_s: int, before_s: int, hostile: bool, phase_s: int
):
    end_ns = NOW.wall_ns - before_s * NS
    query = HistoryQuery("q", "AAPL", end_ns=end_ns, start_ns=end_ns - length_s * NS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(history_words.STEPS_S, 60, 600)
        tws = Tws(random.Random(seed) if hostile else None, phase_s)
        found = all_of(plan_for(query), tws.bars)
    whole = Tws(phase_s=phase_s).bars(HistoryQuery("q", "AAPL", back="3660 S", end_ns=end_ns))
    assert found == [row for row in whole if query.start_ns <= row.ts_ns < end_ns]
    assert all((duration_s(part.back) or 0) <= 600 for part in tws.asked)


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 60), st.integers(0, 20), st.integers(1, 40), st.booleans())
def test_ticks_in_parts_are_the_ticks_at_once_each_once(
    length_s: int, before_s: int, count: int, cut: bool
):
    end_ns = NOW.wall_ns - before_s * NS
    query = TicksQuery("q", "AAPL", start_ns=end_ns - length_s * NS, end_ns=end_ns)
    tws = Tws(random.Random(1) if cut else None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_spans, "TICKS_MAX", count)
        found = all_of(plan_for(query), lambda part: tws.ticks(part, count))
    whole = Tws().ticks(query, 10**6)
    expected = [row for row in whole if row.ts_ns < end_ns]
    fullest = max((sum(r.ts_ns == t for r in expected) for t in {r.ts_ns for r in expected}),
                  default=0)  # fmt: skip
    if not cut or count > fullest:
        assert found == expected
    assert len(tws.asked) <= len(expected) + length_s + 2, "it comes to an end"


def test_a_part_without_data_is_empty_and_the_others_stay(small_answers: None):
    begin_ns = NOW.wall_ns - 1800 * NS
    tws, plan = Tws(), plan_for(HistoryQuery("q", "AAPL", start_ns=begin_ns))
    found, number = [], 0
    while not plan.is_over:
        part = plan.question()
        found += plan.take([] if number == 1 else tws.bars(part))
        number += 1
    times = [row.ts_ns for row in found]
    assert number == plan.parts >= 3
    assert times == sorted(set(times))
    assert times[-1] > NOW.wall_ns - 120 * NS
    assert len(times) in (20, 21, 22), "nine or ten minutes are missing"


def test_a_day_of_ticks_without_any_is_over_with_one_question_and_the_next_day_is_asked():
    day = 86_400 * NS
    plan = plan_for(TicksQuery("q", "AAPL", start_ns=NOW.wall_ns - 3 * day, end_ns=NOW.wall_ns))
    starts = []
    while not plan.is_over:
        starts.append(plan.question().start_ns)
        assert plan.take([]) == []
    assert [start % day for start in starts[1:]] == [0, 0, 0]
    assert plan.parts == 4


def test_a_second_with_more_ticks_than_an_answer_does_not_hold_it_up():
    start_ns = 1_763_900_000 * NS
    plan = plan_for(TicksQuery("q", "AAPL", start_ns=start_ns, end_ns=start_ns + 5 * NS))
    same = [HistoryTick(start_ns, 1.0)] * 1000
    assert plan.take(same) == same
    assert plan.question().start_ns == start_ns + NS
    assert plan.take([HistoryTick(start_ns + 9 * NS, 1.0)]) == []
    assert plan.is_over


def test_rows_from_outside_of_the_span_are_left_out(small_answers: None):
    begin_ns = NOW.wall_ns - 300 * NS
    plan = plan_for(HistoryQuery("q", "AAPL", start_ns=begin_ns))
    bar = HistoryBar(0, 1, 1, 1, 1)
    odd = [bar, HistoryBar(begin_ns - NS, 1, 1, 1, 1), HistoryBar(NOW.wall_ns + NS, 1, 1, 1, 1)]
    assert plan.take(odd) == []
    assert plan.is_over


@pytest.mark.parametrize(("size", "days_after"), [("1 day", 1), ("1 week", 4)])
def test_a_newest_bar_whose_date_is_after_the_end_belongs_to_the_span(size: str, days_after: int):
    """The session of a future's Friday begins on Thursday evening, and a week has its last date."""
    day = 86_400 * NS
    today_ns = NOW.wall_ns // day * day
    plan = plan_for(HistoryQuery("q", "ES", size, start_ns=today_ns - 20 * day))
    newest = HistoryBar(today_ns + days_after * day, 1, 1, 1, 1)
    assert plan.take([HistoryBar(today_ns, 1, 1, 1, 1), newest])[-1] == newest
    assert plan.is_over


@pytest.mark.parametrize(
    ("bars", "back"),
    [("1 min", "1 D"), ("1 secs", "1800 S"), ("1 day", "1 Y"), ("1 week", "20 Y"),
     ("two", "9 Y"), ("1 min", "two days")],
)  # fmt: skip
def test_what_one_answer_has_is_asked_as_it_is(bars: str, back: str):
    assert plan_of(HistoryQuery("q", "AAPL", bars, back), NOW) is None


@pytest.mark.parametrize(
    ("bars", "back", "parts"),
    [("1 secs", "1 D", 49), ("1 min", "1 Y", 53), ("1 day", "20 Y", 21), ("5 mins", "1 Y", 11)],
)
def test_longer_ones_are_asked_in_parts_that_one_answer_has(bars: str, back: str, parts: int):
    query = HistoryQuery("q", "AAPL", bars, back)
    plan = plan_for(query)
    assert plan.parts == parts
    asked = plan.question()
    assert (duration_s(asked.back) or 0) <= (answer_max_s(size_s(bars) or 0) or 0)
    assert asked.end_ns % NS == 0
    assert plan.requests_left == parts


@pytest.mark.parametrize(
    "query",
    [
        HistoryQuery("q", "AAPL", start_ns=NOW.wall_ns + 1),
        HistoryQuery("q", "AAPL", start_ns=5, end_ns=5),
        HistoryQuery("q", "AAPL", "odd", start_ns=5),
        HistoryQuery("q", "AAPL", "1 secs", "9 Y"),
        TicksQuery("q", "AAPL", start_ns=6, end_ns=5),
    ],
)
def test_a_span_that_nobody_can_ask_for_is_refused(query: HistoryQuery | TicksQuery):
    with pytest.raises(ValueError, match=r"span|size of bars|less"):
        plan_of(query, NOW)


def test_durations_are_written_as_tws_takes_them():
    assert [duration_of(s) for s in (1, 86_400, 86_401, 365 * 86_400, 366 * 86_400)] == [
        "1 S", "86400 S", "2 D", "365 D", "2 Y",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "query",
    [
        HistoryQuery("q", "AAPL", "1 secs", "1 Y", end_ns=60 * YEAR_S * NS),
        TicksQuery("q", "AAPL", start_ns=NS, end_ns=50 * YEAR_S * NS),
    ],
)
def test_a_plan_costs_the_same_whatever_the_number_of_its_parts(query: HistoryQuery):
    """Any number of spans can be asked for, most of which are refused; orders come in between."""
    now = Now(100 * YEAR_S * NS, 0)
    plan_of(query, now)
    tracemalloc.start()
    plan = plan_of(query, now)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert plan is not None
    assert plan.parts > 15_000
    assert most < 20_000
