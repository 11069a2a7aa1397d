"""What risk knows of the accounts, from the gateways' events, each counted once."""

from decimal import Decimal

import pytest

from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.orders import Order
from tapewire.common.events import (
    Event,
    Fill,
    ModifyOrder,
    OrderAccepted,
    OrderCancelled,
    OrderDenied,
    OrderFilled,
    OrderLost,
    OrderModified,
    OrderModifyIntended,
    OrderModifyRejected,
    OrderRejected,
    OrderTerms,
    OrderUnknown,
    Quote,
    Trade,
)
from tapewire.risk.rules import View
from tests.risk.orders import AAPL, NOW, SECOND, T0, fill, held, intended, order

ABOUT = (T0, "DU1", "a/1")
ENDS = [
    OrderDenied(T0, "DU1", "s", "gateway", "", "a/1"),
    OrderRejected(*ABOUT, 201, ""),
    OrderCancelled(*ABOUT),
    OrderFilled(*ABOUT),
    OrderLost(*ABOUT, ""),
]


@pytest.fixture
def accounts() -> Accounts[Order]:
    one = Accounts([AAPL], Order)
    one.apply(intended(order()))
    return one


@pytest.fixture
def view(accounts: Accounts[Order]) -> View:
    return View(accounts).at(NOW)


def buying(accounts: Accounts[Order]) -> Decimal:
    return accounts.exposure("DU1", "AAPL").buying


def test_an_intent_works_until_it_is_over(accounts: Accounts[Order]):
    assert buying(accounts) == 10
    accounts.apply(OrderUnknown(*ABOUT, ""))
    assert buying(accounts) == 10


@pytest.mark.parametrize("end", ENDS, ids=lambda e: type(e).__name__)
def test_what_is_over_works_no_more(accounts: Accounts[Order], end: Event):
    accounts.apply(end)
    assert buying(accounts) == 0
    assert accounts.orders.live() == []


@pytest.mark.parametrize("end", ENDS[1:3] + ENDS[4:], ids=lambda e: type(e).__name__)
def test_what_was_over_and_turns_up_works_again(accounts: Accounts[Order], end: Event):
    accounts.apply(fill(order(), 4, "e1.01"))
    accounts.apply(end)
    accounts.apply(OrderAccepted(*ABOUT, "1", "1"))
    assert buying(accounts) == 6


def test_a_late_fill_counts_for_the_position_and_not_for_what_works(accounts: Accounts[Order]):
    accounts.apply(OrderCancelled(*ABOUT))
    accounts.apply(fill(order(), 4, "e1.01"))
    exposure = accounts.exposure("DU1", "AAPL")
    assert (exposure.position, exposure.buying) == (4, 0)


def test_a_fill_that_both_gateways_report_counts_once(accounts: Accounts[Order]):
    accounts.apply(fill(order(), 4, "e1.01", strategy=None), "liquidation")
    accounts.apply(fill(order(), 4, "e1.01"), "gateway")
    exposure = accounts.exposure("DU1", "AAPL")
    assert (exposure.position, exposure.buying) == (4, 6)


def test_a_correction_takes_the_place_of_what_it_corrects(accounts: Accounts[Order]):
    accounts.apply(fill(order(), 4, "e1.01"))
    accounts.apply(fill(order(), 3, "e1.02"))
    exposure = accounts.exposure("DU1", "AAPL")
    assert (exposure.position, exposure.buying) == (3, 7)


def test_a_modify_counts_with_the_larger_quantity_until_it_is_over(accounts: Accounts[Order]):
    accounts.apply(OrderAccepted(*ABOUT, "1", "1"))
    for quantity, worst, end, left in (
        (15, 15, OrderModifyRejected(*ABOUT, "m", 104, ""), 10),
        (4, 10, OrderModified(*ABOUT, "m", OrderTerms("BUY", Decimal(4))), 4),
    ):
        terms = OrderTerms("BUY", Decimal(quantity))
        modify = ModifyOrder("m", T0, "a/1", terms, T0 + SECOND)
        accounts.apply(OrderModifyIntended(T0, "DU1", modify))
        assert buying(accounts) == worst
        accounts.apply(end)
        assert buying(accounts) == left


def test_an_event_of_an_unknown_order_is_passed_over(accounts: Accounts[Order]):
    assert accounts.apply(OrderAccepted(T0, "DU1", "nobody/1", "1", "1")) is None
    assert accounts.apply(OrderCancelled(T0, "DU1", "nobody/1")) is None
    assert len(accounts.orders.live()) == 1


def test_what_is_held_is_the_brokers_word_and_where_there_is_none_the_fills(
    accounts: Accounts[Order],
):
    accounts.apply(fill(order(), 4, "e1.01"))
    assert accounts.held() == {("DU1", "AAPL"): 4}
    accounts.apply(held(7))
    accounts.apply(held(5, account="DU2"))
    assert accounts.held() == {("DU1", "AAPL"): 7, ("DU2", "AAPL"): 5}
    accounts.apply(held(0))
    assert accounts.held() == {("DU2", "AAPL"): 5}


