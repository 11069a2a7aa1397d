"""A TWS that hangs: the kernel still takes what is written, and TWS reads it when it thaws."""

import pytest

from tapewire.common.clock import Now
from tapewire.simulator.protocol import messages
from tests.gateway.tws_bench import T0, Bench, kinds, modify_order, names, submit
from tests.gateway.tws_messages import SECOND

QUESTION = [["49", "1"]]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def hang(bench: Bench, seconds: float = 1.0) -> None:
    """TWS hangs, so long that it was asked for its time."""
    bench.hangs = True
    bench.pass_s(seconds)
    assert bench.flush() == QUESTION


def thaw(bench: Bench) -> None:
    bench.receive(messages.current_time(bench.now.wall_ns))


def test_after_a_second_without_a_byte_tws_is_asked_for_its_time_once(bench: Bench):
    bench.hangs = True
    bench.pass_s(0.999)
    assert bench.flush() == []
    bench.pass_s(0.001)
    assert bench.flush() == QUESTION
    bench.pass_s(3)
    assert bench.flush() == []


def test_nothing_else_is_written_while_the_question_is_unanswered(bench: Bench):
    bench.rest()
    hang(bench)
    bench.submit(submit("s-1/2"))
    bench.modify(modify_order(limit="149"))
    bench.cancel("s-1/1")
    bench.broker.query()
    assert bench.flush() == []
    thaw(bench)
    assert kinds(bench.flush())[:2] == ["4", "3"]


def test_the_order_that_finds_the_line_silent_waits_for_the_answer(bench: Bench):
    bench.hangs = True
    bench.now += 75 * SECOND
    bench.beat()
    assert bench.submit(submit(expires_ns=bench.now.wall_ns + SECOND)).accepted
    assert bench.flush() == QUESTION
    thaw(bench)
    assert kinds(bench.flush()) == ["3"]


def test_orders_that_expire_meanwhile_are_denied_at_once_and_never_written(bench: Bench):
    hang(bench)
    bench.submit(submit("long/1", expires_ns=bench.now.wall_ns + 60 * SECOND))
    bench.submit(submit("short/1", expires_ns=bench.now.wall_ns + 5 * SECOND))
    bench.pass_s(5.5)
    bench.flush()
    assert names(bench.journal[-1:]) == ["OrderDenied"]
    assert bench.state("short/1") == "DENIED"
    thaw(bench)
    bench.flush()
    assert [bench.state(name) for name in ("long/1", "short/1")] == ["INTENDED", "DENIED"]
    assert len(bench.placed()) == 1


def test_readiness_says_what_is_missing(bench: Bench):
    hang(bench)
    bench.tick()
    assert bench.gateway.readiness() == ("READY", "")  # it may answer in a moment
    bench.pass_s(12)
    state, reason = bench.gateway.readiness()
    assert state == "WAITING"
    assert "TWS has sent nothing for 13 s and has not answered when asked for its time" in reason
    thaw(bench)
    bench.tick()
    assert bench.gateway.readiness() == ("READY", "")


def test_a_byte_that_is_no_answer_does_not_clear_the_doubt(bench: Bench):
    hang(bench)
    bench.submit(submit())
    bench.receive(messages.next_valid_id(9))
    assert bench.flush() == []
    thaw(bench)
    assert kinds(bench.flush()) == ["3"]


def test_a_tws_that_does_not_answer_within_10_s_is_hung_up_on(bench: Bench):
    hang(bench)
    bench.submit(submit())
    bench.now += 10 * SECOND - 1
    assert bench.broker.overdue(bench.now) == ""
    bench.now += 1
    assert bench.broker.overdue(bench.now) == (
        "TWS did not answer within 10 s when asked for its time"
    )
    news = bench.gateway.hung_up(bench.broker.overdue(bench.now), bench.now)
    assert names(news) == ["OrderDenied", "ConnectionLost"]
    assert bench.broker.overdue(bench.now) == ""


def test_a_quiet_night_is_no_fault(bench: Bench):
    for _ in range(3600):
        bench.pass_s(1)
        bench.flush()
        assert bench.gateway.readiness() == ("READY", "")
    assert names(bench.journal) == ["ConnectionUp", "ReconciliationCompleted"]
    assert bench.send(submit(expires_ns=bench.now.wall_ns + SECOND)).order_id == 1


def test_a_connection_that_is_being_made_is_not_asked():
    bench = Bench(connect=False)
    bench.start()
    bench.hangs = True
    bench.pass_s(60)
    assert bench.flush() == []
    assert bench.broker.overdue(bench.now) == ""


def test_a_wall_clock_that_is_set_is_no_silence(bench: Bench):
    bench.hangs = True
    bench.now = Now(T0 + 3600 * SECOND, bench.now.mono_ns)
    assert bench.flush() == []


def test_a_new_connection_begins_without_a_doubt(bench: Bench):
    hang(bench)
    bench.lose()
    bench.hangs = False
    bench.connect()
    bench.answer_snapshot()
    assert bench.send(submit(expires_ns=bench.now.wall_ns + SECOND)).order_id == 1
