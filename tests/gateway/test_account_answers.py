"""Queries about accounts: what the gateway knows is answered from there, the rest is asked."""

from decimal import Decimal

import pytest

from tapewire.common.bus import wire
from tapewire.common.events import AccountUpdated, QueryFailed, Quote, Trade
from tapewire.common.events.account_queries import (
    AccountQuery,
    AccountRow,
    PnlQuery,
    PnlRow,
    PortfolioQuery,
    PortfolioRow,
    SummaryQuery,
)
from tapewire.gateway.orders.holdings import Held
from tapewire.gateway.query_port import Found, ProfitAsked
from tests.gateway.asking import SECOND, Asking

D = Decimal


@pytest.fixture
def asking() -> Asking:
    return Asking()


def test_a_summary_is_what_the_gateway_knows_even_without_a_connection(asking: Asking):
    asking.accounts["DU2"] = AccountUpdated(9, "DU2", "EUR", D(5))
    asking.port.down = "not connected"
    ((_, page),) = asking.ask(SummaryQuery("s"))
    assert page.rows == (asking.accounts["DU1"], asking.accounts["DU2"])
    ((_, page),) = asking.ask(SummaryQuery("s", "DU2"))
    assert page.rows == (asking.accounts["DU2"],)
    assert asking.port.asked == {}
    assert wire.decode_event(wire.encode(page)) == page


@pytest.mark.parametrize("kind", [SummaryQuery, AccountQuery, PortfolioQuery, PnlQuery])
def test_an_account_of_another_login_is_refused_by_name(asking: Asking, kind: type):
    ((_, failed),) = asking.ask(kind("s", "DU9"))
    assert failed.reason == "account DU9 is not one of this login: it has DU1, DU2"
    assert asking.queries.waiting == 0


def test_all_values_of_an_account_are_asked_at_the_broker(asking: Asking):
    asking.ask(AccountQuery("a", "DU1"))
    assert asking.port.asked == {1: AccountQuery("a", "DU1")}
    row = AccountRow("DU1", "CashBalance", "12.5", "EUR")
    ((_, page),) = asking.turn(Found(1, (row,)), Found(1, (), last=True))
    assert page.rows == (row,)
    assert wire.decode_event(wire.encode(page)) == page


def test_a_portfolio_is_priced_by_the_newest_tick_with_its_multiplier(asking: Asking):
    asking.held += [Held("DU1", "ES", D(-2), D(250_000)), Held("DU2", "AAPL", D(10), None)]
    asking.ticks["ES"] = Trade("ES", 5 * SECOND, 5010.25, 1.0)
    asking.ticks["AAPL"] = Quote("AAPL", 6 * SECOND, 150.0, 1.0, 151.0, 1.0)
    ((_, page),) = asking.ask(PortfolioQuery("p"))
    assert page.rows == (
        PortfolioRow(
            "DU1", "ES", D(-2), D(250_000), D("5010.25"), D("-501025.00"), D("-1025.00"), "USD",
            5 * SECOND,
        ),
        PortfolioRow("DU2", "AAPL", D(10), None, D("150.5"), D(1505), None, "USD", 6 * SECOND),
    )  # fmt: skip
    assert asking.port.asked == {}
    assert wire.decode_event(wire.encode(page)) == page


def test_what_has_no_price_here_is_valued_by_the_broker(asking: Asking):
    asking.held += [Held("DU1", "AAPL", D(10), D(149)), Held("DU1", "XYZ", D(3), D(7))]
    asking.ticks["AAPL"] = Trade("AAPL", 1, 150.0, 1.0)
    assert asking.ask(PortfolioQuery("p", "DU1")) == []
    assert asking.port.asked == {1: ProfitAsked((("DU1", "XYZ"),))}
    gained = PnlRow("DU1", "XYZ", D(1), D(2), D(0), D(3), D(23))
    ((_, page),) = asking.turn(Found(1, (gained,), last=True))
    aapl, xyz = page.rows
    assert (aapl.price, aapl.unrealised) == (D(150), D(10))
    assert (xyz.price, xyz.value, xyz.unrealised, xyz.priced_ns) == (None, D(23), D(2), 0)


def test_a_delayed_price_is_no_price(asking: Asking):
    asking.held.append(Held("DU1", "AAPL", D(10), D(149)))
    asking.ticks["AAPL"] = Trade("AAPL", 1, 150.0, 1.0, delayed=True)
    assert asking.ask(PortfolioQuery("p")) == []
    assert asking.port.asked == {1: ProfitAsked((("DU1", "AAPL"),))}


def test_a_portfolio_is_shown_even_if_the_broker_can_value_none_of_it(asking: Asking):
    asking.held.append(Held("DU1", "XYZ", D(3), D(7)))
    asking.port.no_profits = True
    ((_, page),) = asking.ask(PortfolioQuery("p"))
    assert page.rows == (PortfolioRow("DU1", "XYZ", D(3), D(7)),)


def test_gains_are_asked_for_each_account_and_each_position(asking: Asking):
    asking.held += [Held("DU2", "AAPL", D(1), None), Held("DU1", "ES", D(1), None)]
    asking.ask(PnlQuery("g"), PnlQuery("h", "DU2", positions=True))
    assert [asked.of for asked in asking.port.asked.values()] == [
        (("DU1", ""), ("DU2", "")), (("DU2", ""), ("DU2", "AAPL")),
    ]  # fmt: skip


def test_gains_that_cannot_be_asked_for_fail_with_the_reason(asking: Asking):
    asking.port.no_profits = True
    ((_, failed),) = asking.ask(PnlQuery("g"))
    assert isinstance(failed, QueryFailed)
    assert failed.reason == "no words for it"
