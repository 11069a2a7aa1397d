"""The gateway's core: one order per intent over every crash and every kind of lost connection."""

from decimal import Decimal

import pytest

from tapewire.common.events import (
    EVERYTHING,
    ConnectionLost,
    OrderAnswer,
    OrderDenied,
    OrderUnknown,
    RiskResumed,
)
from tapewire.simulator.protocol import messages
from tests.gateway.tws_bench import Bench, kinds, names, submit
from tests.gateway.tws_messages import (
    ACCOUNT,
    SECOND,
    T0,
    execution_message,
    execution_of,
    managed_accounts,
    open_order_of,
    position_message,
)


@pytest.fixture
def bench() -> Bench:
    return Bench()


# ---- at most one order per intent ------------------------------------------------------------


def test_a_repeated_intent_is_answered_alike_and_never_sent_twice(bench: Bench):
    first = bench.submit(submit())
    bench.flush()
    for _ in range(3):
        assert bench.submit(submit()) == first == OrderAnswer("s-1/1", accepted=True)
        bench.flush()
    assert bench.placed() == ["1"]
    assert len(bench.intended()) == 1


def test_a_denied_intent_stays_denied_though_it_might_go_now(bench: Bench):
    bench.halt()
    first = bench.submit(submit())
    bench.gateway.on_risk(RiskResumed(T0, EVERYTHING, "test"))
    assert bench.submit(submit()) == first
    assert (first.accepted, bench.flush(), bench.placed()) == (False, [], [])


def test_order_ids_are_not_used_again_though_next_valid_id_went_down():
    bench = Bench(connect=False)
    bench.connect(next_id=38103)
    bench.answer_snapshot()
    bench.send(submit("a/1"))
    bench.lose()
    bench.pass_s(60)
    bench.connect(next_id=38099)
    bench.answer_snapshot()
    bench.send(submit("b/1", expires_ns=T0 + 3600 * SECOND))
    assert bench.placed() == ["38103", "38104"]


def test_order_ids_are_not_used_again_after_a_restart(bench: Bench):
    bench.send(submit("a/1"))
    after = Bench(bench.journal)
    after.send(submit("b/1"))
    assert after.placed() == ["2"]


# ---- crashes at each step of an order's way to TWS ----------------------------------------------


def restarted(bench: Bench) -> Bench:
    """A gateway from the journal of one that died; connected, nothing listed yet."""
    after = Bench(bench.journal, connect=False)
    assert after.state() == "UNKNOWN"
    after.connect()
    return after


def test_a_crash_before_the_write_ends_in_lost_and_nothing_is_sent(bench: Bench):
    bench.submit(submit())  # on disk, not one byte written
    after = restarted(bench)
    after.answer_snapshot()
    assert after.state() == "UNKNOWN"
    assert names(after.wait_s(70)) == ["OrderLost"]
    assert after.submit(submit(expires_ns=after.now.wall_ns + SECOND)) == OrderAnswer(
        "s-1/1", accepted=True
    )
    after.flush()
    assert after.placed() == []


def test_an_order_is_not_lost_while_a_list_has_a_message_that_cannot_be_read(bench: Bench):
    order = bench.send(submit())
    after = restarted(bench)
    after.pass_s(2)
    for _ in range(2):
        after.answer_snapshot(open_order_of(order)[:40])  # cut off: it may be the order itself
        assert after.state() == "UNKNOWN"
        after.pass_s(3)
    after.answer_snapshot(open_order_of(order))
    assert after.state() == "ACCEPTED"


def test_a_position_is_not_closed_by_a_list_with_one_that_cannot_be_read(bench: Bench):
    bench.hold(10)
    bench.lose()
    bench.connect()
    bench.receive([*position_message(10)[:-1], "nan"], messages.position_end())
    assert bench.gateway.holdings.reported[ACCOUNT, "AAPL"] == 10


@pytest.mark.parametrize("way", ["open", "executed"])
def test_a_crash_in_or_after_the_write_ends_in_what_tws_has(bench: Bench, way: str):
    order = bench.send(submit())
    after = restarted(bench)
    if way == "open":
        after.answer_snapshot(open_order_of(order))
        assert after.state() == "ACCEPTED"
    else:
        one = execution_of(order, 10, "0001.01")
        after.answer_snapshot(execution_message(one, 1))
        assert after.state() == "FILLED"
    after.submit(submit())
    after.flush()
    assert after.placed() == []


def test_bytes_that_tws_reads_only_later_are_not_declared_lost(bench: Bench):
    order = bench.send(submit())
    after = restarted(bench)
    after.answer_snapshot()
    after.opened(order)  # TWS read what the dead gateway had left in its socket
    after.pass_s(2)
    after.answer_snapshot(open_order_of(order))
    assert after.state() == "ACCEPTED"


