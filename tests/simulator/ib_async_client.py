"""ib_async, connected to a simulator in a process of its own."""

import ib_async
import pytest


def connect(simulator, client_id):
    client = ib_async.IB()
    client.connect("127.0.0.1", simulator.port, client_id, raiseSyncErrors=True)
    return client


@pytest.fixture
def stock(ib):
    contract = ib_async.Stock("AAPL", "SMART", "USD")
    assert ib.qualifyContracts(contract) == [contract]
    return contract


@pytest.fixture
def quoted(ib, stock, wait_until):
    ticker = ib.reqMktData(stock)
    wait_until(lambda: ticker.hasBidAsk() and ticker.last > 0, ib.sleep)
    return ticker
