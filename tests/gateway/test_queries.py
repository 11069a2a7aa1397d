"""Queries: each ends, in an answer or in a failure, and none costs another."""

import pytest
from msgspec.structs import replace

from tapewire.common.events import (
    ChainQuery,
    Event,
    HistoryBar,
    HistoryPage,
    HistoryQuery,
    OptionChain,
    QueryFailed,
    Quote,
    SnapshotQuery,
    TicksQuery,
)
from tapewire.gateway.queries import PAGES_PER_TURN, ROWS_MAX, WAITING_MAX
from tapewire.gateway.query_port import Found, Refused
from tests.gateway.asking import Asking

BAR = HistoryBar(0, 1.0, 2.0, 0.5, 1.5, 100.0)
MINUTES = HistoryQuery("q1", "AAPL", "1 min", "2 D")


@pytest.fixture
def asking() -> Asking:
    return Asking()


def reasons(answers: list[tuple[bytes, Event]]) -> list[str]:
    return [answer.reason for _, answer in answers if isinstance(answer, QueryFailed)]


def test_a_query_is_asked_once_and_its_answer_goes_to_who_asked(asking: Asking):
    assert asking.ask(MINUTES) == []
    assert asking.port.asked == {1: MINUTES}
    page = HistoryPage(asking.now.wall_ns, "q1", (BAR, BAR))
    assert asking.turn(Found(1, (BAR, BAR), last=True)) == [(b"a", page)]
    assert asking.queries.waiting == 0
    assert asking.turn(Found(1, (BAR,), last=True)) == [], "a second answer finds nobody"


def test_a_long_answer_comes_in_pages_of_which_the_last_says_so(asking: Asking):
    asking.ask(MINUTES)
    pages = [page for _, page in asking.turn(Found(1, (BAR,) * 2500, last=True))]
    assert [(p.page, len(p.rows), p.last) for p in pages] == [
        (1, 1000, False), (2, 1000, False), (3, 500, True),
    ]  # fmt: skip


def test_an_answer_without_rows_is_an_answer(asking: Asking):
    asking.ask(ChainQuery("q1", "AAPL"))
    ((_, page),) = asking.turn(Found(1, (), last=True))
    assert (page.rows, page.last) == ((), True)


def test_parts_of_an_answer_make_one(asking: Asking):
    asking.ask(ChainQuery("q1", "AAPL"))
    chain = OptionChain("SMART", "AAPL", "100", ("20261218",), (150.0,))
    assert asking.turn(Found(1, (chain,)), Found(1, (chain,))) == []
    ((_, page),) = asking.turn(Found(1, (), last=True))
    assert page.rows == (chain, chain)


def test_without_an_answer_a_query_ends_with_its_time_out(asking: Asking):
    asking.ask(replace(MINUTES, timeout_ms=5000))
    assert asking.turn(after_s=4.9) == []
    assert reasons(asking.turn(after_s=0.2)) == ["the broker did not answer within 5000 ms"]
    assert asking.port.given_up == [1]
    assert asking.turn(Found(1, (BAR,), last=True)) == []


def test_what_the_broker_refuses_fails_with_its_code_and_sentence(asking: Asking):
    asking.ask(MINUTES)
    ((_, failed),) = asking.turn(Refused(1, 162, "HMDS query returned no data"))
    assert failed == QueryFailed(
        asking.now.wall_ns, "q1", "HMDS query returned no data", 162
    )  # fmt: skip


def test_what_cannot_be_put_into_the_brokers_words_fails_at_once(asking: Asking):
    assert reasons(asking.ask(replace(MINUTES, symbol="NOWORDS"))) == ["no words for it"]
    assert asking.queries.waiting == 0


def test_what_is_never_asked_counts_in_no_limit_on_history(asking: Asking):
    asking.ask(*(replace(MINUTES, symbol="NOWORDS", id=f"q{n}", back=f"{n} D") for n in range(60)))
    asking.ask(MINUTES)
    assert list(asking.port.asked.values()) == [MINUTES]


def test_while_there_is_no_connection_a_query_waits_for_it(asking: Asking):
    asking.port.down = "not connected"
    assert asking.ask(MINUTES, replace(MINUTES, id="q2", back="1 D", timeout_ms=1000)) == []
    (reason,) = reasons(asking.turn(after_s=1))
    assert reason == "not connected; that did not change within 1000 ms"
    assert asking.port.asked == {}
    asking.port.down = ""
    asking.turn()
    assert asking.port.asked == {1: MINUTES}


def test_the_same_question_of_two_clients_is_asked_once(asking: Asking):
    asking.ask(MINUTES)
    asking.ask(replace(MINUTES, id="other", timeout_ms=1000), sender=b"b")
    assert len(asking.port.asked) == 1
    assert reasons(asking.turn(after_s=1)) == ["the broker did not answer within 1000 ms"]
    assert asking.port.given_up == [], "the first client still waits"
    ((sender, page),) = asking.turn(Found(1, (BAR,), last=True))
    assert (sender, page.id) == (b"a", "q1")


def test_a_query_that_comes_twice_is_answered_once(asking: Asking):
    asking.ask(MINUTES, MINUTES)
    assert len(asking.turn(Found(1, (BAR,), last=True))) == 1