def test_a_restart_gives_the_same_state_from_the_journal(bench: Bench):
    bench.hold(5)
    order = bench.send(submit())
    bench.opened(order)
    bench.fill(order, 4, "0001.01")
    bench.fill(order, 3, "0001.02")
    after = Bench(bench.journal, connect=False)
    intent = after.intent()
    assert (intent.state, intent.filled) == ("ACCEPTED", 3)
    assert intent.permanent_id == str(order.perm_id)
    assert after.gateway.snapshot() == bench.gateway.snapshot()
    assert after.journal == bench.journal
    after.connect()
    assert after.fill(order, 3, "0001.02") == []


# ---- the connection breaks ----------------------------------------------------------------------


def test_an_order_queued_at_disconnect_is_denied_and_a_sent_one_unknown(bench: Bench):
    bench.send(submit("sent/1"))
    bench.submit(submit("queued/1"))
    events = bench.lose("reset")
    assert events == [
        OrderDenied(
            T0,
            ACCOUNT,
            "s",
            "gateway",
            "the connection to the broker was lost before it was sent",
            intent_id="queued/1",
        ),
        OrderUnknown(T0, ACCOUNT, "sent/1", "the connection to the broker was lost"),
        ConnectionLost(T0, "reset"),
    ]
    bench.connect()
    bench.answer_snapshot()
    bench.flush()
    assert bench.placed() == ["1"]


def test_what_waited_on_a_lost_connection_is_not_written_on_the_next(bench: Bench):
    bench.rest()
    bench.cancel()
    bench.cancel_all()
    bench.submit(submit("a/1"))
    bench.broker.want("MSFT")
    bench.lose()
    bench.open()
    assert bench.flush() == []


def test_a_list_of_positions_that_was_cut_off_closes_nothing(bench: Bench):
    bench.hold(10)
    bench.lose()
    bench.connect()  # positions are asked for
    bench.lose()
    bench.start()
    assert bench.receive(messages.position_end()) == []


def test_nothing_is_taken_before_the_orders_and_executions_are_known():
    bench = Bench(connect=False)
    assert not bench.submit(submit("a/1")).accepted
    bench.connect()
    assert not bench.submit(submit("b/1")).accepted
    assert bench.gateway.readiness()[0] == "WAITING"
    bench.answer_snapshot()
    assert bench.submit(submit("c/1")).accepted


def test_the_reason_of_a_refused_connection_is_told(bench: Bench):
    bench.lose("cannot connect to TWS at x: Connection refused")
    assert bench.gateway.readiness() == (
        "WAITING",
        "cannot connect to TWS at x: Connection refused",
    )


def test_326_is_told_as_what_it_is_when_the_socket_closes():
    bench = Bench(connect=False)
    bench.start()
    bench.error(-1, 326, "Unable to connect as the client id is already in use.")
    bench.lose("TWS closed the connection")
    assert "client id 1 is in use (326)" in bench.gateway.readiness()[1]
    bench.connect()
    bench.answer_snapshot()
    assert bench.gateway.readiness() == ("READY", "")


def test_1100_stops_orders_and_queued_ones_do_not_go(bench: Bench):
    bench.submit(submit("a/1"))
    bench.error(-1, 1100, "Connectivity lost")
    assert bench.gateway.readiness() == ("WAITING", "TWS lost its server: Connectivity lost")
    assert not bench.submit(submit("b/1")).accepted
    assert bench.flush() == []
    assert bench.state("a/1") == "DENIED"


@pytest.mark.parametrize("when", ["in the first snapshot", "in a later one", "before one is due"])
def test_lists_told_while_tws_is_cut_off_do_not_make_it_ready(when: str):
    bench = Bench(connect=when != "in the first snapshot")
    if when == "in the first snapshot":
        bench.connect()
    elif when == "in a later one":
        bench.gateway.sync._begin_snapshot(bench.now)
    else:
        bench.send(submit())
        bench.lose()
        bench.connect()
        bench.answer_snapshot()
    bench.error(-1, 1100)
    bench.pass_s(5)
    bench.answer_snapshot()
    bench.pass_s(20)
    assert bench.gateway.readiness()[0] == "WAITING"
    assert not bench.submit(submit("x/1")).accepted
    bench.error(-1, 1102)
    bench.answer_snapshot()
    assert bench.gateway.readiness()[0] == "READY"


