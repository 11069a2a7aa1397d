"""Options for ib_async, unmodified, over real sockets: a chain, its greeks, and a spread."""

from datetime import UTC, datetime, timedelta

import ib_async
import pytest

from tests.simulator.ib_async_client import connect

EXPIRY = datetime.now(UTC).date() + timedelta(days=90)
NAMES = [f"AAPL  {EXPIRY:%y%m%d}{right}00{k:03}000" for right in "CP" for k in (95, 105, 115)]


@pytest.fixture
def ib(run_simulator):
    simulator = run_simulator("--symbols", ",".join(["AAPL", *NAMES]), "--rate", "2000")
    client = connect(simulator, 3)
    yield client
    client.disconnect()


def test_a_chain_is_listed_qualified_quoted_and_traded(ib, wait_until):
    (stock,) = ib.qualifyContracts(ib_async.Stock("AAPL", "SMART", "USD"))
    (chain,) = ib.reqSecDefOptParams("AAPL", "", "STK", stock.conId)
    assert (chain.tradingClass, chain.multiplier, chain.expirations, chain.strikes) == (
        "AAPL", "100", [f"{EXPIRY:%Y%m%d}"], [95, 105, 115],
    )  # fmt: skip
    wanted = [
        ib_async.Option("AAPL", chain.expirations[0], strike, right, "SMART")
        for strike in chain.strikes
        for right in "CP"
    ]
    options = ib.qualifyContracts(*wanted)
    assert sorted(one.localSymbol for one in options) == sorted(NAMES)
    tickers = [ib.reqMktData(one) for one in (stock, *options)][1:]
    wait_until(lambda: all(one.modelGreeks and one.modelGreeks.delta for one in tickers), ib.sleep)
    for one in tickers:
        delta = one.modelGreeks.delta
        assert 0 < delta <= 1 if one.contract.right == "C" else -1 <= delta < 0
    calls = ((options[0].conId, "BUY"), (options[2].conId, "SELL"))
    legs = [ib_async.ComboLeg(con_id, 1, side, "SMART") for con_id, side in calls]
    bag = ib_async.Bag(symbol="AAPL", exchange="SMART", currency="USD", comboLegs=legs)
    spread = ib.reqMktData(bag)
    wait_until(spread.hasBidAsk, ib.sleep)
    assert spread.bid < spread.ask
    trade = ib.placeOrder(options[2], ib_async.MarketOrder("BUY", 2))
    wait_until(trade.isDone, ib.sleep)
    assert trade.orderStatus.status == "Filled"
    (fill,) = trade.fills
    assert (fill.contract.localSymbol, fill.contract.strike) == (options[2].localSymbol, 105)
    wait_until(
        lambda: (
            [(one.contract.localSymbol, one.position) for one in ib.positions()]
            == [(options[2].localSymbol, 2)]
        ),
        ib.sleep,
    )
    assert ib.positions()[0].avgCost == pytest.approx(fill.execution.price * 100)
