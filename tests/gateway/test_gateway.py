"""The gateway's core: one order an intent over every crash and every kind of lost connection."""

from decimal import Decimal

import pytest

from tapewire.common.config.tws_address import IDENTIFY
from tapewire.common.events import (
    CancelAll,
    ConnectionLost,
    OrderAnswer,
    OrderRefused,
    OrderUnknown,
    RiskResumed,
)
from tapewire.gateway.gateway import PROOF_LATE_NS
from tapewire.simulator.protocol import messages
from tests.gateway.desk import (
    ACCOUNT,
    SECOND,
    T0,
    Desk,
    execution_of,
    names,
    open_order,
    submit,
)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def kinds(written: list[list[str]]) -> list[str]:
    return [fields[0] for fields in written]


# ---- at most one order an intent ------------------------------------------------------------


def test_a_repeated_intent_is_answered_alike_and_never_sent_twice(desk: Desk):
    first = desk.submit(submit())
    desk.flush()
    for _ in range(3):
        assert desk.submit(submit()) == first == OrderAnswer("s-1/1", accepted=True)
        desk.flush()
    assert desk.placed() == ["1"]
    assert len(desk.intended()) == 1


def test_a_refused_intent_stays_refused_though_it_might_go_now(desk: Desk):
    desk.halt()
    first = desk.submit(submit())
    desk.gateway.on_risk(RiskResumed(T0, "test"))
    assert desk.submit(submit()) == first
    assert (first.accepted, desk.flush(), desk.placed()) == (False, [], [])


def test_order_ids_are_not_used_again_though_next_valid_id_went_down():
    desk = Desk(connect=False)
    desk.connect(next_id=38103)
    desk.answer_snapshot()
    desk.send(submit("a/1"))
    desk.lose()
    desk.pass_s(60)
    desk.connect(next_id=38099)
    desk.answer_snapshot()
    desk.send(submit("b/1", expires_ns=T0 + 3600 * SECOND))
    assert desk.placed() == ["38103", "38104"]


def test_order_ids_are_not_used_again_after_a_restart(desk: Desk):
    desk.send(submit("a/1"))
    after = Desk(desk.journal)
    after.send(submit("b/1"))
    assert after.placed() == ["2"]


# ---- crashes at each step of an order's way to TWS ----------------------------------------------


def restarted(desk: Desk) -> Desk:
    """A gateway from the journal of one that died; connected, nothing listed yet."""
    after = Desk(desk.journal, connect=False)
    assert after.state() == "UNKNOWN"
    after.connect()
    return after


def test_a_crash_before_the_write_ends_in_lost_and_nothing_is_sent(desk: Desk):
    desk.submit(submit())  # on disk, not one byte written
    after = restarted(desk)
    after.answer_snapshot()
    assert after.state() == "UNKNOWN"
    after.pass_s(2)
    assert names(after.answer_snapshot()) == ["OrderLost"]
    assert after.submit(submit()) == OrderAnswer("s-1/1", accepted=True)
    after.flush()
    assert after.placed() == []


@pytest.mark.parametrize("way", ["open", "executed"])
def test_a_crash_in_or_after_the_write_ends_in_what_tws_has(desk: Desk, way: str):
    order = desk.send(submit())
    after = restarted(desk)
    if way == "open":
        after.answer_snapshot(open_order(157, ACCOUNT, order))
        assert after.state() == "ACCEPTED"
    else:
        one = execution_of(order, 10, "0001.01")
        after.answer_snapshot(messages.execution(157, 1, ACCOUNT, one))
        assert after.state() == "FILLED"
    after.submit(submit())
    after.flush()
    assert after.placed() == []


def test_bytes_that_tws_reads_only_later_are_not_declared_lost(desk: Desk):
    order = desk.send(submit())
    after = restarted(desk)
    after.answer_snapshot()
    after.opened(order)  # TWS read what the dead gateway had left in its socket
    after.pass_s(2)
    after.answer_snapshot(open_order(157, ACCOUNT, order))
    assert after.state() == "ACCEPTED"


def test_a_restart_gives_the_same_state_from_the_journal(desk: Desk):
    desk.hold(5)
    order = desk.send(submit())
    desk.opened(order)
    desk.fill(order, 4, "0001.01")
    desk.fill(order, 3, "0001.02")
    after = Desk(desk.journal, connect=False)
    intent = after.gateway.orders.intents["s-1/1"]
    assert (intent.state, intent.filled, intent.perm_id) == ("ACCEPTED", 3, order.perm_id)
    assert after.gateway.holdings.smallest() == desk.gateway.holdings.smallest()
    assert after.journal == desk.journal
    after.connect()
    assert after.fill(order, 3, "0001.02") == []


