"""Reconciled cash: what executions do not explain is found, where executions can explain it."""

from decimal import Decimal

import pytest

from tapewire.common.events import CashGap, Difference, Reconcile
from tapewire.common.instruments import Instrument
from tapewire.simulator.exchange.orders import Order
from tapewire.simulator.protocol import messages
from tests.gateway.reconciling import answered
from tests.gateway.tws_bench import Bench
from tests.gateway.tws_messages import (
    AAPL,
    ACCOUNT,
    T0,
    execution_message,
    execution_of,
    open_order_of,
    position_message,
)

D = Decimal


def asked(bench: Bench) -> int:
    """The id of its newest question for account values."""
    return int([fields for fields in bench.summaries if fields[0] == "62"][-1][2])


def values(bench: Bench, cash: str, currency: str = "USD") -> None:
    """TWS answers its newest question for account values."""
    bench.flush()
    request_id = asked(bench)
    told = messages.account_summary(request_id, ACCOUNT, ("TotalCashValue", cash, currency))
    bench.receive(told, messages.account_summary_end(request_id))
    bench.pass_s(1)


def with_cash(cash: str, instrument: Instrument = AAPL) -> Bench:
    """A login whose account has so much, as its first reconciliation found it."""
    bench = Bench(reconcile_minutes=10, instruments=[instrument])
    values(bench, cash)
    bench.pass_s(4)
    assert again(bench) is None
    return bench


def again(bench: Bench, *listed: list[str]) -> Difference | None:
    """Somebody asks for a reconciliation: the one difference that it finds, if there is any."""
    assert bench.obey(Reconcile("r", T0))[0].accepted
    bench.tick()
    bench.flush()
    answered(bench, *listed)
    bench.pass_s(1)
    found = bench.reconciled()[-1].differences
    assert len(found) <= 1
    return found[0] if found else None


def bought(bench: Bench) -> tuple[Order, list[str]]:
    """Four shares at 150.25 for 1 of commission; with the order's list."""
    order = bench.rest()
    one = execution_of(order, 4, "0001.01")
    bench.fill(order, 4, "0001.01")
    bench.receive(messages.commission_report(one, None), position_message(4))
    return order, execution_message(one, 1)


def test_what_an_account_has_at_first_is_known_and_no_difference():
    bench = with_cash("100000")
    assert bench.reconciled()[-1].cash == (CashGap(ACCOUNT, "USD", D(100000)),)
    assert again(bench) is None


def test_cash_that_executions_have_moved_is_no_difference():
    bench = with_cash("100000")
    order, done = bought(bench)
    bench.pass_s(10)
    values(bench, "99398")
    assert again(bench, open_order_of(order), done) is None
    assert bench.reconciled()[-1].cash == (CashGap(ACCOUNT, "USD", D(100000)),)


def test_cash_that_nothing_explains_is_adopted_and_reported_once():
    bench = with_cash("100000")
    bench.pass_s(10)
    request_id = asked(bench)
    bench.receive(messages.account_summary(request_id, ACCOUNT, ("TotalCashValue", "99990", "USD")))
    bench.pass_s(1)
    found = again(bench)
    assert found is not None
    assert (found.kind, found.rule, found.subject) == ("cash", "adopt", f"{ACCOUNT} USD")
    assert (found.ours, found.theirs, found.amount) == ("100000", "99990", 10)
    assert again(bench) is None


def test_cash_is_compared_once_the_brokers_values_have_the_executions_in_them():
    bench = with_cash("100000")
    order, done = bought(bench)
    bench.pass_s(4)
    assert again(bench, open_order_of(order), done) is None
    assert bench.reconciled()[-1].cash == (CashGap(ACCOUNT, "USD", D(100000)),)


@pytest.mark.parametrize(
    "instrument",
    [
        Instrument(symbol="AAPL", con_id=1001, sec_type="FUT"),
        Instrument(symbol="AAPL", con_id=1001, currency="EUR"),
        Instrument(symbol="MSFT", con_id=1002),
    ],
    ids=["a future", "another currency", "not configured"],
)
def test_nothing_is_said_of_an_account_whose_executions_do_not_say_what_they_moved(instrument):
    bench = with_cash("100000", instrument)
    order, done = bought(bench)
    bench.pass_s(10)
    values(bench, "50000")
    assert again(bench, open_order_of(order), done) is None


def test_after_a_restart_the_gap_is_known():
    bench = Bench(with_cash("100000").journal, connect=False)
    assert bench.gateway.snapshot()["cash_gaps"] == {f"{ACCOUNT}/USD": 100000}
