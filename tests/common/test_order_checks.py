"""What keeps an order back that no exchange would take: its lot, its tick, its end."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.events import InstrumentDescribed, OrderTerms, PriceStep
from tapewire.common.instruments import Instrument
from tapewire.common.order_checks import terms_denial

AAPL = Instrument(symbol="AAPL")
ES = Instrument(symbol="ESZ6", sec_type="FUT", min_tick=Decimal("0.25"))
BTC = Instrument(symbol="BTC", sec_type="CRYPTO", min_tick=Decimal("0.01"))
NOW_NS = 1_000


def denial(
    instrument: Instrument,
    quantity: str = "1",
    described: InstrumentDescribed | None = None,
    **given: object,
) -> str:
    terms = OrderTerms("BUY", Decimal(quantity), **given)
    return terms_denial(terms, instrument, NOW_NS, described=described)


def told(min_tick: str, **steps: str) -> InstrumentDescribed:
    """What the broker says: the smallest step, and steps by the price from which they hold."""
    rule = tuple(PriceStep(Decimal(at[1:]), Decimal(step)) for at, step in steps.items())
    return InstrumentDescribed(
        1, "X", 1, "STK", "SMART", "USD", "", Decimal(1), Decimal(min_tick), price_steps=rule
    )


@pytest.mark.parametrize("price", ["5000.25", "5000", "-0.25", "0"])
def test_a_price_on_the_tick_passes(price: str):
    assert denial(ES, type="LMT", limit=Decimal(price)) == ""


@pytest.mark.parametrize("price", ["0", "-1"])
@pytest.mark.parametrize("name", ["limit", "stop"])
def test_only_the_price_of_a_future_may_be_0_or_less(name: str, price: str):
    given = {name: Decimal(price)}
    assert denial(AAPL, **given) == f"{name} is {price}; a price of AAPL is above 0"
    assert denial(ES, **given) == ""


@pytest.mark.parametrize("name", ["limit", "stop"])
def test_a_price_off_the_tick_is_denied_with_the_tick(name: str):
    assert denial(ES, **{name: Decimal("5000.1")}) == (
        f"{name} price is 5000.1; prices of ESZ6 are multiples of 0.25 (min_tick in its"
        " [[instruments]] entry), and the nearest to it are 5000 and 5000.25"
    )


@pytest.mark.parametrize(("distance", "nearest"), [("0.3", "are 0.25 and 0.5"), ("0.1", "is 0.25")])
@pytest.mark.parametrize("name", ["trail", "limit_offset"])
def test_a_distance_is_a_multiple_of_the_tick_and_never_0(name: str, distance: str, nearest: str):
    assert denial(ES, **{name: Decimal("0.75")}) == ""
    assert denial(ES, **{name: Decimal(distance)}) == (
        f"{name} is {distance}; prices of ESZ6 are multiples of 0.25 (min_tick in its"
        f" [[instruments]] entry), and the nearest to it {nearest}"
    )


def test_a_percentage_need_not_be_a_price():
    assert denial(ES, trail_percent=Decimal("0.3")) == ""


def test_a_distance_has_the_step_of_the_stop_where_that_is_known():
    """Without a stop it has the one of its own size: a share may be below 1."""
    distance = Decimal("0.305")
    assert denial(AAPL, trail=distance) == ""
    assert denial(AAPL, trail=distance, stop=Decimal("0.5")) == ""
    assert denial(AAPL, trail=distance, stop=Decimal(140)) == (
        "trail is 0.305; prices of AAPL from 1 on are multiples of 0.01 (min_tick in its"
        " [[instruments]] entry), and the nearest to it are 0.3 and 0.31"
    )


def test_each_price_is_held_against_the_brokers_step_at_that_price():
    vix = told("0.05", _0="0.05", _3="0.10")
    assert denial(ES, described=vix, limit=Decimal("2.95"), stop=Decimal("3.10")) == ""
    assert denial(ES, described=vix, limit=Decimal("2.95"), stop=Decimal("3.05")) == (
        "stop price is 3.05; prices of ESZ6 from 3 on are multiples of 0.10 (the broker's market"
        " rule), and the nearest to it are 3 and 3.1"
    )


def test_without_its_market_rule_the_brokers_smallest_step_counts():
    assert denial(ES, described=told("0.05"), limit=Decimal("5000.05")) == ""
    assert denial(AAPL, described=told("0.05"), limit=Decimal("150.01")) == (
        "limit price is 150.01; prices of AAPL are multiples of 0.05 (the smallest step that the"
        " broker names), and the nearest to it are 150 and 150.05"
    )
    assert "multiples of 0.25 (min_tick" in denial(ES, described=told("0"), limit=Decimal("1.1"))


@pytest.mark.parametrize(
    "instrument",
    [
        Instrument(symbol="EUR", sec_type="CASH"),
        Instrument(symbol="ZNZ6", sec_type="FUT"),
        Instrument(symbol="SAP", currency="EUR"),
    ],
    ids=lambda instrument: instrument.symbol,
)
def test_the_default_tick_is_held_against_us_shares_alone(instrument: Instrument):
    assert denial(instrument, limit=Decimal("1.08345")) == ""
    stated = replace(instrument, min_tick=Decimal("0.005"))
    assert "multiples of 0.005" in denial(stated, limit=Decimal("1.08345"))


def test_a_share_below_one_dollar_has_the_smaller_tick():
    assert denial(AAPL, limit=Decimal("0.1234")) == ""
    assert "multiples of 0.0001" in denial(AAPL, limit=Decimal("0.12345"))
    assert "multiples of 0.01" in denial(AAPL, limit=Decimal("1.0001"))


def test_a_quantity_in_whole_lots_passes_and_any_other_is_denied():
    lots = Instrument(symbol="7203", lot=Decimal(100))
    assert denial(lots, "300") == ""
    assert denial(lots, "250") == (
        "quantity is 250; 7203 trades in lots of 100 (lot in its [[instruments]] entry)"
    )
    assert "lots of 1 " in denial(AAPL, "0.5")
    assert denial(Instrument(symbol="AAPL", lot=Decimal("0.0001")), "0.5") == ""


def test_what_trades_in_fractions_needs_no_lot_but_keeps_one_that_is_given():
    assert denial(BTC, "0.0137") == ""
    tenths = Instrument(symbol="BTC", sec_type="CRYPTO", lot=Decimal("0.1"))
    assert "lots of 0.1 " in denial(tenths, "0.15")


def test_an_order_that_would_end_before_it_began_is_denied():
    gtd = {"time_in_force": "GTD"}
    assert denial(AAPL, good_till_ns=NOW_NS + 1, **gtd) == ""
    assert denial(AAPL, good_till_ns=NOW_NS, **gtd) == "good_till_ns is 1000, which is over"


@pytest.mark.parametrize("number", ["9E+30", "1E-30", "123456789012345678901234567890.5"])
def test_no_number_that_the_wire_carries_is_too_large_to_be_checked(number: str):
    small = Instrument(symbol="X", min_tick=Decimal("1E-30"), lot=Decimal("1E-30"))
    assert denial(small, number, limit=Decimal(number)) == ""
    denial(AAPL, number, limit=Decimal(number))
