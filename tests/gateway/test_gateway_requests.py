"""The gateway's core: what it lets pass at the moment of writing, cancels, and bad input."""

from decimal import Decimal

import pytest

from tapewire.common.events import (
    AccountPosition,
    CancelAll,
    CancelOrder,
    FlattenCompleted,
    FlattenStarted,
    OrderRefused,
    RiskResumed,
)
from tapewire.simulator.protocol import messages
from tests.gateway.desk import (
    ACCOUNT,
    SECOND,
    T0,
    Desk,
    execution_of,
    names,
    order_at_tws,
    submit,
)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def kinds(written: list[list[str]]) -> list[str]:
    return [fields[0] for fields in written]


# ---- admission at the moment of writing -----------------------------------------------------


def test_release_asks_again_whether_trading_is_halted(desk: Desk):
    desk.submit(submit())
    desk.halt()
    assert desk.flush() == []
    assert names(desk.journal[-1:]) == ["OrderRefused"]


def test_release_asks_again_whether_the_lease_is_fresh(desk: Desk):
    desk.submit(submit())
    desk.now_ns += 3 * SECOND + 1
    assert desk.flush() == []
    assert "its lease is 3000 ms" in desk.journal[-1].reason


def test_release_asks_again_whether_the_order_has_expired(desk: Desk):
    desk.submit(submit(expires_ns=T0 + 1))
    desk.now_ns += 2
    assert desk.flush() == []


def test_only_risks_word_lifts_a_halt_and_a_heartbeat_does_not(desk: Desk):
    desk.halt()
    desk.beat("ACTIVE")
    assert not desk.submit(submit("a/1")).accepted
    desk.gateway.on_risk(RiskResumed(T0, "test"))
    assert desk.submit(submit("b/1")).accepted


def test_a_flatten_shuts_the_gateway_until_it_is_done(desk: Desk):
    desk.hold(10)
    desk.gateway.on_risk(FlattenStarted(T0, "test"))
    assert not desk.submit(submit("a/1", "SELL", 5)).accepted
    desk.gateway.on_risk(FlattenCompleted(T0, ""))
    assert desk.submit(submit("b/1", "SELL", 5)).accepted


def test_the_way_out_takes_only_what_reduces():
    desk = Desk(reduce_only=True)
    desk.hold(10)
    assert not desk.submit(submit("a/1", "BUY", 1)).accepted
    assert not desk.submit(submit("b/1", "SELL", 11)).accepted
    assert desk.submit(submit("c/1", "SELL", 10)).accepted
    assert not desk.submit(submit("d/1", "SELL", 1)).accepted


def test_an_order_must_reduce_what_tws_reports_and_what_the_fills_say(desk: Desk):
    desk.hold(10)
    desk.halt()
    hand = order_at_tws(submit("hand", "SELL"), 0, client_id=0)
    desk.fill(hand, 4, "0001.01")  # TWS's position has not moved yet
    assert not desk.submit(submit("a/1", "SELL", 7)).accepted
    assert desk.submit(submit("b/1", "SELL", 6)).accepted


def test_a_position_that_tws_does_not_name_any_more_is_flat(desk: Desk):
    desk.hold(10)
    after = Desk(desk.journal, connect=False)
    after.connect()
    assert after.hear(messages.position_end()) == [
        AccountPosition(T0, "AAPL", Decimal(0), Decimal(0))
    ]
    after.answer_snapshot()
    after.halt()
    assert not after.submit(submit("a/1", "SELL", 10)).accepted


def test_a_position_that_tws_names_stays_and_a_stray_end_says_nothing(desk: Desk):
    desk.hold(10)
    desk.lose()
    desk.connect()
    desk.hold(10)
    assert desk.hear(messages.position_end()) == []
    assert desk.hear(messages.position_end()) == []
    assert desk.gateway.holdings.smallest() == {"AAPL": 10}


def test_a_symbol_that_is_not_configured_is_refused(desk: Desk):
    answer = desk.submit(submit(symbol="TSLA"))
    assert answer.reason.startswith("symbol TSLA is not configured")


def test_an_order_that_cannot_be_encoded_is_refused_and_the_next_one_goes(desk: Desk):
    assert "not plain ASCII" in desk.submit(submit("größe/1")).reason
    assert desk.submit(submit("a/1")).accepted
    desk.flush()
    assert desk.placed() == ["1"]


# ---- cancels ------------------------------------------------------------------------------------


