"""Long spans at the door: parts are asked one after the other, and each of them may fail."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from tapewire.common.bus import wire
from tapewire.common.events import Event, HistoryBar, HistoryQuery, QueryFailed
from tapewire.common.events.queries import HistoryPage, QueryCancel, QueryProgress
from tapewire.gateway.history_pace import SPAN_NS
from tapewire.gateway.query_door import QueryDoor
from tapewire.gateway.query_port import Found, Refused, Why
from tapewire.gateway.spans import LOST_MAX, PATIENCE_NS, SPANS_MAX, SPARE
from tests.gateway.asking import SECOND, Asking

WEEK = 7 * 86_400 * SECOND
MONTH = HistoryQuery("q1", "AAPL", "1 min", "28 D")
BAR = HistoryBar(0, 1.0, 2.0, 0.5, 1.5, 100.0)


class Door(Asking):
    """A door on a clock, and what it sent to client `a`."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[Event] = []
        self.is_read = True
        self.now = replace_wall(self.now, 100 * WEEK)
        self.door = QueryDoor(self.queries, lambda *_: "", lambda *_: None, self._send)

    def _send(self, frames: list[bytes]) -> bool:
        self.answers.append(wire.decode_event(frames[1]))
        return self.is_read

    def enter(self, *events: Event) -> None:
        for event in events:
            self.door.enter([b"a", b"token", wire.encode(event)], self.now)
        self.pass_s(0)

    def pass_s(self, seconds: float, *reports: Found | Refused) -> list[Event]:
        """What was sent in a turn that long after the last one, progress left out."""
        self.answers.clear()
        self.port.reports += reports
        passed = int(seconds * SECOND)
        self.now = type(self.now)(self.now.wall_ns + passed, self.now.mono_ns + passed)
        self.door.tick(self.now)
        self.door.tick(self.now)  # an answer in one turn leads to a question in the next
        return [one for one in self.answers if not isinstance(one, QueryProgress)]

    def part(self, *at_s: int) -> Found:
        """The answer to what was asked last: bars so long after the beginning of the part."""
        number, asked = list(self.port.asked.items())[-1]
        begin_ns = asked.end_ns - WEEK
        rows = tuple(replace(BAR, ts_ns=begin_ns + s * SECOND) for s in at_s)
        return Found(number, rows, last=True)

    def refuse(self, why: Why, seconds: float = 0, code: int = 162) -> list[Event]:
        number = list(self.port.asked)[-1]
        return self.pass_s(seconds, Refused(number, code, "so it is", why))

    @property
    def progress(self) -> list[QueryProgress]:
        return [one for one in self.answers if isinstance(one, QueryProgress)]


def replace_wall(now, wall_ns: int):
    return type(now)(wall_ns, now.mono_ns)


@pytest.fixture
def door() -> Door:
    return Door()


def test_parts_are_asked_one_after_the_other_and_pages_come_as_they_are_known(door: Door):
    door.enter(MONTH)
    assert len(door.port.asked) == 1
    first = door.pass_s(1, door.part(600, 660))
    assert [(p.page, len(p.rows), p.last) for p in first] == [(1, 2, False)]
    assert len(door.port.asked) == 2
    answers = []
    for _ in range(10):
        answers += door.pass_s(1, door.part(600))
        if door.port.asked and answers and answers[-1].last:
            break
    assert [page.page for page in answers] == [2, 3, 4, 5]
    assert [page.last for page in answers] == [False, False, False, True]
    assert len(door.port.asked) == 5
    assert door.queries.waiting == 0
    assert len(door.door.spans) == 0


def test_progress_says_what_is_done_and_what_pacing_lets_be_left(door: Door):
    door.enter(MONTH)
    door.pass_s(1, door.part(600))
    (progress,) = door.progress
    assert (progress.parts_done, progress.parts, progress.rows) == (1, 5, 1)
    assert progress.up_to_ns > 0
    assert progress.left_ms == 0, "four more go at once"
    door.pass_s(6)
    assert len(door.progress) == 1, "while nothing comes too"


def test_the_first_progress_comes_at_once(door: Door):
    door.door.enter([b"a", b"token", wire.encode(MONTH)], door.now)
    door.door.tick(door.now)
    assert [(one.parts_done, one.parts) for one in door.progress] == [(0, 5)]


def test_a_part_without_data_is_empty_and_the_last_page_says_so_without_rows(door: Door):
    door.enter(replace(MONTH, back="8 D"))
    assert door.refuse("no data") == []
    (page,) = door.refuse("no data")
    assert (page.rows, page.page, page.last) == ((), 1, True)


def test_a_part_lost_with_the_connection_is_asked_again_and_no_other(door: Door):
    door.enter(MONTH)
    door.pass_s(1, door.part(600))
    asked = list(door.port.asked.values())[-1]
    door.port.down = "not connected"
    assert door.refuse("lost", code=0) == []
    assert door.pass_s(300) == []
    assert len(door.port.asked) == 2
    door.port.down = ""
    door.pass_s(16)
    again = list(door.port.asked.values())[-1]
    assert len(door.port.asked) == 3
    assert replace(again, id="x") == replace(asked, id="x")


