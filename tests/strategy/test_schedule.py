"""Schedules: a time of day in a zone, once a day, through daylight saving and restarts."""

from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapewire.common.clock import Now
from tapewire.common.daily_time import DailyTime
from tapewire.common.errors import ConfigError
from tapewire.strategy.log import LogLine
from tapewire.strategy.runner import Runner
from tapewire.strategy.schedule import GRACE_S, LATE_MAX_S, Schedules
from tests.strategy.kit import SECOND, config

HOUR = 3600 * SECOND
NEW_YORK = "America/New_York"


def ns(text: str, zone: str = NEW_YORK, fold: int = 0) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return int(moment.timestamp()) * SECOND


class Bench:
    """A strategy with a schedule, on a clock that this sets; `process` starts it again."""

    def __init__(self, start: str, *, late_s: float = 0, at: str = "15:55") -> None:
        self.called: list[int] = []
        self.lines: list[LogLine] = []
        self.late_s, self.at = late_s, at
        self.kept: bytes | None = None
        self.process(start)

    def process(self, start: str, *, live: bool = True) -> None:
        self.runner = Runner(
            config(), ("AAPL",), "e1", lambda _raised: None,
            scheduled=self.kept, write=self.lines.append,
        )  # fmt: skip
        self.now = Now(ns(start), 5 * SECOND)
        self.runner.start(self.now)
        self.runner.live = live
        self.runner.strategy.schedule(self.at, NEW_YORK, self.note, late_s=self.late_s)
        self.keep()

    def note(self) -> None:
        self.called.append(self.runner.strategy.clock.now_ns())

    def until(self, text: str, step_s: int = 300) -> None:
        """Turns up to a time, when something is due and each `step_s`."""
        end_ns = ns(text)
        while self.now.wall_ns < end_ns:
            due_ns = self.runner.due_ns(self.now)
            step = min(step_s * SECOND, end_ns - self.now.wall_ns)
            if due_ns is not None:
                step = min(step, max(1, due_ns - self.now.mono_ns))
            self.now += step
            self.runner.tick(self.now)
            self.keep()

    def keep(self) -> None:
        self.kept = self.runner.context.schedules.take() or self.kept


def test_it_is_called_at_the_time_in_the_zone_each_day_to_the_moment():
    bench = Bench("2026-06-01T09:30")
    bench.until("2026-06-04T12:00")
    assert bench.called == [ns(f"2026-06-0{day}T15:55") for day in (1, 2, 3)]


def test_it_moves_with_daylight_saving():
    bench = Bench("2026-03-07T12:00")
    bench.until("2026-03-09T12:00")
    first, second = bench.called
    assert second - first == 23 * HOUR


def test_a_time_that_daylight_saving_leaves_out_comes_as_much_later():
    bench = Bench("2026-03-07T12:00", at="02:30")
    bench.until("2026-03-09T12:00")
    assert bench.called == [ns("2026-03-08T03:30"), ns("2026-03-09T02:30")]


def test_a_time_that_comes_twice_is_called_the_first_time_alone():
    bench = Bench("2026-10-31T12:00", at="01:30")
    bench.until("2026-11-02T12:00")
    assert bench.called == [ns("2026-11-01T01:30"), ns("2026-11-02T01:30")]
    assert ns("2026-11-01T01:30", fold=1) - bench.called[0] == HOUR


def test_what_passed_while_the_process_was_down_is_not_called_late_unless_it_is_asked_for():
    bench = Bench("2026-06-01T09:30")
    bench.process("2026-06-01T16:05")
    bench.until("2026-06-01T18:00")
    assert bench.called == []


def test_with_late_s_it_is_called_at_the_start_if_no_more_than_that_has_passed():
    bench = Bench("2026-06-01T09:30", late_s=900)
    bench.process("2026-06-01T16:05")
    bench.until("2026-06-01T18:00")
    (at_ns,) = bench.called
    assert 0 < at_ns - ns("2026-06-01T16:05") < SECOND
    bench.process("2026-06-02T16:11")
    bench.until("2026-06-02T18:00")
    assert len(bench.called) == 1
    assert "was not called: it is 96" in bench.lines[-1].text


def test_what_was_called_is_not_called_again_by_the_process_that_follows():
    bench = Bench("2026-06-01T09:30", late_s=900)
    bench.until("2026-06-01T15:56")
    bench.process("2026-06-01T15:57")
    bench.until("2026-06-01T18:00")
    assert len(bench.called) == 1


def test_what_passed_before_it_was_ever_scheduled_is_not_missed():
    bench = Bench("2026-06-01T16:00", late_s=900)
    bench.until("2026-06-01T18:00")
    assert bench.called == []