def test_a_status_heard_while_tws_is_cut_off_does_not_make_it_ready(bench: Bench):
    order = bench.send(submit())
    bench.error(-1, 1100)
    bench.opened(order, status="Filled", filled=Decimal(10))
    bench.pass_s(2)
    bench.answer_snapshot()
    assert bench.gateway.readiness()[0] == "WAITING"


def test_accounts_told_while_tws_is_cut_off_start_nothing(bench: Bench):
    bench.error(-1, 1100)
    bench.receive(managed_accounts(ACCOUNT))
    assert bench.flush() == []


def test_1102_asks_for_orders_and_executions_but_not_for_data_again(bench: Bench):
    bench.broker.want("AAPL")
    bench.flush()
    bench.error(-1, 1100)
    bench.error(-1, 1102)
    assert kinds(bench.flush()) == ["61", "16", "7", "99"]
    assert bench.gateway.readiness()[0] == "WAITING"


@pytest.mark.parametrize("farm", [2104, 2106])
def test_after_2110_a_farm_that_is_back_means_that_the_server_is(bench: Bench, farm: int):
    bench.error(-1, farm)
    assert bench.flush() == []
    bench.error(-1, 2110)
    assert bench.gateway.readiness()[0] == "WAITING"
    bench.error(-1, farm)
    assert kinds(bench.flush()) == ["61", "16", "7", "99"]
    bench.answer_snapshot()
    assert bench.gateway.readiness()[0] == "READY"
    bench.error(-1, farm)
    assert bench.flush() == []


def test_after_1100_a_farm_that_is_back_says_nothing_of_the_server(bench: Bench):
    bench.error(-1, 2110)
    bench.error(-1, 1100)
    bench.error(-1, 2104)
    assert bench.flush() == []
    assert bench.gateway.readiness()[0] == "WAITING"


def test_1101_asks_for_the_data_again_too(bench: Bench):
    bench.broker.want("AAPL")
    (old,) = bench.flush()
    bench.error(-1, 1100)
    bench.error(-1, 1101)
    written = bench.flush()
    assert kinds(written) == ["61", "16", "7", "99", "1"]
    assert written[-1][2] != old[2]
    bench.receive(["1", "6", old[2], "1", "1.5", "1", "0"])
    assert bench.broker.take_ticks() == []


def test_what_1102_finds_missing_is_lost_only_after_it_settled(bench: Bench):
    order = bench.send(submit())
    bench.opened(order)
    bench.pass_s(60)
    bench.error(-1, 1100)
    bench.error(-1, 1102)
    assert "OrderLost" not in names(bench.answer_snapshot() + bench.wait_s(60))
    assert names(bench.wait_s(10)) == ["OrderLost"]


def test_market_data_is_subscribed_once_and_again_after_a_reconnect(bench: Bench):
    assert bench.broker.want("AAPL")
    assert bench.broker.want("AAPL")
    assert not bench.broker.want("TSLA")
    assert kinds(bench.flush()) == ["1"]
    bench.lose()
    asked = bench.connect()
    assert kinds(asked).count("1") == 1
    (line,) = [fields[2] for fields in asked if fields[0] == "1"]
    bench.receive(["1", "6", line, "1", "1.5", "1", "0"])
    assert [symbol for symbol, _ in bench.broker.take_ticks()] == ["AAPL"]


# ---- whether the broker has listed its orders -------------------------------------------------


def test_orders_are_reported_once_tws_has_listed_them_on_this_connection(bench: Bench):
    assert bench.gateway.sync.orders_reported
    bench.lose()
    assert not bench.gateway.sync.orders_reported
    bench.connect()
    assert not bench.gateway.sync.orders_reported
    bench.answer_snapshot()
    assert bench.gateway.sync.orders_reported


@pytest.mark.parametrize("after", ["the start", "a lost connection", "a lost server"])
def test_a_list_without_an_end_reports_nothing(after: str):
    bench = Bench(connect=after != "the start")
    if after == "a lost server":
        bench.error(-1, 1100)
        bench.error(-1, 1102)
    else:
        bench.lose()
        bench.connect()
    bench.receive(messages.execution_end(1), messages.completed_orders_end())
    bench.pass_s(11)
    assert bench.gateway.readiness() == ("READY", "")
    assert not bench.gateway.sync.orders_reported


def test_a_tws_that_lost_its_server_reports_nothing_until_it_lists_them_again(bench: Bench):
    bench.error(-1, 1100)
    bench.receive(messages.open_order_end())
    assert not bench.gateway.sync.orders_reported
    bench.error(-1, 1102)
    assert not bench.gateway.sync.orders_reported
    bench.answer_snapshot()
    assert bench.gateway.sync.orders_reported
