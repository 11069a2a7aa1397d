"""Without a list of instruments, whatever a client describes well enough is a contract."""

from datetime import UTC, datetime
from itertools import islice, pairwise

import ib_async
import pytest

from tapewire.common.instruments import Instrument
from tapewire.simulator.exchange.contracts import NO_CONTRACT, ContractQuery, Contracts
from tapewire.simulator.market import open_market
from tapewire.simulator.market.open_market import OpenMarket
from tapewire.simulator.server import TwsServer
from tapewire.simulator.settings import SimulatorSettings
from tests.simulator.conftest import AAPL, START_NS, Client, Tws
from tests.simulator.ib_async_client import connect

TODAY_NS = int(datetime(2026, 11, 26, tzinfo=UTC).timestamp()) * 1_000_000_000


def market(seed=1, start_ns=TODAY_NS):
    return OpenMarket([AAPL], seed, 100.0, start_ns)


def query(symbol="", sec_type="STK", exchange="", currency="", local="", con_id=0, **terms):
    return ContractQuery(con_id, symbol, sec_type, exchange, currency, local, **terms)


def find(contracts, *what, **more):
    return contracts.find(query(*what, **more))


def test_a_future_of_a_month_that_does_not_exist_is_no_share_either(contracts):
    for symbol in ("ES 202613", "ES 202612"):
        assert contracts.find(query(symbol, "STK", "SMART", "USD")) == []


@pytest.fixture
def contracts():
    return Contracts([AAPL], market())


@pytest.mark.parametrize(
    ("asked", "symbol", "exchange", "expiry"),
    [
        (query("TSLA", "STK", "SMART", "USD"), "TSLA", "SMART", ""),
        (query("BRK B", "STK", "NYSE"), "BRK B", "SMART", ""),
        (query("ES", "FUT", "CME", expiry="202612"), "ESZ6", "CME", "20261218"),
        (query("ES", "FUT", expiry="20261218"), "ESZ6", "CME", "20261218"),
        (query("", "FUT", local="NQH7"), "NQH7", "CME", "20270319"),
        (query("CL", "FUT", "NYMEX", expiry="20261219"), "CLZ6", "NYMEX", "20261219"),
        (query("EUR", "CASH", "IDEALPRO", "USD"), "EUR.USD", "IDEALPRO", ""),
        (query("USD", "CASH", "", "JPY"), "USD.JPY", "IDEALPRO", ""),
        (
            query("TSLA", "OPT", "SMART", expiry="20261218", strike=250, right="C"),
            "TSLA  261218C00250000", "SMART", "20261218",
        ),
        (query("", "OPT", local="TSLA  261218P00250000"), "TSLA  261218P00250000", "SMART",
         "20261218"),
    ],
)  # fmt: skip
def test_a_well_formed_description_is_one_contract(contracts, asked, symbol, exchange, expiry):
    (found,) = contracts.find(asked)
    assert (found.symbol, found.exchange, found.expiry) == (symbol, exchange, expiry)
    assert contracts.find(query(con_id=found.con_id, sec_type="")) == [found]
    assert contracts.find(asked) == [found]


@pytest.mark.parametrize(
    "asked",
    [
        query("tsla"), query("TSLA", "STK", "CME"), query("TSLA", ""), query(""),
        query("TSLA", "BOND"), query("TSLA", "STK", "SMART", "DOLLARS"),
        query("TSLA", local="AAPL"), query("TS\nLA"),
        query("ES", "FUT", "CME"), query("ES", "FUT", expiry="202613"),
        query("ES", "FUT", expiry="202610"), query("ES", "FUT", "CBOT", expiry="202612"),
        query("NQ", "FUT", local="ESZ6"),
        query("EUR", "CASH", "IDEALPRO", "EUR"), query("ABC", "CASH", "IDEALPRO", "USD"),
        query("TSLA", "OPT", expiry="20261218", strike=250),
        query("TSLA", "OPT", expiry="20261232", strike=250, right="C"),
        query("TSLA", "OPT", expiry="20261118", strike=250, right="C"),
        query("TSLA", "OPT", expiry="19261218", strike=250, right="C"),
        query(con_id=4711, symbol="TSLA"),
    ],
)  # fmt: skip
def test_what_is_not_well_formed_or_has_expired_is_no_contract(contracts, asked):
    assert contracts.find(asked) == []
    assert contracts.missing(asked) == NO_CONTRACT
    assert list(contracts.by_symbol) == ["AAPL"]


def test_an_option_brings_what_it_is_on(contracts):
    find(contracts, "TSLA", "OPT", expiry="20261218", strike=250, right="C")
    assert list(contracts.by_symbol) == ["AAPL", "TSLA", "TSLA  261218C00250000"]


def rows_of(symbol, others=(), seed=1):
    made = market(seed)
    contracts = Contracts([AAPL], made)
    for other in (*others, symbol):
        assert find(contracts, other)
    rows = [
        (row.bid, row.ask, row.last, row.last_size)
        for row in islice(made, 3_000)
        if row.symbol == symbol
    ]
    return contracts.by_symbol[symbol].con_id, rows[:50]


def test_a_symbol_has_the_same_id_and_prices_in_each_run_with_a_seed():
    assert rows_of("TSLA") == rows_of("TSLA", others=["NVDA", "AMD"])
    assert rows_of("TSLA") != rows_of("TSLA", seed=2)
    assert rows_of("TSLA")[1][0] != rows_of("NVDA")[1][0]


def test_the_market_goes_on_in_order_when_something_is_added():
    made = market()
    rows = list(islice(made, 100))
    made.add(Instrument(symbol="TSLA"))
    rows += list(islice(made, 400))
    times = [row.ts_ns for row in rows]
    assert times == sorted(times)
    assert {row.symbol for row in rows} == {"AAPL", "TSLA"}


