"""A broker that speaks of accounts that are not the login's: they cannot be traded, so nothing of
them becomes a position, an order or a question here, and a person learns of it."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.events import Fill, ListPositions, OrderConflict, PositionsListed
from tapewire.gateway.broker import ExecutionReport
from tapewire.gateway.orders.outside import ACCOUNTS_MAX
from tapewire.simulator.protocol import messages
from tests.gateway.test_foreign_orders import at_tws
from tests.gateway.tws_bench import OTHER_ACCOUNT, Bench, submit
from tests.gateway.tws_messages import (
    ACCOUNT,
    T0,
    execution_message,
    execution_of,
    managed_accounts,
    open_order_of,
    order_at_tws,
    position_message,
)

STRANGE = execution_message(
    execution_of(order_at_tws(submit("x", account=OTHER_ACCOUNT), 0), 3, "9.01")
)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def complaints(bench: Bench) -> list[str]:
    return [text for text, _ in bench.gateway.complaints]


def test_an_execution_in_one_is_no_position_there(bench: Bench):
    assert bench.receive(STRANGE) == []
    assert bench.gateway.holdings.filled == {}
    assert not bench.gateway.registry.counts("9.01")


def test_a_position_in_one_is_none_here(bench: Bench):
    assert bench.hold(7, account=OTHER_ACCOUNT) == []
    bench.wait_s(10)
    assert bench.gateway.holdings.reported == {}


def test_an_order_in_one_does_not_count_and_keeps_no_flatten_from_its_end(bench: Bench):
    strange = at_tws()
    strange.account = OTHER_ACCOUNT
    bench.gateway.obey(ListPositions("f-1", T0), bench.now)
    bench.tick()
    bench.list_positions()
    assert bench.receive(open_order_of(strange), messages.open_order_end()) == []
    assert bench.tick() == [PositionsListed(T0, "f-1")]
    assert bench.gateway.orders.foreign.counted() == []


def test_a_person_learns_of_each_such_account_once(bench: Bench):
    for number in range(3):
        bench.receive(STRANGE, position_message(number + 1, "AAPL", OTHER_ACCOUNT))
    (complaint,) = complaints(bench)
    assert f"an execution in account {OTHER_ACCOUNT}, which is not one of this login's" in complaint


def test_so_many_of_them_fill_no_memory_and_no_dead_letters(bench: Bench):
    for number in range(ACCOUNTS_MAX + 50):
        bench.receive(position_message(1, "AAPL", f"DU{number:07}"))
    assert len(complaints(bench)) == ACCOUNTS_MAX
    assert bench.gateway.holdings.reported == {}


def test_one_without_an_account_is_none_either_where_the_login_has_two():
    bench = Bench(accounts=(ACCOUNT, OTHER_ACCOUNT))
    assert bench.receive(position_message(7, account="")) == []
    (complaint,) = complaints(bench)
    assert "a position in no account" in complaint


def test_an_execution_with_the_tag_of_ours_in_one_is_a_conflict_and_counts_nowhere(bench: Bench):
    bench.opened(bench.send(submit()))
    report = ExecutionReport(
        OTHER_ACCOUNT, "1.01", "s-1/1", "7001", "AAPL", "BUY", Decimal(10), Decimal(150), "1", "1",
    )  # fmt: skip
    (conflict,) = bench.gateway.on_report(report, bench.now)
    assert isinstance(conflict, OrderConflict)
    assert bench.gateway.on_report(replace(report, exec_id="2.01"), bench.now) == []
    assert bench.gateway.holdings.filled == {}
    assert (bench.state(), bench.intent().remaining) == ("ACCEPTED", 10)
    assert len(complaints(bench)) == 2  # the conflict, and the account


def test_what_fills_of_ours_in_an_account_that_has_left_still_counts():
    bench = Bench(accounts=(ACCOUNT, OTHER_ACCOUNT))
    order = bench.send(submit(account=OTHER_ACCOUNT, limit=150))
    bench.receive(managed_accounts(ACCOUNT))
    fills = [one for one in bench.fill(order, 4, "1.01") if isinstance(one, Fill)]
    assert [(one.account, one.intent_id) for one in fills] == [(OTHER_ACCOUNT, "s-1/1")]


def test_it_counts_once_the_login_has_the_account(bench: Bench):
    bench.receive(STRANGE)
    bench.receive(managed_accounts(ACCOUNT, OTHER_ACCOUNT))
    (fill,) = bench.receive(STRANGE)
    assert fill.account == OTHER_ACCOUNT
