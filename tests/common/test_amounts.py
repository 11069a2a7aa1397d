"""Amounts as text: digits that only a division has made are not printed, all others are."""

from decimal import Decimal

import pytest

from tapewire.common.accounting.book import Position
from tapewire.common.amounts import money, reported, text, text_or_none

D = Decimal
TEXTS = {
    "-29.09999999999999999999999730": "-29.1",
    "0.00": "0",
    "-0": "0",
    "-1E-20": "0",
    "1E+3": "1000",
    "100.10": "100.1",
    "0.00000001": "0.00000001",
    "123456789012345678901234.5678": "123456789012345678901234.5678",
}


@pytest.mark.parametrize(("value", "shown"), TEXTS.items())
def test_an_amount_as_text(value: str, shown: str) -> None:
    assert text(D(value)) == shown
    assert text_or_none(D(value)) == shown


def test_none_stays_none() -> None:
    assert text_or_none(None) is None


def test_an_amount_for_reading() -> None:
    assert money(D("-1234567.894")) == "-1,234,567.89"
    assert money(D("-0.001")) == "0.00"
    assert money(D("100.16666"), 4) == "100.1667"


def test_a_position_keeps_all_its_digits_and_shows_those_that_count() -> None:
    position = Position("AAPL")
    for change, price in ((1, "100"), (1, "100.1"), (1, "100.1"), (-3, "90.36666666667")):
        position.trade(D(change), D(price))
    exact = D("90.36666666667") * 3 - D("300.2")
    assert position.realised != exact, "as one third of 0.2 has no end"
    assert reported(position.realised) == reported(exact)
    assert text(position.realised) == "-29.1"