def test_too_many_queries_are_refused_and_the_others_go_on(asking: Asking):
    many = [replace(MINUTES, id=f"q{n}") for n in range(WAITING_MAX)]
    assert asking.ask(*many) == []
    (reason,) = reasons(asking.ask(replace(MINUTES, id="more")))
    assert f"{WAITING_MAX} queries wait" in reason
    answers = asking.turn(Found(1, (BAR,), last=True))
    while asking.queries.waiting:
        answers += asking.turn()
    assert len(answers) == WAITING_MAX


def test_a_long_answer_for_many_does_not_hold_up_a_turn(asking: Asking):
    asking.ask(*(replace(MINUTES, id=f"q{n}") for n in range(100)))
    first = asking.turn(Found(1, (BAR,) * 5000, last=True))
    assert len(first) == PAGES_PER_TURN
    failed = asking.ask(replace(MINUTES, symbol="NOWORDS", id="late"))
    assert reasons(failed) == ["no words for it"], "a failure waits for no page"
    answers = first + failed
    for _ in range(100 * 5 // PAGES_PER_TURN):
        answers += asking.turn()
    pages = [page for _, page in answers if isinstance(page, HistoryPage)]
    assert [page.id for page in pages if page.last] == [f"q{n}" for n in range(100)]
    assert sum(len(page.rows) for page in pages) == 100 * 5000


def test_whoever_is_sent_an_answer_counts_until_all_of_it_is_out(asking: Asking):
    asking.ask(*(replace(MINUTES, id=f"q{n}") for n in range(WAITING_MAX)))
    asking.turn(Found(1, (BAR,) * 2000, last=True))
    assert asking.queries.waiting == WAITING_MAX - PAGES_PER_TURN // 2


def test_the_same_history_is_not_asked_again_within_15_s(asking: Asking):
    asking.ask(MINUTES)
    asking.turn(Found(1, (BAR,), last=True))
    asking.ask(MINUTES)
    assert list(asking.port.asked) == [1]
    asking.turn(after_s=15)
    assert list(asking.port.asked) == [1]
    asking.turn(after_s=1)
    assert list(asking.port.asked) == [1, 2]


def test_one_that_the_pace_holds_back_holds_up_no_other(asking: Asking):
    asking.ask(MINUTES)
    asking.turn(Found(1, (BAR,), last=True))
    asking.ask(replace(MINUTES, timeout_ms=2000))
    asking.ask(ChainQuery("c", "AAPL"))
    assert [type(query) for query in asking.port.asked.values()] == [HistoryQuery, ChainQuery]
    (reason,) = reasons(asking.turn(after_s=2))
    assert reason == "the broker's limits on history did not let it be asked within 2000 ms"
    assert asking.port.given_up == [], "the broker never had it"


def test_the_newest_ticks_end_now(asking: Asking):
    asking.ask(TicksQuery("t", "AAPL"))
    assert asking.port.asked[1].end_ns == asking.now.wall_ns


def test_more_rows_than_fit_are_an_error(asking: Asking):
    asking.ask(MINUTES)
    (reason,) = reasons(asking.turn(Found(1, (BAR,) * (ROWS_MAX + 1), last=True)))
    assert "ask for less" in reason
    assert asking.port.given_up == [1]


def test_a_snapshot_waits_for_the_first_tick(asking: Asking):
    assert asking.ask(SnapshotQuery("s", "AAPL")) == []
    asking.turn()
    assert asking.needed == ["AAPL"]
    asking.ticks["AAPL"] = Quote("AAPL", 1, 1.0, 1.0, 2.0, 1.0)
    ((_, page),) = asking.turn()
    assert page.rows == (asking.ticks["AAPL"],)


def test_a_snapshot_of_what_is_silent_fails(asking: Asking):
    asking.ask(SnapshotQuery("s", "AAPL", timeout_ms=1000))
    assert reasons(asking.turn(after_s=1)) == ["no tick of AAPL came within 1000 ms"]


def test_a_snapshot_of_what_is_not_configured_fails_at_once(asking: Asking):
    assert reasons(asking.ask(SnapshotQuery("s", "NOSUCH"))) == ["symbol NOSUCH is not configured"]
    assert asking.queries.waiting == 0


def test_all_that_wait_hold_no_more_rows_together_than_fit_whatever_the_broker_sends(
    asking: Asking,
):
    for number in range(1, 4):
        asking.ask(HistoryQuery(f"q{number}", f"S{number}"))
    answers = []
    for number, count in ((1, ROWS_MAX - 1), (2, ROWS_MAX), (3, ROWS_MAX - 1)):
        answers += asking.turn(Found(number, (BAR,) * count))
    (reason,) = reasons(answers)
    assert "wait" in reason
    assert asking.port.given_up == [2], "the largest"
    assert len(asking.turn(Found(1, last=True))) == PAGES_PER_TURN, "the others go on"


def test_a_client_that_is_gone_or_cancels_is_sent_no_more_of_a_long_answer(asking: Asking):
    asking.ask(HistoryQuery("q", "AAPL"))
    assert len(asking.turn(Found(1, (BAR,) * 100_000, last=True))) == PAGES_PER_TURN
    asking.queries.cancel(b"other", "q")
    assert len(asking.turn()) == PAGES_PER_TURN
    asking.queries.cancel(b"a", "q")
    assert asking.turn() == []
    assert asking.queries.waiting == 0
