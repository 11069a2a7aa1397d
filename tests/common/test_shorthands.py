"""Symbols that say which contract they are: futures by month, pairs of currencies, options."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from tapewire.common import shorthands
from tapewire.common.config.instrument import InstrumentConfig
from tapewire.common.shorthands import Named
from tapewire.gateway.tws.encoder import contract_of
from tapewire.simulator.exchange.contracts import ContractQuery, Contracts


@pytest.mark.parametrize(
    ("symbol", "found"),
    [
        ("ES 202612", Named("FUT", "ES", expiry="202612")),
        ("ES 20261218", Named("FUT", "ES", expiry="20261218")),
        ("6E 202703", Named("FUT", "6E", expiry="202703")),
        ("EUR.USD", Named("CASH", "EUR", currency="USD")),
        *(
            (other, None)
            for other in ("AAPL", "ESZ6", "BRK.B", "ES 202613", "ES 20261232", "ES 20260231")
        ),
        *((other, None) for other in ("ES  202612", "es 202612", "EUR.USDT", "ES ٢٠٢٦١٢")),
    ],
)
def test_what_a_symbol_says(symbol: str, found: Named | None):
    assert shorthands.read(symbol) == found


def test_a_pair_is_paid_in_its_second_currency_at_ideal_pro():
    one = InstrumentConfig(symbol="EUR.JPY", min_tick=Decimal("0.005")).instrument()
    assert (one.sec_type, one.exchange, one.currency) == ("CASH", "IDEALPRO", "JPY")
    contract = contract_of(one)
    assert (contract.symbol, contract.currency, contract.secType) == ("EUR", "JPY", "CASH")
    assert (contract.localSymbol, contract.exchange) == ("", "IDEALPRO")


def test_a_future_is_asked_for_by_its_root_and_month():
    one = InstrumentConfig(symbol="ES 202612", exchange="CME", multiplier=50).instrument()
    contract = contract_of(one)
    assert (contract.symbol, contract.lastTradeDateOrContractMonth) == ("ES", "202612")
    assert (contract.secType, contract.localSymbol) == ("FUT", "")


def test_an_option_by_its_occ_name_and_a_share_are_what_they_were():
    assert InstrumentConfig(symbol="AAPL  261218C00190000").sec_type == "OPT"
    assert InstrumentConfig(symbol="AAPL").sec_type == "STK"


def test_what_is_said_to_be_something_else_is_that():
    one = InstrumentConfig(symbol="EUR.USD", sec_type="STK").instrument()
    assert (one.sec_type, one.exchange, contract_of(one).symbol) == ("STK", "SMART", "EUR.USD")


@pytest.mark.parametrize(
    ("symbol", "said"),
    [
        ("ES 202613", "ES 202613 names none"),
        ("ES 20260231", "ES 20260231 names none"),
        ("AAPL  261332C00190000", "AAPL  261332C00190000 has none"),
        ("AAPL  261218C00000000", "has none"),
    ],
)
def test_what_names_a_day_that_does_not_exist_is_refused_and_no_share(symbol: str, said: str):
    with pytest.raises(ValidationError, match=said):
        InstrumentConfig(symbol=symbol)
    assert InstrumentConfig(symbol=symbol, sec_type="STK").sec_type == "STK"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"symbol": "ES 202612"}, "given an exchange, such as CME"),
        ({"symbol": "EUR.USD", "currency": "JPY"}, 'without a currency, or with "USD"'),
    ],
)
def test_what_a_shorthand_needs_and_what_contradicts_it_is_refused(given: dict, said: str):
    with pytest.raises(ValidationError, match=said):
        InstrumentConfig(**given)


def test_the_simulator_finds_what_a_shorthand_stands_for():
    future = InstrumentConfig(symbol="ES 20261218", exchange="CME", multiplier=50).instrument()
    pair = InstrumentConfig(symbol="EUR.USD").instrument()
    known = Contracts([future, pair])

    def find(symbol: str, kind: str, currency: str = "USD", expiry: str = "") -> list[str]:
        query = ContractQuery(0, symbol, kind, "", currency, "", expiry=expiry)
        return [one.symbol for one in known.find(query)]

    assert find("ES", "FUT", expiry="202612") == find("ES", "FUT", expiry="20261218")
    assert find("ES", "FUT", expiry="202612") == ["ES 20261218"]
    assert find("ES", "FUT", expiry="202703") == []
    assert find("EUR", "CASH") == ["EUR.USD"]
    assert find("EUR", "CASH", currency="JPY") == find("EUR", "STK") == []
