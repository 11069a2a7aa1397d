"""Contract details in full, as a client of TWS reads them."""

import ib_async
import pytest

from tests.simulator.ib_async_client import connect


@pytest.fixture
def details(run_simulator):
    """Details of a share, a future, a pair and an option, by local symbol."""
    ib = connect(run_simulator(), 1)
    asked = (
        ib_async.Stock("TSLA", "SMART", "USD"),
        ib_async.Future("NQ", "203012"),
        ib_async.Forex("EURUSD"),
        ib_async.Option("TSLA", "20281215", 200, "C", "SMART"),
    )
    found = [one for contract in asked for one in ib.reqContractDetails(contract)]
    ib.disconnect()
    return {one.contract.localSymbol: one for one in found}


def test_details_say_what_a_contract_is_on_until_when_and_where_it_trades(details):
    share, option = details["TSLA"], details["TSLA  281215C00200000"]
    assert (option.underSymbol, option.underSecType) == ("TSLA", "STK")
    assert option.underConId == share.contract.conId
    assert (option.contractMonth, option.realExpirationDate) == ("202812", "20281215")
    future = details["NQZ0"]
    assert (future.underSymbol, future.underSecType) == ("NQ", "IND")
    assert (future.contract.symbol, future.contract.tradingClass) == ("NQ", "NQ")
    assert (future.contractMonth, future.realExpirationDate) == ("203012", "20301220")
    assert (future.contract.multiplier, future.minTick) == ("20", 0.25)
    pair = details["EUR.USD"]
    assert (pair.contract.symbol, pair.contract.currency) == ("EUR", "USD")
    assert (pair.underSymbol, pair.underSecType) == ("", "")
    assert share.industry
    assert not future.industry


def test_each_exchange_has_a_market_rule_and_each_contract_the_hours_of_a_week(details):
    for one in details.values():
        exchanges = one.validExchanges.split(",")
        assert exchanges[0] == one.contract.exchange
        assert len(one.marketRuleIds.split(",")) == len(exchanges)
        assert len(one.tradingSessions()) == len(one.liquidSessions()) == 7
        assert one.timeZoneId == "UTC"
        assert one.longName
        assert "LMT" in one.orderTypes.split(",")
