"""An account that the login had, and has no more: TWS's lists say nothing about it."""

from decimal import Decimal

import pytest

from tapewire.gateway.orders.departed import LOOK_EVERY_NS, Departed
from tests.gateway.test_foreign_orders import at_tws, listed
from tests.gateway.tws_bench import OTHER_ACCOUNT, Bench, names, submit
from tests.gateway.tws_messages import ACCOUNT


@pytest.fixture
def before() -> Bench:
    """A gateway whose login has two accounts, with an order and a position in the second."""
    one = Bench(accounts=(ACCOUNT, OTHER_ACCOUNT))
    one.hold(10, account=OTHER_ACCOUNT)
    one.send(submit(account=OTHER_ACCOUNT))
    return one


def after(before: Bench, *accounts: str) -> Bench:
    """The same gateway, started again where TWS has these accounts."""
    return Bench(before.journal, accounts=accounts)


def test_an_order_in_it_is_not_lost_however_often_it_is_not_listed(before: Bench):
    one = after(before, ACCOUNT)
    one.wait_s(300)
    assert one.state() == "UNKNOWN"
    assert one.gateway.orders.working(OTHER_ACCOUNT, "AAPL") == (10, 0)


def test_it_is_lost_as_any_other_once_the_login_has_the_account_again(before: Bench):
    one = after(after(before, ACCOUNT), ACCOUNT, OTHER_ACCOUNT)
    assert "OrderLost" in names(one.wait_s(100))


def test_a_position_in_it_is_not_closed_by_a_list_that_cannot_have_it(before: Bench):
    one = after(before, ACCOUNT)
    assert one.gateway.holdings.reported[OTHER_ACCOUNT, "AAPL"] == 10


def test_what_a_list_leaves_out_of_the_login_s_own_accounts_is_closed(before: Bench):
    before.hold(5)
    one = after(before, ACCOUNT)
    assert one.gateway.holdings.reported[ACCOUNT, "AAPL"] == 0


def test_an_order_that_somebody_else_has_in_it_is_not_gone(before: Bench):
    foreign = at_tws()
    foreign.account = OTHER_ACCOUNT
    listed(before, foreign)
    one = after(before, ACCOUNT)
    assert [order.remaining for order in one.gateway.orders.foreign.counted()] == [10]
    one = after(one, ACCOUNT, OTHER_ACCOUNT)
    assert one.gateway.orders.foreign.counted() == []


def departed(one: Bench, *accounts: str) -> Departed:
    return Departed(lambda: accounts, one.gateway.holdings.reported, one.gateway.orders.live)


def test_a_person_reads_once_what_is_left_in_it(before: Bench):
    one = after(before, ACCOUNT)
    watch, now = departed(one, ACCOUNT), one.now
    left = f"this login does not have {OTHER_ACCOUNT} with AAPL 10, 1 order: that is shown as"
    assert watch.look(now).startswith(left)
    assert watch.look(now) == watch.look(now + 2 * LOOK_EVERY_NS) == ""
    assert watch.reason.startswith(left)


@pytest.mark.parametrize("accounts", [(), (ACCOUNT, OTHER_ACCOUNT)])
def test_a_login_that_has_it_or_is_not_there_yet_is_no_news(before: Bench, accounts):
    assert departed(before, *accounts).look(before.now) == ""


def test_an_account_that_is_flat_may_leave(before: Bench):
    flat = Departed(lambda: (ACCOUNT,), {(OTHER_ACCOUNT, "AAPL"): Decimal(0)}, lambda: ())
    assert flat.look(before.now) == ""
