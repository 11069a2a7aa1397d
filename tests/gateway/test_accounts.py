"""Two accounts on one login: each with its own holdings, orders and exposure."""

from decimal import Decimal

import pytest

from tapewire.common.events import (
    ConnectionUp,
    FlattenStarted,
    OrderDenied,
    PositionReported,
    Scope,
)
from tapewire.simulator.protocol import messages
from tests.gateway.tws_bench import OTHER_ACCOUNT, Bench, kinds, modify_order, names, submit
from tests.gateway.tws_messages import (
    ACCOUNT,
    T0,
    execution_message,
    execution_of,
    managed_accounts,
    order_at_tws,
    position_message,
)

BOTH = (ACCOUNT, OTHER_ACCOUNT)


@pytest.fixture
def bench() -> Bench:
    return Bench(accounts=BOTH)


def test_the_connection_names_its_accounts(bench: Bench):
    assert ConnectionUp(T0, 157, BOTH) in bench.journal


def test_an_order_goes_to_tws_with_its_own_account(bench: Bench):
    bench.submit(submit("a/1"))
    bench.submit(submit("b/1", account=OTHER_ACCOUNT))
    first, second = bench.flush()
    assert (ACCOUNT in first, OTHER_ACCOUNT in first) == (True, False)
    assert (ACCOUNT in second, OTHER_ACCOUNT in second) == (False, True)


def test_what_becomes_of_an_order_is_told_with_its_account(bench: Bench):
    sent = submit(account=OTHER_ACCOUNT, limit=150)
    order = bench.send(sent)
    events = bench.opened(order)
    events += bench.error(1, 161)
    bench.modify(modify_order(limit=149))
    bench.flush()
    events += bench.opened(order, limit=Decimal(149))
    events += bench.fill(order, 4, "0001.01")
    one = execution_of(order, 4, "0001.01")
    events += bench.receive(messages.commission_report(one, None))
    events += bench.opened(order, status="Cancelled")
    assert names(events) == [
        "OrderAccepted", "OrderCancelRejected", "OrderModified", "Fill", "Commission",
        "OrderCancelled",
    ]  # fmt: skip
    assert {event.account for event in events} == {OTHER_ACCOUNT}


@pytest.mark.parametrize("account", ["DU9999999", "", ACCOUNT.lower()])
def test_an_order_of_an_account_that_is_not_the_logins_is_denied(bench: Bench, account: str):
    bench.hold(10)
    answer, events = bench.obey(submit(side="SELL", account=account))
    assert not answer.accepted
    reason = "the order's account is not one of this login's"
    assert events == [OrderDenied(T0, account, "s", "gateway", reason, intent_id="s-1/1")]
    assert bench.flush() == []


def test_a_position_of_one_account_is_not_reduced_by_an_order_of_the_other(bench: Bench):
    bench.hold(10, account=ACCOUNT)
    bench.halt()
    assert not bench.submit(submit("a/1", "SELL", 1, account=OTHER_ACCOUNT)).accepted
    assert bench.submit(submit("b/1", "SELL", 10, account=ACCOUNT)).accepted


def test_orders_and_fills_of_one_account_take_no_room_from_the_other(bench: Bench):
    for account in BOTH:
        bench.hold(10, account=account)
    bench.halt()
    order = bench.send(submit("a/1", "SELL", 8, account=OTHER_ACCOUNT))
    assert not bench.submit(submit("b/1", "SELL", 3, account=OTHER_ACCOUNT)).accepted
    assert bench.submit(submit("c/1", "SELL", 10, account=ACCOUNT)).accepted
    bench.fill(order, 8, "0001.01")
    assert bench.gateway.holdings.filled == {(ACCOUNT, "AAPL"): 10, (OTHER_ACCOUNT, "AAPL"): 2}
    assert bench.gateway.holdings.reported[OTHER_ACCOUNT, "AAPL"] == 10


def test_an_execution_counts_in_the_account_that_tws_names(bench: Bench):
    hand = order_at_tws(submit("hand", account=OTHER_ACCOUNT), 0, client_id=0)
    (fill,) = bench.receive(execution_message(execution_of(hand, 3, "1.01")))
    assert fill.account == OTHER_ACCOUNT
    assert bench.gateway.holdings.filled == {(OTHER_ACCOUNT, "AAPL"): 3}


def test_what_tws_leaves_out_is_flat_in_that_account_alone(bench: Bench):
    for account in BOTH:
        bench.hold(10, account=account)
    bench.lose()
    bench.connect()
    assert bench.receive(position_message(10), messages.position_end()) == [
        PositionReported(T0, OTHER_ACCOUNT, "AAPL", Decimal(0), Decimal(0))
    ]


def test_an_account_that_leaves_the_login_is_not_traded_any_more(bench: Bench):
    bench.submit(submit("a/1", account=OTHER_ACCOUNT))
    bench.submit(submit("b/1"))
    bench.receive(managed_accounts(ACCOUNT))
    assert kinds(bench.flush()) == ["3"]
    assert (bench.state("a/1"), bench.state("b/1")) == ("DENIED", "INTENDED")


# ---- halts and flattens of a part of the trading ------------------------------------------------

SCOPES = {
    "account": (Scope(account=OTHER_ACCOUNT), {"account": OTHER_ACCOUNT}),
    "strategy": (Scope(strategy="t"), {"strategy": "t"}),
    "symbol": (Scope(symbol="MSFT"), {"symbol": "MSFT"}),
}


@pytest.mark.parametrize(("scope", "inside"), SCOPES.values(), ids=SCOPES)
def test_a_halt_stops_what_waits_in_its_scope_and_lets_the_rest_go(bench: Bench, scope, inside):
    bench.submit(submit("a/1", **inside))
    bench.submit(submit("b/1"))
    bench.halt(scope)
    bench.flush()
    assert (bench.state("a/1"), bench.state("b/1")) == ("DENIED", "INTENDED")
    assert (
        bench.journal[-1].reason == f"trading is HALTED for {scope}, and the order would add risk"
    )


@pytest.mark.parametrize(("scope", "inside"), SCOPES.values(), ids=SCOPES)
def test_in_a_halt_with_a_scope_an_order_inside_it_may_reduce(bench: Bench, scope, inside):
    where = {k: v for k, v in inside.items() if k != "strategy"}
    bench.hold(10, **where)
    bench.halt(scope)
    assert not bench.submit(submit("a/1", "BUY", 1, **inside)).accepted
    assert bench.submit(submit("b/1", "SELL", 10, **inside)).accepted


def test_a_modify_that_adds_risk_is_denied_by_a_halt_of_its_symbol_alone(bench: Bench):
    bench.rest()
    bench.halt(Scope(symbol="MSFT"))
    assert bench.modify(modify_order("s-2", 11, 150)).accepted
    bench.halt(Scope(symbol="AAPL"))
    bench.flush()
    assert "HALTED for symbol AAPL" in bench.journal[-1].reason


def test_a_flatten_of_one_account_leaves_the_other_tradable(bench: Bench):
    for account in BOTH:
        bench.hold(10, account=account)
    bench.gateway.on_risk(FlattenStarted(T0, Scope(OTHER_ACCOUNT), "test"))
    assert not bench.submit(submit("a/1", "SELL", 5, account=OTHER_ACCOUNT)).accepted
    assert bench.submit(submit("b/1", "SELL", 5)).accepted
    assert bench.submit(submit("c/1", "BUY", 5)).accepted
