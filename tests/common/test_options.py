"""Options by their OCC names."""

from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError

from tapewire.common.config.instrument import InstrumentConfig
from tapewire.common.instruments import Instrument
from tapewire.common.options import instrument_of, read_name, root_of, terms_of

CALL = "AAPL  261218C00190000"


def test_a_name_says_what_the_option_is_on():
    assert read_name(CALL) == ("AAPL", date(2026, 12, 18), Decimal(190), "C")


def test_a_strike_has_thousandths():
    terms = read_name("F     270115P00012625")
    assert terms == ("F", date(2027, 1, 15), Decimal("12.625"), "P")


@pytest.mark.parametrize(
    "symbol",
    [
        "AAPL", "ESZ6", "", "AAPL 261218C00190000", "AAPL  261318C00190000",
        "AAPL  261218X00190000", "AAPL  261218C00000000", "aapl  261218C00190000",
        "AAPL  261218C001900001", " AAPL 261218C00190000",
    ],
)  # fmt: skip
def test_anything_else_is_no_option(symbol: str):
    assert read_name(symbol) is None


def test_a_name_alone_configures_an_option():
    one = InstrumentConfig(symbol=CALL).instrument()
    assert one == Instrument(
        symbol=CALL, sec_type="OPT", multiplier=Decimal(100), underlying="AAPL",
        expiry="20261218", strike=Decimal(190), right="C",
    )  # fmt: skip
    assert InstrumentConfig.of(one).instrument() == one


def test_what_is_given_beside_the_name_counts():
    one = InstrumentConfig(
        symbol="SPXW  261218C06000000", underlying="SPX", multiplier=Decimal(10)
    ).instrument()
    assert (one.underlying, one.multiplier) == ("SPX", 10)
    assert root_of(one) == "SPXW"


def test_an_option_elsewhere_has_its_terms_by_themselves():
    one = InstrumentConfig(
        symbol="C SAP DEC26 180", sec_type="OPT", exchange="EUREX", currency="EUR",
        multiplier=Decimal(100), underlying="SAP", expiry="20261218", strike=Decimal(180),
        right="C",
    ).instrument()  # fmt: skip
    assert terms_of(one) == ("SAP", date(2026, 12, 18), Decimal(180), "C")
    assert root_of(one) == "SAP"


def test_an_option_of_which_only_the_name_is_known_stays_one():
    one = InstrumentConfig(symbol="C SAP DEC26 180", sec_type="OPT", currency="EUR").instrument()
    assert terms_of(one) is None
    assert one.multiplier == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"symbol": "AAPL", "strike": 190}, "an option"),
        ({"symbol": CALL, "strike": 195}, CALL),
        ({"symbol": CALL, "right": "P"}, CALL),
        ({"symbol": CALL, "expiry": "20261219"}, CALL),
        ({"symbol": CALL, "expiry": "20261332"}, "20261218"),
        ({"symbol": CALL, "strike": -1}, "greater than 0"),
        ({"symbol": "C SAP", "sec_type": "OPT", "strike": 180}, "expiry, right, underlying"),
        ({"symbol": CALL, "sec_type": "STK", "right": "C"}, "an option"),
    ],
)
def test_terms_that_contradict_each_other_are_refused(wrong: dict[str, object], said: str):
    with pytest.raises(ValidationError, match=said):
        InstrumentConfig(**wrong)  # type: ignore[arg-type]


def test_an_instrument_by_its_name_alone():
    assert instrument_of("AAPL") == Instrument(symbol="AAPL")
    assert instrument_of(CALL, min_tick=Decimal("0.05")).min_tick == Decimal("0.05")