def test_a_cancel_names_the_orders_id(desk: Desk):
    order = desk.send(submit())
    desk.opened(order)
    answer, events = desk.gateway.cancel(CancelOrder("s-1/1", T0), T0)
    assert (answer.accepted, events) == (True, [])
    assert desk.flush() == [["4", "1", "1"]]


def test_an_order_cancelled_before_its_turn_never_goes(desk: Desk):
    # A cancel goes first: it would reach TWS before the order, and the order would then work.
    desk.submit(submit())
    answer, events = desk.gateway.cancel(CancelOrder("s-1/1", T0), T0)
    assert answer.accepted
    assert events == [OrderRefused(T0, "s-1/1", "it was cancelled before it was sent")]
    assert desk.flush() == []


def test_cancel_all_takes_what_waits_with_it(desk: Desk):
    desk.submit(submit("a/1"))
    desk.submit(submit("b/1"))
    answer, events = desk.gateway.cancel_all(CancelAll(T0), T0)
    assert (answer.accepted, names(events)) == (True, ["OrderRefused", "OrderRefused"])
    assert kinds(desk.flush()) == ["58"]


def test_a_cancel_of_what_is_not_live_is_answered_so(desk: Desk):
    desk.fill(desk.send(submit()), 10, "0001.01")
    answer, _ = desk.gateway.cancel(CancelOrder("s-1/1", T0), T0)
    assert (answer.accepted, answer.reason) == (False, "no live order of this id")
    assert desk.flush() == []


def test_an_order_that_comes_after_its_cancel_is_refused(desk: Desk):
    answer, (refused,) = desk.gateway.cancel(CancelOrder("s-1/1", T0, "s-2"), T0)
    assert (answer.intent_id, answer.accepted) == ("s-2", True)
    assert refused == OrderRefused(T0, "s-1/1", "it was cancelled before it came")
    assert not desk.submit(submit()).accepted
    assert desk.flush() == []
    after = Desk([refused])
    assert not after.submit(submit()).accepted


def test_the_answer_to_a_cancel_names_the_cancel_so_that_it_is_not_taken_for_the_orders(desk: Desk):
    desk.send(submit())
    desk.lose("gone")
    answer, _ = desk.gateway.cancel(CancelOrder("s-1/1", T0, "s-2"), T0)
    assert (answer.intent_id, answer.accepted) == ("s-2", False)


def test_cancels_are_refused_while_tws_is_not_there(desk: Desk):
    desk.send(submit())
    desk.lose("gone")
    assert desk.gateway.cancel(CancelOrder("s-1/1", T0), T0)[0].reason == "gone"
    assert desk.gateway.cancel_all(CancelAll(T0), T0)[0].reason == "gone"


# ---- faults -------------------------------------------------------------------------------------


def test_a_message_that_cannot_be_handled_takes_no_fill_of_the_same_read_with_it(desk: Desk):
    order = desk.send(submit())
    absurd = execution_of(order_at_tws(submit("x"), 99), 1, "0009.01", price="1")
    fields = messages.execution(157, -1, ACCOUNT, absurd)
    fields[fields.index("0009.01") + 5] = "1e300"
    good = messages.execution(157, -1, ACCOUNT, execution_of(order, 10, "0001.01"))
    other = messages.execution(157, -1, ACCOUNT, execution_of(order_at_tws(submit("y"), 0), 1, "2"))
    assert names(desk.hear(good, fields, other)) == ["OrderAccepted", "Fill", "OrderFilled", "Fill"]
    assert "expected at most 30 digits" in desk.gateway.complaints[0][0]


def test_errors_on_data_are_told_with_their_symbol_and_notices_are_not(desk: Desk):
    desk.gateway.want("AAPL")
    (line,) = desk.flush()
    desk.error(int(line[2]), 354, "not subscribed")
    desk.error(-1, 2104, "farm is OK")
    assert [text for text, _ in desk.gateway.complaints] == [
        "TWS error 354 on AAPL: not subscribed"
    ]


def test_contract_ids_are_asked_for_under_an_id_of_each_symbols_own():
    desk = Desk(connect=False)
    desk.gateway.contracts._con_ids.clear()
    desk.gateway.contracts._by_con_id.clear()
    first = {f[2]: f[4] for f in desk.connect() if f[0] == "9"}
    assert list(first.values()) == ["AAPL", "MSFT"]
    (aapl, msft) = first
    desk.hear(messages.contract_details(157, int(aapl), order_at_tws(submit(), 1).instrument))
    desk.error(-1, 1102)
    assert [f[2] for f in desk.flush() if f[0] == "9"] == [msft]