def test_it_waits_until_the_strategy_can_signal_and_is_given_up_a_minute_later():
    bench = Bench("2026-06-01T15:54")
    bench.runner.live = False
    bench.until("2026-06-01T15:55:30", step_s=5)
    assert bench.called == []
    bench.runner.live = True
    bench.until("2026-06-01T15:55:35", step_s=5)
    assert [at_ns // SECOND for at_ns in bench.called] == [ns("2026-06-01T15:55:30") // SECOND]
    bench.until("2026-06-02T15:54")
    bench.runner.live = False
    bench.until("2026-06-02T16:00")
    bench.runner.live = True
    bench.until("2026-06-02T17:00")
    assert len(bench.called) == 1
    (line,) = bench.lines
    assert (line.level, line.strategy) == ("warning", "echo")
    assert "15:55:00 America/New_York Bench.note was not called" in line.text


def test_a_machine_that_slept_over_it_does_not_call_it():
    bench = Bench("2026-06-01T15:54")
    bench.now = Now(ns("2026-06-01T17:00"), bench.now.mono_ns + HOUR)
    bench.runner.tick(bench.now)
    assert bench.called == []
    assert len(bench.lines) == 1


def test_a_wall_clock_that_is_set_back_does_not_call_it_twice():
    bench = Bench("2026-06-01T15:54")
    bench.until("2026-06-01T15:56")
    bench.now = Now(ns("2026-06-01T15:50"), bench.now.mono_ns)
    bench.until("2026-06-01T18:00")
    assert len(bench.called) == 1


@pytest.mark.parametrize(
    ("at", "zone", "says"),
    [
        ("25:00", NEW_YORK, "schedule at '25:00' in zone 'America/New_York': expected a time"),
        ("15:55", "New York", "in zone 'New York': expected a time such as 16:00 and a zone"),
        ("15:55", "", "schedule at '15:55' has no zone; name one, such as America/New_York"),
    ],
)
def test_a_time_or_a_zone_that_there_is_not_is_refused(at, zone, says):
    bench = Bench("2026-06-01T15:54")
    with pytest.raises(ValueError, match=says):
        bench.runner.strategy.schedule(at, zone, bench.note)
    with pytest.raises(ValueError, match=f"late_s is -1, must be seconds from 0 to {LATE_MAX_S:,}"):
        bench.runner.strategy.schedule("15:55", NEW_YORK, bench.note, late_s=-1)


def test_what_cannot_be_called_is_refused():
    bench = Bench("2024-01-08T15:00")
    with pytest.raises(ValueError, match="then is 'go_flat', must be a function or a method"):
        bench.runner.strategy.schedule("15:55", NEW_YORK, "go_flat")


def test_whatever_is_called_may_raise_without_an_end_to_the_process():
    def fails(text: str) -> None:
        raise LookupError(text)

    bench = Bench("2024-01-08T15:00")
    bench.runner.strategy.schedule("15:50", NEW_YORK, partial(fails, "no such symbol"))
    bench.until("2024-01-08T16:00")
    assert bench.called == [ns("2024-01-08T15:55")]
    assert bench.runner.failures == 1


def test_what_was_kept_and_cannot_be_read_is_refused_with_the_file():
    with pytest.raises(ConfigError, match=r"remove state/NAME\.schedule in the run directory"):
        Schedules(b"\xc1")


@settings(max_examples=60, deadline=None)
@given(
    start=st.integers(ns("2026-01-01T00:00"), ns("2026-12-31T00:00")),
    minutes=st.integers(0, 24 * 60 - 1),
    steps=st.lists(st.integers(1, 3 * GRACE_S), min_size=1, max_size=60),
    zone=st.sampled_from([NEW_YORK, "Europe/London", "Australia/Lord_Howe", "UTC"]),
)
def test_every_moment_is_called_once_or_missed_never_both(start, minutes, steps, zone):
    at = DailyTime.of(f"{minutes // 60:02}:{minutes % 60:02} {zone}")
    schedules, now = Schedules(), start
    calls: list[int] = []
    schedules.add(at, lambda: calls.append(now), 0, now)
    missed = []
    for step in [*steps, *[HOUR // SECOND] * 50]:
        now += step * SECOND
        called, given_up = schedules.due(now, can_act=True)
        for one in called:
            one()
        missed += given_up
    moments, moment = 0, at.next_ns(start)
    while moment <= now:
        moments, moment = moments + 1, at.next_ns(moment)
    assert len(calls) + len(missed) == moments
