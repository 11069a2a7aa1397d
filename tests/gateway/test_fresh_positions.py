"""Nothing passes as reducing on positions that something may have changed unseen."""

import pytest

from tapewire.common.clock import Now
from tapewire.common.events import (
    EVERYTHING,
    FlattenCompleted,
    FlattenStarted,
    RiskHalted,
    SubmitOrder,
)
from tapewire.gateway.orders.holdings import Holdings
from tapewire.gateway.orders.positions import PositionLists
from tests.gateway.tws_bench import Bench, kinds, submit
from tests.gateway.tws_messages import ACCOUNT, SECOND, T0, position_message

LEASE_S = 3


@pytest.fixture
def bench() -> Bench:
    """A gateway whose account held 10 AAPL when it connected."""
    one = Bench(connect=False)
    one.held["AAPL", ACCOUNT] = 10
    one.connect()
    one.answer_snapshot()
    return one


def sell(intent_id: str = "s-1/1", quantity: int = 10) -> SubmitOrder:
    return submit(intent_id, "SELL", quantity, expires_ns=T0 + 3600 * SECOND)


def sleep(bench: Bench, seconds: float) -> None:
    """The process gets no turn."""
    bench.now += int(seconds * SECOND)


def decide(bench: Bench, *events: object) -> None:
    for event in events:
        bench.gateway.on_risk(event)


def flattened_elsewhere(bench: Bench) -> None:
    """What risk's journal has of a flatten that is over."""
    decide(
        bench,
        RiskHalted(T0, EVERYTHING, "x"), FlattenStarted(T0, EVERYTHING, "x"),
        FlattenCompleted(T0, EVERYTHING),
    )  # fmt: skip
    bench.beat("HALTED")


def test_a_queued_sell_does_not_pass_after_a_halt_and_a_completed_flatten(bench: Bench):
    assert bench.submit(sell()).accepted
    sleep(bench, 60)
    flattened_elsewhere(bench)  # and what TWS has of it is still unread
    bench.tick()
    bench.flush()
    assert bench.placed() == []
    assert bench.state() == "DENIED"
    assert "has not listed all positions since" in bench.journal[-1].reason


def test_a_sell_that_arrives_then_does_not_pass_either(bench: Bench):
    flattened_elsewhere(bench)
    answer = bench.submit(sell())
    assert not answer.accepted
    assert answer.reason == (
        "the broker has not listed all positions since a halt arrived;"
        " until then no order passes as reducing"
    )


def test_once_the_positions_are_listed_again_they_decide(bench: Bench):
    flattened_elsewhere(bench)
    bench.tick()
    assert kinds(bench.flush()) == ["61"]
    bench.list_positions()
    assert bench.submit(sell("still/1")).accepted
    bench.hold(0)
    assert not bench.submit(sell("gone/1")).accepted


def test_what_a_list_left_out_is_not_held_any_more(bench: Bench):
    flattened_elsewhere(bench)
    bench.tick()
    bench.held.clear()
    bench.list_positions()
    assert not bench.submit(sell()).accepted


@pytest.mark.parametrize("way", ["journal", "heartbeat"])
def test_a_halt_that_arrives_asks_for_them(bench: Bench, way: str):
    if way == "journal":
        bench.halt(listed=False)
    else:
        bench.beat("HALTED")
    assert "since a halt arrived" in bench.submit(sell("a/1")).reason
    bench.tick()
    assert kinds(bench.flush()) == ["61"]
    bench.list_positions()
    assert bench.submit(sell("b/1")).accepted


def test_a_list_that_was_asked_for_before_the_doubt_does_not_count(bench: Bench):
    bench.halt(listed=False)
    bench.tick()
    bench.flush()
    decide(bench, FlattenStarted(T0, EVERYTHING, "x"), FlattenCompleted(T0, EVERYTHING))
    bench.list_positions()
    assert not bench.submit(sell("a/1")).accepted
    bench.tick()
    assert kinds(bench.flush()) == ["61"]
    bench.list_positions()
    assert bench.submit(sell("b/1")).accepted


