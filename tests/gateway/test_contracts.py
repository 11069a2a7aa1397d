"""Contracts: which of TWS's contracts is which of our symbols."""

from decimal import Decimal

import pytest

from tapewire.common.instruments import Instrument
from tapewire.gateway.tws.contracts import Contracts
from tapewire.gateway.tws.messages import ContractFound, PositionReported

AAPL = Instrument(symbol="AAPL")
ES = Instrument(symbol="ESZ6", sec_type="FUT", exchange="CME", con_id=2001)


def held(con_id: int, symbol: str, local_symbol: str) -> PositionReported:
    return PositionReported("DU1", con_id, symbol, local_symbol, Decimal(1), Decimal(1))


@pytest.fixture
def contracts() -> Contracts:
    known = Contracts([AAPL, ES])
    known.asked(900, "AAPL")
    return known


def test_only_symbols_without_a_contract_id_are_asked_for(contracts: Contracts):
    assert contracts.unresolved() == ["AAPL"]
    contracts.found(ContractFound(900, 1001, "AAPL", Decimal("0.01")))
    assert contracts.unresolved() == []
    assert contracts.contract("AAPL").conId == 1001


def test_a_second_answer_to_one_question_changes_nothing(contracts: Contracts):
    contracts.found(ContractFound(900, 1001, "AAPL", Decimal("0.01")))
    contracts.found(ContractFound(900, 1002, "AAPL", Decimal("0.01")))
    assert contracts.contract("AAPL").conId == 1001


def test_an_answer_that_nobody_asked_for_is_passed_over(contracts: Contracts):
    contracts.found(ContractFound(901, 1001, "AAPL", Decimal("0.01")))
    assert contracts.unresolved() == ["AAPL"]


def test_a_symbol_that_is_not_configured_has_no_contract(contracts: Contracts):
    with pytest.raises(KeyError):
        contracts.contract("TSLA")


def test_a_contract_is_known_by_its_id_before_all_else(contracts: Contracts):
    assert contracts.symbol_of(held(2001, "ES", "ESZ6")) == "ESZ6"
    assert contracts.symbol_of(held(2001, "ES", "something")) == "ESZ6"


def test_before_its_id_is_known_its_name_counts(contracts: Contracts):
    assert contracts.symbol_of(held(1001, "AAPL", "AAPL")) == "AAPL"


def test_an_option_on_a_share_is_not_the_share(contracts: Contracts):
    contracts.found(ContractFound(900, 1001, "AAPL", Decimal("0.01")))
    option = held(5555, "AAPL", "AAPL  261218C00150000")
    assert contracts.symbol_of(option) == "AAPL  261218C00150000#5555"
    assert contracts.symbol_of(held(1001, "AAPL", "AAPL")) == "AAPL"


def test_what_is_not_configured_keeps_the_name_that_tws_gives_it(contracts: Contracts):
    assert contracts.symbol_of(held(77, "TSLA", "TSLA")) == "TSLA"