def test_without_a_connection_for_too_long_it_fails_with_how_far_it_is(door: Door):
    door.enter(MONTH)
    door.pass_s(1, door.part(600))
    door.port.down = "not connected"
    door.refuse("lost", code=0)
    (failed,) = door.pass_s(PATIENCE_NS / SECOND + 1)
    assert failed.reason == "part 2 of 5: not connected; that did not change"


def test_a_part_that_is_not_answered_is_asked_twice_more(door: Door):
    door.enter(replace(MONTH, timeout_ms=1000))
    for _ in range(2):
        assert door.pass_s(1) == []
        door.pass_s(16)
    (failed,) = door.pass_s(1)
    assert len(door.port.asked) == 3
    assert failed.reason == "part 1 of 5: the broker did not answer within 1000 ms"


def test_what_is_asked_too_fast_is_asked_again_a_minute_later(door: Door):
    door.enter(MONTH)
    assert door.refuse("too fast") == []
    assert door.pass_s(59) == []
    assert len(door.port.asked) == 1
    door.pass_s(1)
    assert len(door.port.asked) == 2


def test_any_other_refusal_ends_it_with_its_code(door: Door):
    door.enter(MONTH)
    (failed,) = door.refuse("", code=200)
    assert (failed.reason, failed.code) == ("part 1 of 5: so it is", 200)
    assert len(door.door.spans) == 0


def test_a_span_leaves_some_of_the_brokers_questions_to_others(door: Door):
    door.enter(replace(MONTH, bars="1 secs", back="2 D"))
    for _ in range(200):
        door.pass_s(2, door.part())
    assert len(door.port.asked) == 60 - SPARE
    door.pass_s(6)
    assert door.progress[-1].left_ms > 60_000
    door.enter(HistoryQuery("short", "MSFT"))
    assert list(door.port.asked.values())[-1].symbol == "MSFT"
    before = len(door.port.asked)
    door.pass_s(SPAN_NS / SECOND)
    assert len(door.port.asked) == before + 1, "and goes on when there is room"


def test_cancelled_or_with_its_client_gone_a_span_ends(door: Door):
    door.enter(MONTH)
    door.enter(QueryCancel("q1"))
    assert door.port.given_up == [1]
    door.enter(replace(MONTH, id="q2", symbol="MSFT"))
    door.is_read = False
    door.pass_s(6)
    assert door.port.given_up == [1, 2]
    assert len(door.door.spans) == 0
    assert door.queries.waiting == 0


def test_a_short_query_can_be_cancelled_too(door: Door):
    door.enter(HistoryQuery("short", "AAPL"))
    door.enter(QueryCancel("short"), QueryCancel("never"))
    assert door.port.given_up == [1]
    assert door.queries.waiting == 0


def test_asked_again_under_its_id_a_span_goes_on_as_it_is(door: Door):
    door.enter(MONTH, MONTH)
    assert len(door.door.spans) == 1


def test_too_many_spans_and_those_without_a_plan_are_refused(door: Door):
    for number in range(SPANS_MAX):
        door.enter(replace(MONTH, id=f"s{number}"))
    door.enter(MONTH, HistoryQuery("q2", "AAPL", start_ns=door.now.wall_ns + 1))
    full, never = (one for one in door.answers if isinstance(one, QueryFailed))
    assert "20 long spans" in full.reason
    assert "begins in the future" in never.reason


def test_one_answer_of_many_pages_goes_out_in_order(door: Door):
    door.enter(replace(MONTH, back="8 D"))
    pages = door.pass_s(1, door.part(*range(0, 150_000, 60)))
    assert [(p.page, len(p.rows)) for p in pages] == [(1, 1000), (2, 1000), (3, 499)]
    assert all(isinstance(page, HistoryPage) for page in pages)


def test_what_comes_for_a_part_that_nobody_waits_for_is_dropped(door: Door):
    door.enter(MONTH)
    late: Callable[[], Found] = door.part
    answer = late()
    door.enter(QueryCancel("q1"))
    assert door.pass_s(1, answer, Found(99, (BAR,), last=True)) == []


def test_many_spans_together_leave_others_as_much_as_one_does_and_none_waits_in_vain(door: Door):
    for number in range(SPANS_MAX):
        span = replace(MONTH, id=f"s{number}", symbol=f"S{number}", bars="1 secs", back="2 D")
        door.door.enter([b"a", b"token", wire.encode(span)], door.now)
    answers, answered = list[Event](), 0
    for _ in range(400):
        numbers = list(door.port.asked)[answered:]
        answered += len(numbers)
        answers += door.pass_s(1, *(Found(number, (), last=True) for number in numbers))
    assert [one for one in answers if isinstance(one, QueryFailed)] == []
    assert len(door.port.asked) == 60 - SPARE
    assert door.queries.waiting == 0, "a part does not use up its time while it waits for its turn"


def test_a_part_with_which_the_connection_goes_each_time_is_given_up(door: Door):
    door.enter(MONTH)
    for _ in range(LOST_MAX - 1):
        assert door.refuse("lost", code=0) == []
        door.pass_s(16)
    (failed,) = door.refuse("lost", code=0)
    assert len(door.port.asked) == LOST_MAX
    assert "part 1 of 5" in failed.reason
    assert door.pass_s(60) == []