def test_prices_are_about_those_of_their_kind_and_on_their_grid(contracts):
    made = market()
    contracts = Contracts([AAPL], made)
    find(contracts, "ES", "FUT", expiry="202612")
    find(contracts, "EUR", "CASH", currency="USD")
    bids = {row.symbol: row.bid for row in islice(made, 300) if row.bid}
    assert 5_000 < float(bids["ESZ6"]) < 7_000
    assert 0.9 < float(bids["EUR.USD"]) < 1.25


def test_the_contracts_that_are_made_have_an_end_that_the_error_explains(monkeypatch):
    monkeypatch.setattr(open_market, "MADE_MAX", 2)
    contracts = Contracts([AAPL], market())
    assert find(contracts, "TSLA")
    assert find(contracts, "NVDA")
    assert find(contracts, "AMD") == []
    assert "--symbols" in contracts.missing(query("AMD"))
    assert contracts.missing(query("amd")) == NO_CONTRACT
    assert find(contracts, "TSLA")


def test_the_options_on_any_share_can_be_looked_up(contracts):
    find(contracts, "TSLA")
    (chain,) = contracts.chains("TSLA")
    assert chain.expiries[0] == "20261218"
    assert len(chain.expiries) == 6
    assert len(chain.strikes) > 10
    assert find(
        contracts, "TSLA", "OPT", expiry=chain.expiries[2], strike=chain.strikes[3], right="P"
    )
    assert len(contracts.chains("TSLA")) == 1


class OpenTws(Tws):
    """A server of any contract, in memory."""

    def __init__(self, **settings):
        self.now_ns = START_NS
        self.inboxes, self.closing, self._conns = {}, [], 0
        opened = market(start_ns=START_NS)
        self.server = TwsServer(SimulatorSettings(**settings), [AAPL], opened)


def traded():
    tws = OpenTws()
    client = tws.client()
    client.subscribe(symbol="TSLA")
    for _ in range(20):
        tws.pass_s(0.5)
    client.place(1, quantity=10, symbol="TSLA")
    tws.pass_s(1)
    return tws, client


def test_a_share_that_nobody_listed_is_quoted_and_trades():
    tws, client = traded()
    assert client.read(1)
    assert tws.server.books()["accounts"]["DU1234567"]["positions"] == {"TSLA": "10"}


def test_its_history_leads_up_to_its_first_quote():
    tws = OpenTws()
    client = tws.client()
    client.subscribe()
    tws.pass_s(120)
    client.subscribe(2, "TSLA")
    tws.pass_s(61)
    tsla = [0, "TSLA", "STK", "", 0.0, "", "", "SMART", "", "USD", "", ""]
    client.read()
    client.send("20", 7, *tsla, 0, "", "1 min", "600 S", 0, "MIDPOINT", 1, 0, "")
    (bars,) = client.read(17)
    closes = [float(bars[n + 4]) for n in range(5, len(bars) - 7, 8)]
    assert len(closes) in (10, 11)  # the first and the last minute may be parts
    steps = [abs(after / before - 1) for before, after in pairwise(closes)]
    assert max(steps) < 0.02


def test_a_restart_takes_back_what_was_made():
    tws, _ = traded()
    state = tws.server.state(tws.now_ns)
    again = OpenTws()
    again.server.restore(state, again.now_ns)
    assert again.server.books() == {**tws.server.books(), "messages_sent": 0}
    client = Client(again, 9).start(3)
    client.place(5, side="SELL", quantity=10, symbol="TSLA")
    client.subscribe(symbol="TSLA")
    again.pass_s(10)
    again.pass_s(10)
    assert again.server.books()["accounts"]["DU1234567"]["positions"] == {"TSLA": "0"}


def test_what_an_earlier_run_had_listed_trades_on_whatever_it_was(contracts):
    for number, sec_type in enumerate(("CASH", "FUT", "CRYPTO", "OPT")):
        odd = Instrument(symbol=f"ODD{number}", sec_type=sec_type, con_id=5_000 + number)
        contracts.resume(odd)
        assert find(contracts, con_id=odd.con_id, sec_type="") == [odd]
    assert len(contracts.by_symbol) == 5


WANTED = [
    ib_async.Stock("TSLA", "SMART", "USD"),
    ib_async.Future("ES", "202612"),
    ib_async.Forex("EURUSD"),
    ib_async.Option("TSLA", "20281215", 200, "C", "SMART", currency="USD"),
]


def test_ib_async_qualifies_subscribes_and_trades_whatever_it_asks_for(run_simulator, wait_until):
    ib = connect(run_simulator(), 1)
    contracts = ib.qualifyContracts(*WANTED)
    assert [one.localSymbol for one in contracts] == [
        "TSLA", "ESZ6", "EUR.USD", "TSLA  281215C00200000",
    ]  # fmt: skip
    tickers = [ib.reqMktData(one) for one in contracts]
    wait_until(lambda: all(one.hasBidAsk() for one in tickers), ib.sleep)
    trades = [ib.placeOrder(one, ib_async.MarketOrder("BUY", 2)) for one in contracts]
    wait_until(lambda: all(one.orderStatus.status == "Filled" for one in trades), ib.sleep)
    held = {one.contract.localSymbol: one.position for one in ib.positions()}
    assert held == dict.fromkeys((one.localSymbol for one in contracts), 2)
    ib.disconnect()


def test_with_a_list_of_symbols_there_is_nothing_else(run_simulator):
    ib = connect(run_simulator("--symbols", "AAPL"), 1)
    errors = []
    ib.errorEvent += lambda _id, code, *_: errors.append(code)
    ib.qualifyContracts(WANTED[0])
    assert errors == [200]
    ib.disconnect()
