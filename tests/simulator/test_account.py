"""The broker's books."""

from decimal import Decimal

import pytest

from tapewire.common.amounts import text
from tapewire.common.instruments import Instrument
from tapewire.simulator.exchange.account import Books

D = Decimal

A = Instrument(symbol="A")
ES = Instrument(symbol="ES", sec_type="FUT", multiplier=D(50))


@pytest.fixture
def books():
    return Books([A, ES], D(1000))


def fill(books, signed, price, symbol="A", commission="0"):
    return books.fill(symbol, D(signed), D(price), D(commission))


def test_an_opening_fill_realises_nothing(books):
    assert fill(books, "10", "5") is None
    assert fill(books, "10", "7") is None
    assert books.holdings["A"].average_price == 6


def test_a_closing_fill_realises_against_the_average_cost(books):
    fill(books, "10", "5")
    fill(books, "10", "7")
    assert fill(books, "-5", "8") == 10
    assert books.holdings["A"].quantity == 15
    assert books.holdings["A"].average_price == 6


def test_a_fill_through_zero_closes_one_side_and_opens_the_other(books):
    fill(books, "10", "5")
    assert fill(books, "-15", "6") == 10
    holding = books.holdings["A"]
    assert (holding.quantity, holding.average_price) == (-5, 6)


def test_a_short_gains_when_it_is_bought_back_lower(books):
    fill(books, "-4", "10")
    assert fill(books, "4", "9") == 4
    assert books.holdings["A"].average_price == 0


def test_the_multiplier_counts_in_gains_and_in_the_reported_cost(books):
    fill(books, "2", "4800", "ES")
    assert books.holdings["ES"].average_cost == 240_000
    assert books.holdings["ES"].unrealised(D("4801")) == 100
    assert fill(books, "-2", "4802", "ES") == 200


def test_shares_are_paid_in_cash_and_futures_settle_their_gains(books):
    fill(books, "10", "5", commission="1")
    assert books.cash == 949
    fill(books, "1", "4800", "ES")
    fill(books, "-1", "4801", "ES", commission="2.25")
    assert books.cash == D("996.75")


def test_thirds_do_not_leave_a_remainder_when_flat(books):
    fill(books, "3", "10")
    fill(books, "4", "11")
    for _ in range(7):
        fill(books, "-1", "12")
    holding = books.holdings["A"]
    assert holding.cost == 0
    assert text(holding.realised) == "10"


def test_a_holding_is_worth_its_price_and_a_future_its_gain(books):
    fill(books, "10", "5")
    fill(books, "1", "4800", "ES")
    assert books.value(books.holdings["A"], D(6)) == 60
    assert books.value(books.holdings["ES"], D(4801)) == 50


def test_only_what_was_traded_is_held(books):
    fill(books, "1", "5")
    fill(books, "-1", "5")
    assert [one.instrument.symbol for one in books.held()] == ["A"]


@pytest.mark.parametrize(
    ("value", "written"),
    [("1E+3", "1000"), ("0.10", "0.1"), ("-0.0", "0"), ("1E-8", "0.00000001"), ("5", "5")],
)
def test_numbers_are_written_without_exponents(value, written):
    assert text(D(value)) == written
