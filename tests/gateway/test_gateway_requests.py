"""The gateway's core: what it lets pass at the moment of writing, cancels, and bad input."""

from decimal import Decimal

import pytest

from tapewire.common.events import (
    EVERYTHING,
    FlattenCompleted,
    FlattenStarted,
    PositionReported,
    RiskResumed,
)
from tapewire.simulator.protocol import messages
from tests.gateway.tws_bench import Bench, names, submit
from tests.gateway.tws_messages import (
    ACCOUNT,
    SECOND,
    T0,
    execution_message,
    execution_of,
    open_order_of,
    order_at_tws,
)


@pytest.fixture
def bench() -> Bench:
    return Bench()


# ---- admission at the moment of writing -----------------------------------------------------


def test_release_asks_again_whether_trading_is_halted(bench: Bench):
    bench.submit(submit())
    bench.halt()
    assert bench.flush() == []
    assert names(bench.journal[-1:]) == ["OrderDenied"]


def test_release_asks_again_whether_the_lease_is_fresh(bench: Bench):
    bench.submit(submit())
    bench.now += 3 * SECOND + 1
    assert bench.flush() == []
    assert "its lease is 3000 ms" in bench.journal[-1].reason


def test_release_asks_again_whether_the_order_has_expired(bench: Bench):
    bench.submit(submit(expires_ns=T0 + 1))
    bench.now += 2
    assert bench.flush() == []


def test_only_risks_word_lifts_a_halt_and_a_heartbeat_does_not(bench: Bench):
    bench.halt()
    bench.beat("ACTIVE")
    assert not bench.submit(submit("a/1")).accepted
    bench.gateway.on_risk(RiskResumed(T0, EVERYTHING, "test"))
    assert bench.submit(submit("b/1")).accepted


def test_a_flatten_shuts_the_gateway_until_it_is_done(bench: Bench):
    bench.hold(10)
    bench.gateway.on_risk(FlattenStarted(T0, EVERYTHING, "test"))
    assert not bench.submit(submit("a/1", "SELL", 5)).accepted
    bench.gateway.on_risk(FlattenCompleted(T0, EVERYTHING))
    assert bench.submit(submit("b/1", "SELL", 5)).accepted


def test_the_liquidation_gateway_takes_only_what_reduces():
    bench = Bench(reduce_only=True)
    bench.hold(10)
    assert not bench.submit(submit("a/1", "BUY", 1)).accepted
    assert not bench.submit(submit("b/1", "SELL", 11)).accepted
    assert bench.submit(submit("c/1", "SELL", 10)).accepted
    assert not bench.submit(submit("d/1", "SELL", 1)).accepted


def test_an_order_must_reduce_what_tws_reports_and_what_the_fills_say(bench: Bench):
    bench.hold(10)
    bench.halt()
    hand = order_at_tws(submit("hand", "SELL"), 0, client_id=0)
    bench.fill(hand, 4, "0001.01")  # TWS's position has not moved yet
    assert not bench.submit(submit("a/1", "SELL", 7)).accepted
    assert bench.submit(submit("b/1", "SELL", 6)).accepted


def test_a_position_that_tws_does_not_name_any_more_is_flat(bench: Bench):
    bench.hold(10)
    after = Bench(bench.journal, connect=False)
    after.connect()
    assert after.receive(messages.position_end()) == [
        PositionReported(T0, ACCOUNT, "AAPL", Decimal(0), Decimal(0))
    ]
    after.answer_snapshot()
    after.halt()
    assert not after.submit(submit("a/1", "SELL", 10)).accepted


def test_a_position_that_tws_names_stays_and_a_stray_end_says_nothing(bench: Bench):
    bench.hold(10)
    bench.lose()
    bench.connect()
    bench.hold(10)
    assert bench.receive(messages.position_end()) == []
    assert bench.receive(messages.position_end()) == []
    assert (
        bench.gateway.holdings.reported == bench.gateway.holdings.filled == {(ACCOUNT, "AAPL"): 10}
    )


def test_a_symbol_that_is_not_configured_is_denied(bench: Bench):
    answer = bench.submit(submit(symbol="TSLA"))
    assert answer.reason.startswith("symbol TSLA is not configured")


def test_an_order_that_cannot_be_encoded_is_denied_and_the_next_one_goes(bench: Bench):
    assert "not plain ASCII" in bench.submit(submit("größe/1")).reason
    assert bench.submit(submit("a/1")).accepted
    bench.flush()
    assert bench.placed() == ["1"]


# ---- faults -------------------------------------------------------------------------------------


def test_a_message_that_cannot_be_handled_takes_no_fill_of_the_same_read_with_it(bench: Bench):
    order = bench.send(submit())
    absurd = execution_of(order_at_tws(submit("x"), 99), 1, "0009.01", price="1")
    fields = execution_message(absurd)
    fields[fields.index("0009.01") + 5] = "1e300"
    good = execution_message(execution_of(order, 10, "0001.01"))
    other = execution_message(execution_of(order_at_tws(submit("y"), 0), 1, "2"))
    assert names(bench.receive(good, fields, other)) == [
        "OrderAccepted",
        "Fill",
        "OrderFilled",
        "Fill",
    ]
    assert "at most 30 digits" in bench.gateway.complaints[0][0]


def test_an_open_order_with_absurd_terms_takes_no_fill_of_the_same_read_with_it(bench: Bench):
    order = bench.send(submit())
    absurd = open_order_of(order)
    absurd[absurd.index("BUY") + 1] = "1e300"
    good = execution_message(execution_of(order, 10, "0001.01"))
    assert names(bench.receive(absurd, good)) == ["OrderAccepted", "Fill", "OrderFilled"]
    ((reason, _payload),) = bench.gateway.complaints
    assert "at most 30 digits" in reason


def test_errors_on_data_are_told_with_their_symbol_and_notices_are_not(bench: Bench):
    bench.broker.want("AAPL")
    (line,) = bench.flush()
    bench.error(int(line[2]), 354, "not subscribed")
    bench.error(-1, 2104, "farm is OK")
    assert [text for text, _ in bench.gateway.complaints] == [
        "TWS error 354 on AAPL: not subscribed"
    ]


def test_an_error_under_the_id_of_no_order_is_told_and_a_notice_is_not(bench: Bench):
    bench.send(submit())
    bench.error(1, 2109, "a notice on an order of ours")
    bench.error(2, 2109, "a notice on none")
    bench.error(2, 321, "no order")
    assert bench.gateway.complaints == [("TWS error 321 on 2: no order", b"")]


def test_contract_ids_are_asked_for_under_an_id_of_each_symbols_own():
    bench = Bench(connect=False)
    bench.broker.contracts._con_ids.clear()
    bench.broker.contracts._by_con_id.clear()
    first = {f[2]: f[4] for f in bench.connect() if f[0] == "9"}
    assert list(first.values()) == ["AAPL", "MSFT"]
    (aapl, msft) = first
    bench.receive(messages.contract_details(157, int(aapl), order_at_tws(submit(), 1).instrument))
    bench.error(-1, 1102)
    assert [f[2] for f in bench.flush() if f[0] == "9"] == [msft]
