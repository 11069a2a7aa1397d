"""History's own limits, at their edges."""

from hypothesis import given
from hypothesis import strategies as st

from tapewire.gateway.history_pace import (
    BURST_NS,
    SAME_NS,
    SECOND_NS,
    SLACK_NS,
    SPAN_NS,
    HistoryPace,
    Question,
)

MINUTES = 60 * SECOND_NS


def question(number: int = 0, tick: str = "TRADES", contract: str = "AAPL") -> Question:
    return Question(contract, "SMART", tick, f"{number} D")


def asked(count: int, *, tick: str = "TRADES", every_ns: int = 3 * SECOND_NS) -> HistoryPace:
    """So many different questions about as many contracts, the first at 0."""
    pace = HistoryPace()
    for n in range(count):
        one = question(tick=tick, contract=f"C{n}")
        assert pace.wait_ns(one, n * every_ns) == 0
        pace.asked(one, n * every_ns)
    return pace


def test_the_first_question_goes_at_once():
    assert HistoryPace().wait_ns(question(), 0) == 0


def test_the_sixtieth_in_ten_minutes_goes_and_the_next_waits_for_the_first_to_be_over():
    pace, now_ns = asked(60), 5 * MINUTES
    assert pace.wait_ns(question(), now_ns) == SPAN_NS - now_ns
    assert pace.wait_ns(question(), SPAN_NS - 1) == 1
    assert pace.wait_ns(question(), SPAN_NS) == 0
    assert SPAN_NS == 10 * MINUTES + SLACK_NS


def test_a_question_about_bid_and_ask_counts_twice():
    pace = asked(30, tick="BID_ASK")
    assert pace.wait_ns(question(), 5 * MINUTES) > 0
    pace = asked(59)
    assert pace.wait_ns(question(tick="BID_ASK"), 5 * MINUTES) > 0
    assert pace.wait_ns(question(), 5 * MINUTES) == 0


def test_the_same_question_waits_for_15_seconds_and_another_one_does_not():
    pace = HistoryPace()
    pace.asked(question(1), 0)
    assert pace.wait_ns(question(1), 5 * SECOND_NS) == SAME_NS - 5 * SECOND_NS
    assert pace.wait_ns(question(1), SAME_NS - 1) == 1
    assert pace.wait_ns(question(1), SAME_NS) == 0
    assert pace.wait_ns(question(2), 5 * SECOND_NS) == 0


def test_five_for_one_contract_go_within_two_seconds_and_the_sixth_waits():
    pace = HistoryPace()
    for n in range(5):
        assert pace.wait_ns(question(n), n) == 0
        pace.asked(question(n), n)
    assert pace.wait_ns(question(5), 10) == BURST_NS - 10
    assert pace.wait_ns(question(5), BURST_NS - 1) == 1
    assert pace.wait_ns(question(5), BURST_NS) == 0
    for other in (question(5, contract="MSFT"), question(5, tick="MIDPOINT")):
        assert pace.wait_ns(other, 10) == 0
    assert pace.wait_ns(question(5)._replace(exchange="ISLAND"), 10) == 0


def test_two_about_bid_and_ask_go_within_two_seconds():
    pace = HistoryPace()
    for n in range(2):
        pace.asked(question(n, "BID_ASK"), 0)
    assert pace.wait_ns(question(2, "BID_ASK"), 1) == BURST_NS - 1


questions = st.lists(
    st.tuples(
        st.sampled_from(["AAPL", "MSFT"]),
        st.sampled_from(["TRADES", "BID_ASK"]),
        st.integers(0, 9),
        st.integers(0, 20 * SECOND_NS),
    ),
    max_size=200,
)


@given(questions)
def test_whoever_waits_as_long_as_it_says_never_breaks_a_rule(plan):
    pace, now_ns, sent = HistoryPace(), 0, list[tuple[int, Question]]()
    for contract, tick, number, pause_ns in plan:
        one = question(number, tick, contract)
        now_ns += pause_ns
        now_ns += pace.wait_ns(one, now_ns)
        assert pace.wait_ns(one, now_ns) == 0
        pace.asked(one, now_ns)
        sent.append((now_ns, one))
    for n, (first_ns, one) in enumerate(sent):
        behind = [(at_ns - first_ns, other) for at_ns, other in sent[n:]]
        assert sum(o.weight for gap, o in behind if gap < 10 * MINUTES) <= 60
        same = [o for gap, o in behind if gap < 2 * SECOND_NS and o[:3] == one[:3]]
        assert sum(o.weight for o in same) < 6
        assert [o for gap, o in behind if gap < 15 * SECOND_NS].count(one) == 1


@given(st.integers(1, 150), st.integers(0, 60), st.integers(0, 20), st.sampled_from([1, 2]))
def test_the_time_that_is_left_is_when_the_last_question_may_go(
    count: int, before: int, spare: int, weight: int
):
    tick = "BID_ASK" if weight == 2 else "TRADES"
    pace, now_ns = asked(before // weight, tick=tick), 5 * MINUTES
    left_ns = pace.left_ns(count, weight, now_ns, spare=spare)
    at_ns = now_ns
    for n in range(count):
        one = question(tick=tick, contract=f"D{n}")
        at_ns += pace.wait_ns(one, at_ns, spare=spare)
        pace.asked(one, at_ns)
    assert left_ns == at_ns - now_ns
