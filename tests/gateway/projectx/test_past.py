"""Bars of the past at ProjectX."""

import pytest

from tapewire.common.events.queries import ContractQuery, HistoryQuery
from tapewire.gateway.projectx.past import PATH, bars_asked
from tapewire.gateway.query_port import Found, Refused
from tests.gateway.projectx.here import ready
from tests.simulator.projectx.conftest import CONTRACT, SECOND, START_NS, quoted

MINUTE = 60


def market():
    """A trade every ten seconds, each a quarter above the one before it."""
    rows = [quoted(2500, 2500.5)]
    return rows + [quoted(2500, 2500.5, n * 10, last=str(2500 + n / 4)) for n in range(1, 31)]


def found(linked, query, number=1):
    linked.broker.queries.ask(number, query)
    linked.turn()
    [answer] = linked.broker.queries.take()
    return answer


def test_bars_come_the_oldest_first_with_what_was_traded_in_each():
    linked = ready(*market())
    for _ in range(30):
        linked.pass_time(10)
    linked.pass_time(0.5)
    answer = found(linked, HistoryQuery("q", "MNQZ6", "1 min", "1800 S"))
    assert isinstance(answer, Found)
    assert answer.last
    assert answer.number == 1
    times = [one.ts_ns for one in answer.rows]
    assert times == sorted(times)
    begun = [one for one in answer.rows if one.ts_ns >= START_NS - START_NS % (MINUTE * SECOND)]
    assert sum(one.volume for one in begun) == 2 * 30
    assert begun[-1].close == 2500 + 30 / 4
    assert all(one.low <= min(one.open, one.close) <= one.high for one in begun)


@pytest.mark.parametrize(
    ("bars", "unit", "count"),
    [("30 secs", 1, 30), ("1 min", 2, 1), ("2 hours", 3, 2), ("1 day", 4, 1), ("1 month", 6, 1)],
)
def test_a_size_of_bars_is_a_unit_and_how_many_of_it(bars, unit, count):
    asked = bars_asked(HistoryQuery("q", "MNQZ6", bars, "2 D", 86_400 * 3 * SECOND), CONTRACT, 0)
    assert (asked["unit"], asked["unitNumber"]) == (unit, count)
    assert (asked["startTime"], asked["endTime"]) == (
        "1970-01-02T00:00:00+00:00", "1970-01-04T00:00:00+00:00",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (HistoryQuery("q", "MNQZ6", show="BID_ASK"), "trades alone"),
        (HistoryQuery("q", "MNQZ6", regular_hours=True), "all hours"),
        (HistoryQuery("q", "MNQZ6", "1 fortnight"), "size of bars"),
        (HistoryQuery("q", "MNQZ6", back="soon"), "duration"),
        (HistoryQuery("q", "AAPL"), "no contract of AAPL"),
        (ContractQuery("q", "MNQZ6"), "no others"),
    ],
)
def test_what_projectx_has_no_words_for_is_refused(query, reason):
    with pytest.raises(ValueError, match=reason):
        ready().broker.queries.ask(1, query)


def test_there_are_at_most_45_questions_in_30_seconds():
    linked = ready()
    for number in range(50):
        linked.broker.queries.ask(number, HistoryQuery("q", "MNQZ6"))
    linked.turn()
    assert len(linked.broker.queries.take()) == 45
    linked.pass_time(30)
    linked.turn()
    assert len(linked.broker.queries.take()) == 5


def test_one_that_is_turned_away_is_asked_again():
    linked = ready(*market())
    linked.gateway.server.faults.arm_as({"what": "limited", "path": PATH})
    linked.broker.queries.ask(1, HistoryQuery("q", "MNQZ6"))
    linked.turn()
    assert linked.broker.queries.take() == []
    linked.pass_time(3)
    linked.turn()
    [answer] = linked.broker.queries.take()
    assert isinstance(answer, Found)


def test_what_the_gateway_refuses_and_what_a_lost_connection_leaves_has_no_answer():
    linked = ready()
    linked.broker.queries.ask(1, HistoryQuery("q", "MNQZ6"))
    linked.close()
    assert linked.broker.queries.problem() == "the gateway is not connected to ProjectX"
    [lost] = linked.broker.queries.take()
    assert isinstance(lost, Refused)
    assert lost.why == "lost"
