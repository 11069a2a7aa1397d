"""Account values: what is sent when a client asks, and what of later changes."""

from decimal import Decimal

import pytest

from tapewire.common.instruments import Instrument
from tests.simulator.conftest import AAPL, Tws, quote

ONE, TWO = "DU1", "DU2"
TAGS = "NetLiquidation,TotalCashValue"


@pytest.fixture
def tws():
    """Two accounts; the price of AAPL goes up by 1 each minute."""
    rows = [quote(60 * n, f"{100 + n}.00", f"{100 + n}.02") for n in range(30)]
    return Tws(rows, accounts=(ONE, TWO))


@pytest.fixture
def client(tws):
    one = tws.client()
    one.subscribe()
    tws.pass_s(0)
    one.place(1, quantity=10, account=ONE)
    one.read()
    return one


def summary(client, req_id=7, tags=TAGS):
    client.send("62", "1", req_id, "All", tags)
    return client.read()


def told(messages):
    return [(one[3], one[4], one[5]) for one in messages]


def test_a_summary_names_the_currency_of_each_value(client):
    assert {one[6] for one in summary(client)[:-1]} == {"USD"}


def test_what_has_changed_is_sent_three_minutes_later_and_nothing_else(tws, client):
    summary(client)
    tws.pass_s(179)
    assert client.read(63) == []
    tws.pass_s(1)  # the mark of 10 shares went from 100.01 to 103.01
    assert told(client.read(63)) == [(ONE, "NetLiquidation", "1000028.90")]
    assert client.read(64) == []


def test_a_summary_does_not_tell_of_an_execution_at_once_updates_do(tws, client):
    summary(client)
    client.send("6", "2", "1", ONE)
    client.send("76", "1", 8, TWO, "", 1)
    client.read()
    client.place(2, side="SELL", quantity=10, account=ONE)
    news = client.read(6, 7, 8, 63, 73)
    assert {one[0] for one in news} == {"6", "7", "8"}
    assert ["6", "2", "TotalCashValue", "999997.80", "USD", ONE] in news
    client.place(3, quantity=10, account=TWO)
    assert {one[0] for one in client.read(6, 63, 73)} == {"73"}


def test_nothing_is_due_while_nothing_has_moved(tws):
    client = tws.client()
    summary(client)
    assert tws.server.next_due_ns() is None
    tws.pass_s(200)
    assert client.read(63) == []


def test_after_a_quiet_time_values_are_sent_in_their_turn(tws):
    client = tws.client()
    summary(client)
    tws.pass_s(1000)  # between the turns at 900 and 1080 seconds
    client.subscribe()
    client.place(1, quantity=10, account=ONE)
    tws.pass_s(79)
    assert client.read(63) == []
    tws.pass_s(1)
    assert {one[3] for one in client.read(63)} == {ONE}


def test_a_summary_that_is_cancelled_is_sent_no_more(tws, client):
    summary(client)
    client.send("63", "1", 7)
    tws.pass_s(200)
    assert client.read(63) == []


def test_values_that_are_cancelled_are_sent_no_more(client):
    client.send("76", "1", 8, ONE, "", 1)
    client.send("77", "1", 8)
    client.read()
    client.place(2, quantity=1, account=ONE)
    assert client.read(73) == []


def test_a_client_has_two_summaries_at_most(client):
    summary(client, 7)
    summary(client, 8)
    client.send("62", "1", 9, "All", TAGS)
    assert client.errors() == [(9, 322)]
    client.send("63", "1", 7)
    assert summary(client, 9)[-1] == ["64", "1", "9"]


def test_a_client_that_left_is_sent_nothing(tws, client):
    summary(client)
    client.close()
    tws.pass_s(200)
    tws.collect()
    assert tws.inboxes == {}


def values_of(client, account=ONE):
    """All account updates of an account: value by key and currency."""
    client.read()
    client.send("6", "2", "1", account)
    return {(one[2], one[4]): one[3] for one in client.read(6)}


def test_updates_have_the_keys_that_a_tws_sends(client):
    values = values_of(client)
    assert len(values) > 125
    assert values["AccountCode", ""] == ONE
    assert values["SegmentTitle-S", ""] == "US Securities"
    assert values["CashBalance", "BASE"] == values["CashBalance", "USD"]
    assert values["StockMarketValue", "USD"] == "1000.10"


def test_segments_add_up_to_the_whole_and_the_ledger_to_the_net_worth():
    future = Instrument(symbol="ESZ6", sec_type="FUT", exchange="CME", multiplier=Decimal(50))
    rows = [quote(n, f"{100 + n}.00", f"{100 + n}.02", symbol=name)
            for n in range(9) for name in ("AAPL", "ESZ6")]  # fmt: skip
    tws = Tws(rows, (AAPL, future), accounts=(ONE,))
    client = tws.client()
    client.subscribe()
    tws.pass_s(0)
    client.place(1, quantity=10, account=ONE)
    contract = [0, "ESZ6", "FUT", "", 0.0, "", "", "CME", "", "USD", "", ""]
    client.place(2, quantity=2, account=ONE, contract=contract)
    tws.pass_s(8)
    values = {key: Decimal(text) for key, text in values_of(client).items() if key[1] == "USD"
              if key[0] not in ("Currency", "RealCurrency")}  # fmt: skip
    segmented = [name[:-2] for name, _ in values if name.endswith("-C")]
    assert len(segmented) > 20
    for name in segmented:
        parts = values[f"{name}-S", "USD"] + values[f"{name}-C", "USD"]
        assert parts == values[name, "USD"], name
    assert values["FuturesPNL", "USD"] == values["NetLiquidation-C", "USD"] > 0
    ledger = ("CashBalance", "StockMarketValue", "OptionMarketValue", "FuturesPNL")
    assert sum(values[name, "USD"] for name in ledger) == values["NetLiquidation", "USD"]


def test_a_summary_has_the_ledger_if_it_asks_for_it(client):
    found = summary(client, tags="NetLiquidation,$LEDGER:ALL")[:-1]
    kinds = {(one[4], one[6]) for one in found if one[3] == ONE}
    assert {("NetLiquidation", "USD"), ("CashBalance", "USD"), ("CashBalance", "BASE")} <= kinds
    assert ("BuyingPower", "USD") not in kinds
