"""After error 100 the pace is halved, and what TWS may have refused is asked for again."""

import pytest
from msgspec.structs import replace

from tapewire.gateway.pace import Pace
from tapewire.gateway.tws.describing import DETAILS_REQUEST_ID
from tapewire.simulator.protocol import messages
from tests.gateway.tws_bench import Bench, kinds, submit
from tests.gateway.tws_line import Feed
from tests.gateway.tws_messages import AAPL

TOO_FAST = "Max rate of messages per second has been exceeded:max=50 rec=56 (1)"
MARKET_DATA, CANCEL_MARKET_DATA, DETAILS, PLACE = "1", "2", "9", "3"
SUMMARY, CANCEL_SUMMARY = "62", "63"


@pytest.fixture
def bench() -> Bench:
    return Bench()


def too_fast(bench: Bench) -> None:
    bench.error(-1, 100, TOO_FAST)
    bench.flush()


def test_the_pace_is_halved(bench: Bench):
    too_fast(bench)
    assert bench.broker.outbox.pace._halved == 1
    (event,) = bench.broker_errors()
    assert (event.error_class, event.about, event.text) == ("throttle", "connection", TOO_FAST)


def test_a_subscription_that_brought_nothing_is_asked_for_again_once(bench: Bench):
    bench.broker.want("AAPL")
    (refused,) = bench.flush()
    too_fast(bench)
    bench.pass_s(2)
    assert MARKET_DATA not in kinds(bench.flush())
    bench.pass_s(2)
    again = [fields for fields in bench.flush() if fields[0] in (MARKET_DATA, CANCEL_MARKET_DATA)]
    assert kinds(again) == [CANCEL_MARKET_DATA, MARKET_DATA]
    assert again[0][2] == refused[2] != again[1][2]
    bench.pass_s(10)
    assert MARKET_DATA not in kinds(bench.flush())


def test_a_subscription_that_brought_ticks_is_left_alone(bench: Bench):
    bench.broker.want("AAPL")
    (line,) = bench.flush()
    bench.receive(["1", "6", line[2], "1", "150", "1", "0"])
    too_fast(bench)
    bench.pass_s(4)
    assert MARKET_DATA not in kinds(bench.flush())


def test_an_order_is_never_written_again(bench: Bench):
    bench.send(submit())
    too_fast(bench)
    for _ in range(20):
        bench.pass_s(1)
        bench.flush()
    assert len(bench.placed()) == 1


def test_a_question_about_a_contract_without_an_answer_is_asked_again():
    bench = Bench(connect=False)
    bench.broker.contracts._con_ids.clear()
    bench.broker.contracts._by_con_id.clear()
    asked = {fields[2] for fields in bench.connect() if fields[0] == DETAILS}
    assert asked
    too_fast(bench)
    first = min(asked, key=int)
    bench.error(int(first), 200, "No security definition has been found")
    bench.pass_s(4)
    again = {fields[2] for fields in bench.flush() if fields[0] == DETAILS}
    assert again == asked - {first}  # that one has its answer
    assert int(first) >= DETAILS_REQUEST_ID


def summaries(bench: Bench) -> list[list[str]]:
    """What was written about account values since the last call."""
    bench.flush()
    taken, bench.summaries = bench.summaries, []
    return taken


def test_account_values_without_an_answer_are_asked_for_again(bench: Bench):
    summaries(bench)
    bench.broker.query_accounts()
    first = summaries(bench)[-1][2]
    too_fast(bench)
    bench.pass_s(4)
    again = summaries(bench)
    assert kinds(again) == [CANCEL_SUMMARY, SUMMARY]
    assert again[0][2] == first != again[1][2]
    bench.receive(messages.account_summary_end(int(again[1][2])))
    too_fast(bench)
    bench.pass_s(4)
    assert summaries(bench) == []


def test_a_refused_summary_is_open_no_more(bench: Bench):
    bench.broker.query_accounts()
    bench.error(int(summaries(bench)[-1][2]), 322, "Error processing request")
    bench.broker.query_accounts()
    assert kinds(summaries(bench)) == [SUMMARY]


def test_what_was_to_be_asked_again_ends_with_the_connection(bench: Bench):
    bench.broker.want("AAPL")
    bench.flush()
    too_fast(bench)
    bench.lose()
    assert bench.broker.throttle._due_ns is None


def test_violations_one_after_another_do_not_put_it_off_for_ever(bench: Bench):
    bench.broker.want("AAPL")
    bench.flush()
    asked = []
    for _ in range(5):
        too_fast(bench)
        bench.pass_s(1)
        asked += bench.flush()
    assert MARKET_DATA in kinds(asked)


def test_what_is_asked_again_does_not_pile_up():
    feed = Feed(*(replace(AAPL, symbol=f"S{n}", con_id=0) for n in range(500)))
    feed.broker.outbox.pace = Pace(50)
    feed.broker.describing.start()
    for _ in range(300):
        feed.error(-1, 100, TOO_FAST)
        for _ in range(4):
            feed.pass_s(1)
        assert feed.broker.waiting <= 1100