def test_a_list_with_something_that_cannot_be_read_does_not_count_and_is_asked_for_again(
    bench: Bench,
):
    bench.halt(listed=False)
    bench.tick()
    bench.flush()
    bench.receive(["61", "no", "such", "position"])
    bench.list_positions()
    assert not bench.submit(sell("a/1")).accepted
    bench.pass_s(0.5)
    assert bench.flush() == []
    bench.pass_s(0.6)
    assert kinds(bench.flush()) == ["61"]
    bench.list_positions()
    assert bench.submit(sell("b/1")).accepted


def test_a_list_that_does_not_end_is_asked_for_again(bench: Bench):
    bench.halt(listed=False)
    bench.tick()
    bench.flush()
    bench.pass_s(10)
    assert bench.flush() == []
    bench.pass_s(0.1)
    assert kinds(bench.flush()) == ["61"]
    bench.list_positions()
    bench.list_positions()
    assert bench.submit(sell()).accepted


def test_after_a_connection_they_are_unknown_until_they_are_listed():
    bench = Bench(connect=False)
    bench.connect()
    bench.receive(position_message(10))
    assert bench.gateway.positions.unsure != ""
    bench.answer_snapshot()
    assert bench.gateway.positions.unsure == ""
    bench.lose()
    assert bench.gateway.positions.unsure.endswith("since it connected again")


def test_while_they_are_unsure_an_order_that_may_add_risk_passes_as_one(bench: Bench):
    sleep(bench, 2)
    bench.beat()
    assert bench.submit(submit(expires_ns=T0 + 60 * SECOND)).accepted


# ---- after waking up ----------------------------------------------------------------------------


def test_a_process_that_had_its_turns_need_not_ask(bench: Bench):
    for _ in range(10):
        sleep(bench, 0.9)
        bench.beat()
        bench.tick()
    assert bench.flush() == []


@pytest.mark.parametrize("first", ["obey", "release"])
def test_waking_up_is_noticed_before_anything_passes(bench: Bench, first: str):
    bench.halt()
    if first == "release":
        bench.submit(sell())
    sleep(bench, 1.1)
    if first == "obey":
        assert "since this process woke up" in bench.submit(sell()).reason
    bench.flush()
    assert bench.placed() == []


def test_after_waking_up_risks_word_is_waited_for_too(bench: Bench):
    """A flatten may have begun: the halt is known, and the rest of the journal is not read yet."""
    bench.beat("HALTED")
    bench.halt()
    sleep(bench, 60)
    bench.tick()
    bench.list_positions()
    assert "no heartbeat has come from risk" in bench.submit(sell("a/1")).reason
    bench.beat("HALTED")
    bench.gateway.gate.decisions_known = False
    assert "no heartbeat has come from risk" in bench.submit(sell("b/1")).reason
    bench.gateway.gate.decisions_known = True
    assert bench.submit(sell("c/1")).accepted


def test_but_not_longer_than_its_lease_lasts_as_a_dead_risk_flattens_nothing(bench: Bench):
    bench.halt()
    sleep(bench, 60)
    bench.tick()
    bench.list_positions()
    for _ in range(LEASE_S * 2):
        assert not bench.submit(sell("a/1")).accepted
        sleep(bench, 0.5)
        bench.tick()
    sleep(bench, 0.1)
    assert bench.submit(sell("b/1")).accepted


def test_the_liquidation_gateway_asks_too_and_waits_for_nobody():
    bench = Bench(reduce_only=True)
    bench.hold(10)
    sleep(bench, 60)
    assert bench.submit(sell("a/1")).reason == (
        "the broker has not listed all positions since this process woke up;"
        " until then no order passes as reducing"
    )
    bench.tick()
    bench.list_positions()
    assert bench.submit(sell("b/1")).accepted


def test_lists_that_were_refused_for_an_hour_do_not_have_to_end_one_by_one_before_one_counts():
    holdings, asked = Holdings(), []
    lists = PositionLists(holdings, lambda: bool(asked.append(1)))
    now = Now(T0, 0)
    lists.doubt("since it connected")
    for _ in range(3600):
        now += SECOND
        lists.tick(now)
        if lists.asked_ns is not None:
            lists.unreadable()
            lists.completed(now, (ACCOUNT,))
    assert 300 < len(asked) < 400  # up to ten seconds lie between them
    number = lists.doubt("since risk asked for them")
    asked.clear()
    lists.tick(now)
    lists.completed(now, (ACCOUNT,))
    assert (len(asked), lists.confirmed, lists.unsure) == (1, number, "")
