"""Options in TWS's words: the gateway's codec and the simulator's, each the other's oracle."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.events import InstrumentDescribed
from tapewire.common.instruments import Instrument
from tapewire.common.options import instrument_of
from tapewire.gateway.descriptions import _wrong_money
from tapewire.gateway.tws.contracts import Contracts
from tapewire.gateway.tws.encoder import RequestEncoder, contract_of
from tapewire.gateway.tws.messages import ContractFound, PositionReported
from tapewire.gateway.tws.translate import Translator
from tapewire.simulator.exchange.account import Holding
from tapewire.simulator.exchange.contracts import ContractQuery
from tapewire.simulator.exchange.contracts import Contracts as AtTws
from tapewire.simulator.protocol import messages
from tapewire.simulator.protocol.decoders import decode
from tests.gateway.tws_bench import submit

VERSION = 157
CALL = "AAPL  261218C00190000"
AAPL = instrument_of("AAPL", con_id=1001)
OPTION = instrument_of(CALL, con_id=5555)
PUT = instrument_of("AAPL  261218P00190000", con_id=5556)
ELSEWHERE = instrument_of(
    "C SAP DEC26 180", sec_type="OPT", exchange="EUREX", currency="EUR", multiplier=Decimal(100),
    underlying="SAP", expiry="20261218", strike=Decimal(180), right="C", con_id=5557,
)  # fmt: skip


@pytest.fixture
def at_tws() -> AtTws:
    return AtTws([AAPL, OPTION, PUT, ELSEWHERE])


def asked(instrument: Instrument) -> ContractQuery:
    """What TWS reads of the gateway's question about a contract."""
    contract = contract_of(instrument)
    contract.conId = 0
    data = RequestEncoder(1, VERSION).contract_details(7, contract)
    request = decode(data[4:].decode().split("\0")[:-1], VERSION)
    found = request.contract  # type: ignore[attr-defined]
    assert isinstance(found, ContractQuery)
    return found


@pytest.mark.parametrize("option", [OPTION, PUT, ELSEWHERE, AAPL])
def test_tws_finds_the_contract_that_is_meant(at_tws: AtTws, option: Instrument):
    assert at_tws.find(asked(option)) == [option]


def test_an_option_goes_out_with_all_of_its_terms():
    query = asked(OPTION)
    assert (query.symbol, query.sec_type, query.local_symbol) == ("AAPL", "OPT", CALL)
    assert (query.expiry, query.strike, query.right) == ("20261218", Decimal(190), "C")


def test_what_a_question_leaves_out_may_be_any(at_tws: AtTws):
    query = ContractQuery(0, "AAPL", "OPT", "SMART", "USD", "", expiry="202612")
    assert at_tws.find(query) == [OPTION, PUT]
    assert at_tws.find(ContractQuery(0, "AAPL", "STK", "SMART", "USD", "")) == [AAPL]


@pytest.mark.parametrize("option", [OPTION, PUT, ELSEWHERE])
def test_what_tws_says_of_an_option_is_what_it_is(option: Instrument):
    data = messages.frame(messages.contract_details(VERSION, 7, option))
    (found,) = Translator(VERSION).read(data[4:])
    assert isinstance(found, ContractFound)
    assert (found.symbol, found.local_symbol) == (option.underlying, option.symbol)
    assert (found.expiry, found.strike, found.right) == (
        option.expiry, option.strike, option.right,
    )  # fmt: skip
    assert found.multiplier == 100


def test_a_position_in_an_option_is_of_its_own_symbol():
    holding = Holding(OPTION)
    holding.fill(Decimal(3), Decimal("2.5"))
    data = messages.frame(messages.position("DU1", holding))
    (reported,) = Translator(VERSION).read(data[4:])
    assert isinstance(reported, PositionReported)
    assert Contracts([AAPL, instrument_of(CALL)]).symbol_of(reported) == CALL
    assert reported.average_cost == 250


@pytest.mark.parametrize(
    ("key", "theirs"),
    [("strike", Decimal(195)), ("expiry", "20261217"), ("right", "P"), ("multiplier", Decimal(10))],
)
def test_nothing_adds_risk_in_an_option_that_the_broker_has_otherwise(key: str, theirs: object):
    given = {"expiry": "20261218", "strike": Decimal("190.0"), "right": "C"}
    given |= {"multiplier": Decimal(100), key: theirs}
    event = InstrumentDescribed(
        ts_ns=1, symbol=CALL, con_id=5555, sec_type="OPT", exchange="SMART", currency="USD",
        long_name="", min_tick=Decimal("0.01"), **given,  # type: ignore[arg-type]
    )  # fmt: skip
    (said,) = _wrong_money(event, OPTION)
    assert key in said


def test_orders_in_two_options_of_one_underlying_are_in_two_contracts():
    """Before TWS has given their ids; an order is encoded once for each contract."""
    encoder = RequestEncoder(1, VERSION)
    call = replace(ELSEWHERE, con_id=0)
    put = replace(call, symbol="P SAP DEC26 180", right="P")
    at_tws = AtTws([call, put])
    for option in (call, put):
        data = encoder.place_order("5", submit(), contract_of(option))
        request = decode(data[4:].decode().split("\0")[:-1], VERSION)
        (found,) = at_tws.find(request.contract)  # type: ignore[attr-defined]
        assert found.symbol == option.symbol