# ---- the connection breaks ----------------------------------------------------------------------


def test_an_order_queued_at_disconnect_is_refused_and_a_sent_one_unknown(desk: Desk):
    desk.send(submit("sent/1"))
    desk.submit(submit("queued/1"))
    events = desk.lose("reset")
    assert events == [
        OrderRefused(T0, "queued/1", "the connection to TWS was lost before it was sent"),
        OrderUnknown(T0, "sent/1", "the connection to TWS was lost"),
        ConnectionLost(T0, "reset"),
    ]
    desk.connect()
    desk.answer_snapshot()
    desk.flush()
    assert desk.placed() == ["1"]


def test_nothing_is_taken_before_the_orders_and_executions_are_known():
    desk = Desk(connect=False)
    assert not desk.submit(submit("a/1")).accepted
    desk.connect()
    assert not desk.submit(submit("b/1")).accepted
    assert desk.gateway.readiness()[0] == "WAITING"
    desk.answer_snapshot()
    assert desk.submit(submit("c/1")).accepted


def test_the_reason_of_a_refused_connection_is_told(desk: Desk):
    desk.lose("cannot connect to TWS at x: ECONNREFUSED")
    assert desk.gateway.readiness() == ("WAITING", "cannot connect to TWS at x: ECONNREFUSED")


def test_326_is_told_as_what_it_is_when_the_socket_closes():
    desk = Desk(connect=False)
    desk.gateway.opened(T0)
    desk.flush_greeting = desk.gateway.release(T0)
    desk.raw(messages.frame(["157", "time"]))
    desk.error(-1, 326, "Unable to connect as the client id is already in use.")
    desk.lose("TWS closed the connection")
    assert "client id 1 is in use (326)" in desk.gateway.readiness()[1]
    desk.connect()
    desk.answer_snapshot()
    assert desk.gateway.readiness() == ("READY", "")


def test_1100_stops_orders_and_queued_ones_do_not_go(desk: Desk):
    desk.submit(submit("a/1"))
    desk.error(-1, 1100, "Connectivity lost")
    assert desk.gateway.readiness() == ("WAITING", "TWS lost its server: Connectivity lost")
    assert not desk.submit(submit("b/1")).accepted
    assert desk.flush() == []
    assert desk.state("a/1") == "REFUSED"


@pytest.mark.parametrize("when", ["in the first snapshot", "in a later one", "before one is due"])
def test_lists_told_while_tws_is_cut_off_do_not_make_it_ready(when: str):
    desk = Desk(connect=when != "in the first snapshot")
    if when == "in the first snapshot":
        desk.connect()
    elif when == "in a later one":
        desk.gateway._begin_snapshot(desk.now_ns)
    else:
        desk.send(submit())
        desk.lose()
        desk.connect()
        desk.answer_snapshot()
    desk.error(-1, 1100)
    desk.pass_s(5)
    desk.answer_snapshot()
    desk.pass_s(20)
    assert desk.gateway.readiness()[0] == "WAITING"
    assert not desk.submit(submit("x/1")).accepted
    desk.error(-1, 1102)
    desk.answer_snapshot()
    assert desk.gateway.readiness()[0] == "READY"


def test_a_status_heard_while_tws_is_cut_off_does_not_make_it_ready(desk: Desk):
    order = desk.send(submit())
    desk.error(-1, 1100)
    desk.opened(order, status="Filled", filled=Decimal(10))
    desk.pass_s(2)
    desk.answer_snapshot()
    assert desk.gateway.readiness()[0] == "WAITING"


def test_1102_asks_for_orders_and_executions_but_not_for_data_again(desk: Desk):
    desk.gateway.want("AAPL")
    desk.flush()
    desk.error(-1, 1100)
    desk.error(-1, 1102)
    assert kinds(desk.flush()) == ["61", "5", "7", "99"]
    assert desk.gateway.readiness()[0] == "WAITING"


def test_1101_asks_for_the_data_again_too(desk: Desk):
    desk.gateway.want("AAPL")
    (old,) = desk.flush()
    desk.error(-1, 1100)
    desk.error(-1, 1101)
    written = desk.flush()
    assert kinds(written) == ["61", "5", "7", "99", "1"]
    assert written[-1][2] != old[2]
    desk.hear(["1", "6", old[2], "1", "1.5", "1", "0"])
    assert desk.gateway.ticks() == []