# ---- what rules see of them ---------------------------------------------------------------------


def test_marks_are_trades_and_the_midpoint_of_quotes(accounts: Accounts[Order], view: View):
    accounts.apply(fill(order(), 4, "e1.01"))
    assert view.price("AAPL") is None
    assert view.unrealised("DU1") is None
    view.mark([Trade("AAPL", T0, 101.0, 1.0)], NOW)
    assert view.unrealised("DU1") == 4
    quotes = [Quote("AAPL", T0, 101.0, 1.0, 103.0, 1.0), Quote("AAPL", T0, 9.0, 1.0, None, None)]
    view.mark(quotes, NOW + SECOND)
    assert view.unrealised("DU1") == 8
    assert view.at(NOW + 3 * SECOND).price("AAPL") == (Decimal(102), 2 * SECOND)


def test_what_is_told_again_is_no_new_mark_and_takes_the_place_of_none(view: View):
    """The gateway repeats the newest quote and the newest trade together, though one is old."""
    bad = Trade("AAPL", T0, 9.0, 1.0)
    view.mark([Quote("AAPL", T0 - 1, 101.0, 1.0, 103.0, 1.0), bad], NOW)
    assert view.marks("AAPL") == 2
    view.mark([Quote("AAPL", T0 + 1, 102.0, 1.0, 104.0, 1.0), bad], NOW + SECOND)
    assert (view.marks("AAPL"), view.at(NOW + SECOND).price("AAPL")) == (3, (Decimal(103), 0))
    view.mark([Quote("AAPL", T0 + 1, 102.0, 1.0, 104.0, 1.0), bad], NOW + 2 * SECOND)
    assert view.at(NOW + 2 * SECOND).price("AAPL") == (Decimal(103), SECOND)


def test_of_a_new_quote_and_a_new_trade_the_later_one_is_the_mark(view: View):
    quote = Quote("AAPL", T0 + 2, 101.0, 1.0, 103.0, 1.0)
    view.mark([quote, Trade("AAPL", T0 + 1, 99.0, 1.0)], NOW)
    assert view.at(NOW).price("AAPL") == (Decimal(102), 0)


def test_a_mark_outlives_the_position_that_it_found_none_of(accounts: Accounts[Order], view: View):
    view.mark([Trade("AAPL", T0, 101.0, 1.0)], NOW)
    accounts.apply(fill(order(), 4, "e1.01"))
    view.mark([Trade("AAPL", T0, 101.0, 1.0)], NOW)
    assert view.unrealised("DU1") == 4
    assert view.unrealised("DU2") == 0


def test_keys_are_all_that_is_traded_ordered_or_held(accounts: Accounts[Order], view: View):
    accounts.apply(held(1, "TSLA", account="DU2"))
    assert view.keys() == [("DU1", "AAPL"), ("DU2", "TSLA")]
    assert view.keys("DU2") == [("DU2", "TSLA")]
    assert view.accounts() == ["DU1", "DU2"]


def test_accounts_come_in_one_order_in_each_process(accounts: Accounts[Order], view: View):
    """Text has another hash in each process, and so a set of it another order."""
    names = [f"DU{number}" for number in range(10, 30)]
    for name in reversed(names):
        accounts.apply(held(1, account=name))
    assert view.accounts() == ["DU1", *names]


def test_an_order_that_is_replaced_is_left_out_until_the_next_look(
    accounts: Accounts[Order], view: View
):
    replaced = accounts.orders["a/1"]
    assert view.open_orders("DU1") == [replaced]
    assert view.open_orders("DU2") == []
    view.at(NOW, without=replaced)
    assert (view.exposure("DU1", "AAPL").buying, view.open_orders("DU1")) == (0, [])
    view.at(NOW)
    assert (view.exposure("DU1", "AAPL").buying, view.open_orders("DU1")) == (10, [replaced])


def test_events_are_counted_within_a_time_for_each_account_and_kind(view: View):
    for seconds, account in ((0, "DU1"), (5, "DU1"), (9, "DU1"), (9, "DU2")):
        one = order(account=account)
        view.note(fill(one, 1, f"e{seconds}{account}", ts_ns=T0 + seconds * SECOND))
    view.at(NOW + 10 * SECOND)
    assert view.count(Fill, "DU1", 5 * SECOND) == 2
    assert view.count(Fill, "DU1", 10 * SECOND) == 3
    assert view.count(Fill, "DU2", 10 * SECOND) == 1
    assert view.count(OrderFilled, "DU1", 10 * SECOND) == 0


def test_the_trading_day_is_that_of_the_moment_of_the_view(accounts: Accounts[Order], view: View):
    accounts.apply(fill(order(), 4, "e1.01"))
    accounts.apply(fill(order("b/1", "SELL"), 4, "e2.01", price=Decimal(90)))
    assert view.day("DU1").realised == -40
    assert view.at(NOW + 24 * 3600 * SECOND).day("DU1").realised == 0
    assert [p.symbol for p in view.positions("DU1")] == ["AAPL"]
