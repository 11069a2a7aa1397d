"""Combos by what traders write: the legs that a text stands for, and what is none."""

from decimal import Decimal

import pytest

from tapewire.common import combos
from tapewire.common.events import ComboLeg, OrderTerms, combo_name
from tapewire.common.options import OptionTerms, name_of, read_name

C230, C240 = "AAPL  261218C00230000", "AAPL  261218C00240000"
P225 = "AAPL  261218P00225000"


@pytest.mark.parametrize(
    "text",
    [
        "AAPL 20261218 C 230/240",
        "AAPL 20261218 C230/240",
        "AAPL 20261218 C230 - AAPL 20261218 C240",
        "1 AAPL 20261218 C 230 - 1 AAPL 20261218 C 240",
        f"{C230} - {C240}",
        f" + {C230}  -  {C240} ",
    ],
)
def test_a_vertical_buys_its_first_strike_and_sells_its_second(text: str):
    assert combos.read(text) == (ComboLeg(C230, 1, "BUY"), ComboLeg(C240, 1, "SELL"))


@pytest.mark.parametrize(
    ("text", "legs"),
    [
        ("AAPL - 2 MSFT", [("AAPL", 1, "BUY"), ("MSFT", 2, "SELL")]),
        ("- AAPL + MSFT", [("AAPL", 1, "SELL"), ("MSFT", 1, "BUY")]),
        ("ES 202612 - ES 202703", [("ES 202612", 1, "BUY"), ("ES 202703", 1, "SELL")]),
        ("700 202612 - 2 700 202703", [("700 202612", 1, "BUY"), ("700 202703", 2, "SELL")]),
        (
            "AAPL 20261218 P225 - 2 AAPL 20261218 C230 + AAPL 20261218 C240 - BRK B",
            [(P225, 1, "BUY"), (C230, 2, "SELL"), (C240, 1, "BUY"), ("BRK B", 1, "SELL")],
        ),
    ],
)
def test_any_legs_have_a_sign_and_a_ratio(text: str, legs: list):
    assert combos.read(text) == tuple(ComboLeg(*one) for one in legs)


def test_what_a_combo_is_called_reads_as_the_same_combo():
    legs = (ComboLeg(P225, 1, "SELL"), ComboLeg("700 202612", 1, "BUY"), ComboLeg(C240, 3, "SELL"))
    assert combos.read(combo_name(legs)) == legs


@pytest.mark.parametrize(
    "text", ["", "AAPL", "ES 202612", "EUR.USD", C230, "AAPL 20261218 C230", "BRK-B", "A -B", "A -"]
)
def test_a_symbol_is_no_combo(text: str):
    assert combos.read(text) == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("AAPL 20261318 C 230/240", "month must be"),
        ("AAPL 202612 C 230/240", "is not a date as YYYYMMDD"),
        ("AAPL 20261218 C 230/230.000", "both strikes"),
        ("AAPL 20261218 C 230/x", "strike is x; it must be a number"),
        ("AAPL 20261218 C 2_30/240", "strike is 2_30; it must be a number"),
        ("AAPL 20261218 C 1e2/240", "strike is 1e2; it must be a number"),
        ("AAPL 20261218 C -230/240", "strike is -230; it must be a number"),
        ("AAPL 20261218 C ٢٣٠/240", "it must be a number"),
        ("AAPL 20261218 C 230/NaN", "strike is NaN"),
        ("AAPL 20261218 C 0/240", "strike is 0; it must be above 0"),
        ("AAPL 20261218 C 230.0001/240", "whole thousandths"),
        ("AAPL 20261218 C 230/100000", "below 100000"),
        ("APPLES1 20261218 C 230/240", "is not a root of an option"),
        ("aapl 20261218 C 230/240", "is not a root of an option"),
        ("AAPL 21261218 C 230/240", "this century"),
        ("AAPL - AAPL", "each in one leg"),
        ("AAPL 20261218 C230 - AAPL  261218C00230000", "each in one leg"),
        ("AAPL - 0 MSFT", "a ratio of 1 to 1000"),
        ("AAPL - 1001 MSFT", "a ratio of 1 to 1000"),
        ("AAPL - - MSFT", "must be a symbol"),
        ("AAPL 20261218 C230 - AAPL 20261232 C240", "day is out of range"),
    ],
)
def test_what_makes_no_sense_says_why(text: str, says: str):
    with pytest.raises(ValueError, match=says):
        combos.read(text)


def test_a_vertical_takes_numbers_as_they_are_written():
    wanted = (
        ComboLeg("F     261218P00012345", 1, "BUY"),
        ComboLeg("F     261218P00012000", 1, "SELL"),
    )
    assert combos.vertical("F", "20261218", "P", 12.345, "12") == wanted
    assert combos.vertical("F", "20261218", "P", Decimal("12.345"), 12) == wanted
    with pytest.raises(ValueError, match="right is 'X'; it must be C"):
        combos.vertical("F", "20261218", "X", 12, 13)


def test_its_one_order_trades_the_legs_for_a_net_price():
    terms = OrderTerms("BUY", Decimal(2), "LMT", Decimal("3.5"))
    order = combos.combo_order(combos.read("AAPL 20261218 C 230/240"), terms)
    assert (order.role, order.symbol, order.terms) == ("order", f"{C230} - {C240}", terms)
    assert [leg.symbol for leg in order.legs] == [C230, C240]


def test_an_option_in_words_is_its_occ_name_and_anything_else_itself():
    assert combos.symbol_of("AAPL 20261218 C 230") == combos.symbol_of("AAPL 20261218 C230") == C230
    assert combos.symbol_of("ES 202612") == "ES 202612"


def test_a_name_reads_as_the_terms_that_it_was_made_of():
    terms = read_name(C230)
    assert terms is not None
    assert name_of(terms) == C230
    with pytest.raises(ValueError, match="strike is Infinity"):
        name_of(OptionTerms("AAPL", terms.expiry, Decimal("Infinity"), "C"))