def test_what_1102_finds_missing_is_lost_only_after_it_settled(desk: Desk):
    order = desk.send(submit())
    desk.opened(order)
    desk.pass_s(60)
    desk.error(-1, 1100)
    desk.error(-1, 1102)
    assert "OrderLost" not in names(desk.answer_snapshot())
    desk.pass_s(2)
    assert names(desk.answer_snapshot()) == ["OrderLost"]


def test_market_data_is_subscribed_once_and_again_after_a_reconnect(desk: Desk):
    assert desk.gateway.want("AAPL")
    assert desk.gateway.want("AAPL")
    assert not desk.gateway.want("TSLA")
    assert kinds(desk.flush()) == ["1"]
    desk.lose()
    asked = desk.connect()
    assert kinds(asked).count("1") == 1
    (line,) = [fields[2] for fields in asked if fields[0] == "1"]
    desk.hear(["1", "6", line, "1", "1.5", "1", "0"])
    assert [symbol for symbol, _ in desk.gateway.ticks()] == ["AAPL"]


# ---- the group's own simulator --------------------------------------------------------------


def unproven() -> Desk:
    """A gateway whose peer was asked for its nonce."""
    desk = Desk(connect=False)
    desk.gateway.opened(T0, "secret", "127.0.0.1:4242")
    desk.gateway.release(T0)
    desk.hear(["157", "20261120 10:00:00 UTC"])
    return desk


def test_the_simulator_is_asked_for_its_nonce_before_the_api_is_started():
    desk = unproven()
    assert desk.flush() == [[IDENTIFY]]
    desk.hear(messages.identity("secret"))
    assert desk.flush() == [["71", "2", "1", ""]]
    desk.hear(messages.next_valid_id(1), messages.managed_accounts(ACCOUNT))
    desk.answer_snapshot()
    assert desk.gateway.readiness() == ("READY", "")


def test_nothing_goes_to_a_peer_that_has_not_proved_itself():
    desk = unproven()
    desk.gateway.want("AAPL")
    assert not desk.submit(submit()).accepted
    answer, _events = desk.gateway.cancel_all(CancelAll(T0), T0)
    assert not answer.accepted
    desk.pass_s(60)
    assert desk.flush() == [[IDENTIFY]]
    assert desk.gateway.readiness()[0] == "WAITING"


def test_a_peer_that_does_not_prove_itself_in_time_is_named_also_while_it_is_tried_again():
    desk = unproven()
    assert desk.gateway.overdue(T0 + PROOF_LATE_NS) == ""
    late = desk.gateway.overdue(T0 + PROOF_LATE_NS + 1)
    desk.lose(late)
    reason = (
        "127.0.0.1:4242 did not identify itself as this group's simulator: it did not answer with"
        " its nonce within 3 s; nothing else was sent to it"
    )
    assert desk.gateway.readiness() == ("WAITING", reason)
    desk.gateway.opened(T0, "secret", "127.0.0.1:4242")
    assert desk.gateway.readiness() == ("WAITING", reason)
    desk.gateway.release(T0)
    desk.hear(["157", "20261120 10:00:00 UTC"], messages.identity("secret"))
    assert desk.gateway.readiness() == ("WAITING", "waiting for TWS to start the API")


def test_a_real_tws_is_waited_for_since_a_person_may_have_to_let_it_in():
    desk = Desk(connect=False)
    desk.gateway.opened(T0)
    assert desk.gateway.overdue(T0 + 100 * PROOF_LATE_NS) == ""


# ---- whether the broker has told its orders -------------------------------------------------


def test_orders_are_reported_once_tws_has_listed_them_on_this_connection(desk: Desk):
    assert desk.gateway.orders_reported
    desk.lose()
    assert not desk.gateway.orders_reported
    desk.connect()
    assert not desk.gateway.orders_reported
    desk.answer_snapshot()
    assert desk.gateway.orders_reported


def test_a_list_without_an_end_reports_nothing(desk: Desk):
    desk.lose()
    desk.connect()
    desk.hear(messages.execution_end(1), messages.completed_orders_end())
    desk.pass_s(11)
    assert desk.gateway.readiness() == ("READY", "")
    assert not desk.gateway.orders_reported


def test_a_tws_that_lost_its_server_reports_nothing_until_it_lists_them_again(desk: Desk):
    desk.error(-1, 1100)
    desk.hear(messages.open_order_end())
    assert not desk.gateway.orders_reported
    desk.error(-1, 1102)
    assert not desk.gateway.orders_reported
    desk.answer_snapshot()
    assert desk.gateway.orders_reported
