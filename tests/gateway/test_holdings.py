"""Holdings: what the broker reports, and what the fills have made of it since."""

from decimal import Decimal

import pytest

from tapewire.common.accounting.orders import Orders
from tapewire.common.events import Event, OrderIntended, PositionReported
from tapewire.gateway.orders.holdings import Holdings
from tapewire.gateway.orders.intent import Intent
from tests.gateway.tws_bench import OTHER_ACCOUNT, fill_of, submit, terms_of
from tests.gateway.tws_messages import ACCOUNT, T0

KEY = (ACCOUNT, "AAPL")


def report(holdings: Holdings, quantity: int, key: tuple[str, str] = KEY) -> list[Event]:
    events = holdings.report(key, Decimal(quantity), Decimal(100), T0)
    for event in events:
        holdings.apply(event)
    return events


def test_a_position_is_news_where_it_differs_from_the_last_report_and_only_then():
    holdings = Holdings()
    assert report(holdings, 10) == [PositionReported(T0, *KEY, Decimal(10), Decimal(100))]
    assert report(holdings, 10) == []
    holdings.apply(fill_of("s-1/1", 5))
    assert report(holdings, 15) == [PositionReported(T0, *KEY, Decimal(15), Decimal(100))]
    assert (holdings.reported, holdings.filled) == ({KEY: 15}, {KEY: 15})


def test_the_first_report_is_news_though_fills_came_before_it():
    holdings = Holdings()
    holdings.apply(fill_of("s-1/1", 5))
    assert len(report(holdings, 0)) == 1
    assert holdings.filled == {KEY: 0}


def test_a_report_that_is_no_news_still_overrules_the_fills():
    holdings = Holdings()
    report(holdings, 10)
    holdings.apply(fill_of("s-1/1", 5))
    assert report(holdings, 10) == []
    assert holdings.filled == {KEY: 10}


def test_a_correction_counts_with_the_difference():
    holdings = Holdings()
    holdings.apply(fill_of("s-1/1", 5))
    holdings.apply(fill_of("s-1/1", 3, "0001.02"), corrected=fill_of("s-1/1", 5))
    holdings.apply(fill_of("s-2/1", 4, "0002.01", side="SELL"))
    assert holdings.filled == {KEY: -1}


def test_a_correction_is_taken_from_the_account_and_the_side_that_it_corrects():
    holdings = Holdings()
    first = fill_of("s-1/1", 5)
    holdings.apply(first)
    sold = fill_of("s-1/1", 5, "0001.02", side="SELL")
    holdings.apply(sold, corrected=first)
    assert holdings.filled == {KEY: -5}
    holdings.apply(fill_of("s-1/1", 3, "0001.03", account=OTHER_ACCOUNT), corrected=sold)
    assert holdings.filled == {KEY: 0, (OTHER_ACCOUNT, "AAPL"): 3}


def test_the_end_of_a_list_closes_what_it_did_not_name_and_nothing_twice():
    holdings = Holdings()
    report(holdings, 10)
    report(holdings, 10, (OTHER_ACCOUNT, "AAPL"))
    report(holdings, 0, (ACCOUNT, "MSFT"))
    assert holdings.report_complete(T0, (ACCOUNT, OTHER_ACCOUNT)) == []  # nobody asked
    holdings.asked()
    report(holdings, 10)
    (closed,) = holdings.report_complete(T0, (ACCOUNT, OTHER_ACCOUNT))
    assert (closed.account, closed.symbol, closed.quantity) == (OTHER_ACCOUNT, "AAPL", 0)
    assert holdings.report_complete(T0, (ACCOUNT, OTHER_ACCOUNT)) == []
    holdings.asked()
    holdings.forget_question()
    assert holdings.report_complete(T0, (ACCOUNT, OTHER_ACCOUNT)) == []


def intended(*orders: object) -> Orders[Intent]:
    one = Orders(Intent)
    for n, order in enumerate(orders):
        one.apply(OrderIntended(T0, str(n), order))
    return one


@pytest.mark.parametrize(
    ("reported", "filled", "nearest"),
    [(10, 0, 0), (10, 4, 4), (4, 10, 4), (-4, 10, 0), (-4, -9, -4)],
)
def test_an_order_must_reduce_what_is_reported_and_what_the_fills_say(reported, filled, nearest):
    holdings = Holdings()
    report(holdings, reported)
    holdings.filled[KEY] = Decimal(filled)
    assert holdings.exposure(*KEY, intended()).nearest_zero == nearest


def test_what_works_counts_by_side_in_its_account_and_symbol_without_the_order_itself():
    orders = intended(
        submit("a", "SELL", 6),
        submit("b", "BUY", 5),
        submit("c", "SELL", 4, symbol="MSFT"),
        submit("d", "SELL", 3, account=OTHER_ACCOUNT),
        submit("e", "SELL", 2),
    )
    orders.apply(fill_of("a", 1))
    holdings = Holdings()
    exposure = holdings.exposure(*KEY, orders)
    assert (exposure.selling, exposure.buying) == (7, 5)
    assert holdings.exposure(*KEY, orders, without=orders["e"].order).selling == 5
    report(holdings, 10)
    assert holdings.exposure(*KEY, orders).reduced_by(terms_of("SELL", 3))
    assert not holdings.exposure(*KEY, orders).reduced_by(terms_of("SELL", 4))
