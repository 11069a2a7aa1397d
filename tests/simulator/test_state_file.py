"""What a simulator keeps in a file outlives its process, as what IB knows outlives TWS."""

import json

import ib_async
import msgspec
import pytest

from tapewire.common.errors import ConfigError
from tapewire.common.instruments import Instrument
from tapewire.simulator.exchange.keeping import BrokerState
from tapewire.simulator.protocol.order_messages import OPEN_ORDER
from tapewire.simulator.state_file import StateFile
from tests.simulator.conftest import SECOND, START_NS
from tests.simulator.ib_async_client import connect
from tests.simulator.test_combos import HIGH, LOW, place

PLACES = {one.name: n for n, one in enumerate(OPEN_ORDER.at(157))}


@pytest.fixture
def again(make_tws):
    """`again(before, *rows)`: another process, `later_s` after the first one was ended."""

    def start(before, *rows, later_s=0, **settings):
        kept = msgspec.json.encode(before.server.state(before.now_ns))
        made = make_tws(rows, **settings)
        made.now_ns = before.now_ns + later_s * SECOND
        made.server.restore(msgspec.json.decode(kept, type=BrokerState), made.now_ns)
        if rows:
            made.client(99).subscribe()
        return made

    return start


def statuses(client):
    return [(int(one[1]), one[2], one[3]) for one in client.read(3)]


def listed(client, name):
    """A field of the open orders, asked for, by order id."""
    client.read()
    client.send("5", "1")
    return {int(m[1]): m[PLACES[name]] for m in client.read(5)}


def without_market(books):
    return {name: value for name, value in books.items() if name != "messages_sent"}


def test_the_books_and_the_open_orders_are_as_they_were(tws, again):
    before = tws()
    client = before.client(1)
    client.place(1, quantity=60, limit="10.00", tif="GTC", ref="part")
    client.place(2, side="SELL", quantity=10)
    client.place(3, quantity=5, limit="9.00", transmit=0)
    after = again(before)
    assert without_market(after.server.books()) == without_market(before.server.books())
    client = after.client(1)
    client.send("5", "1")
    assert [(one[1], one[14]) for one in client.read(5)] == [("1", "60")]
    client.send("7", "3", 9, 1, "", "", "", "", "", "")
    assert len(client.read(11)) == 2
    client.send("61", "1")
    assert [one[-2] for one in client.read(61)] == ["30"]
    client.send("8", "1", "1")
    assert client.read(9)[0][2] == "4", "the id of the held order is not given again"


def test_an_order_fills_on_in_the_new_process_and_its_executions_have_new_ids(
    tws, again, make_quote
):
    before = tws()
    client = before.client(1)
    client.place(1, quantity=60, limit="10.00", tif="GTC")
    (first,) = client.read(11)
    after = again(before, make_quote(0, "9.98", "10.00", "40", "40"))
    client = after.client(1)
    after.pass_s(0)
    (second,) = client.read(11)
    assert (first[19], second[19]) == ("40", "20")
    assert first[14] != second[14]


def test_a_client_modifies_and_cancels_what_it_placed_before(tws, again):
    before = tws()
    before.client(1).place(1, quantity=10, limit="9.00", tif="GTC")
    client = again(before).client(1)
    client.place(1, quantity=10, limit="9.10", tif="GTC")
    assert listed(client, "lmtPrice") == {1: "9.1"}
    client.send("4", "1", 1)
    assert statuses(client)[-1] == (1, "Cancelled", "0")


def test_a_bracket_is_one_still(tws, again, make_quote):
    before = tws()
    client = before.client(1)
    client.place(1, quantity=40, limit="9.50", tif="GTC", transmit=0)
    client.place(2, side="SELL", quantity=40, limit="11.00", parent=1, tif="GTC", transmit=0)
    client.place(3, side="SELL", quantity=40, stop="9.00", parent=1, tif="GTC")
    after = again(
        before,
        make_quote(0, "9.48", "9.50", "40", "40"),
        make_quote(5, "11.00", "11.02", "40", "40"),
    )
    client = after.client(1)
    after.pass_s(0)
    assert (1, "Filled", "40") in statuses(client)
    after.pass_s(5)
    assert statuses(client)[-2:] == [(2, "Filled", "40"), (3, "Cancelled", "0")]
    assert after.server.books()["accounts"]["DU1234567"]["positions"] == {"AAPL": "0"}


def test_a_trailing_stop_stays_where_the_market_has_moved_it(tws, again, make_trade):
    before = tws(make_trade(1, "10.50", "1"))
    client = before.client(1)
    client.place(1, side="SELL", quantity=10, type="TRAIL", stop="0.20", tif="GTC")
    before.pass_s()
    assert listed(client, "trailStopPrice") == {1: "10.3"}
    assert listed(again(before).client(1), "trailStopPrice") == {1: "10.3"}


def test_an_order_of_the_day_is_over_if_the_market_has_closed_meanwhile(tws, again):
    hours = {"closes": "23:00"}  # the start is at 22:13:20 UTC
    before = tws(**hours)
    client = before.client(1)
    client.place(1, quantity=10, limit="9.00", tif="DAY")
    client.place(2, quantity=10, limit="9.00", tif="GTC")
    assert sorted(listed(again(before, later_s=60, **hours).client(1), "tif")) == [1, 2]
    late = again(before, later_s=3600, **hours)
    late.pass_s(0)
    assert listed(late.client(1), "tif") == {2: "GTC"}


def test_the_legs_of_a_combo_are_booked_as_before(make_tws, make_quote, again):
    rows = [
        make_quote(0, "5.00", "5.10", "30", "30", symbol="LOW"),
        make_quote(0, "2.00", "2.10", "20", "20", symbol="HIGH"),
    ]
    before = make_tws(rows, instruments=(LOW, HIGH))
    client = before.client(1)
    contract = [11, "", "OPT", "", 0.0, "", "", "SMART", "", "USD", "", ""]
    client.send("1", "11", 1, *contract, "0", "", 0, "0", "")
    before.pass_s(0)
    place(client, 1, quantity=30)
    after = again(before, instruments=(LOW, HIGH))
    books = after.server.books()
    assert books["accounts"]["DU1234567"]["positions"] == {"LOW": "20", "HIGH": "-20"}
    assert without_market(books) == without_market(before.server.books())


# ---- the file ------------------------------------------------------------------------------------


def test_a_file_that_is_not_there_is_an_empty_account_and_is_written(tws, tmp_path):
    market, path = tws(), tmp_path / "state.json"
    StateFile(path).load(market.server, START_NS)
    StateFile(path).write(market.server, START_NS)
    assert json.loads(path.read_bytes())["orders"] == []


def test_nothing_is_written_that_has_not_changed(tws, tmp_path):
    market, path = tws(), tmp_path / "state.json"
    kept = StateFile(path)
    kept.write(market.server, START_NS)
    path.unlink()
    kept.write(market.server, START_NS + SECOND)
    assert not path.exists()
    market.client(1).place(1, limit="9.00")
    kept.write(market.server, START_NS + SECOND)
    assert len(json.loads(path.read_bytes())["orders"]) == 1


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"instruments": (Instrument(symbol="MSFT"),)}, "it has AAPL; it must be one of MSFT"),
        ({"accounts": ("DU2",)}, "it has account DU1234567; it must be one of DU2"),
    ],
)
def test_a_file_of_another_set_up_is_refused(tws, make_tws, tmp_path, settings, says):
    market, path = tws(), tmp_path / "state.json"
    market.client(1).place(1, quantity=10)
    StateFile(path).write(market.server, START_NS)
    with pytest.raises(ConfigError, match=says):
        StateFile(path).load(make_tws(**settings).server, START_NS)


def test_a_file_that_is_none_is_refused_with_its_name(tws, tmp_path):
    path = tmp_path / "state.json"
    path.write_text("[1")
    with pytest.raises(ConfigError, match="it is not a state that this simulator can take"):
        StateFile(path).load(tws().server, START_NS)


def test_a_simulator_that_is_started_again_goes_on_with_its_file(
    run_simulator, tmp_path, wait_until
):
    given = ("--symbols", "AAPL", "--state", str(tmp_path / "state.json"))
    first = run_simulator(*given)
    ib = connect(first, 1)
    (contract,) = ib.qualifyContracts(ib_async.Stock("AAPL", "SMART", "USD"))
    trade = ib.placeOrder(contract, ib_async.LimitOrder("BUY", 7, 1.0, tif="GTC"))
    wait_until(lambda: trade.orderStatus.status == "Submitted", ib.sleep)
    ib.disconnect()
    assert first.stop() == 0
    ib = connect(run_simulator(*given), 1)
    (found,) = ib.reqOpenOrders()
    ib.disconnect()
    assert (found.order.permId, found.order.totalQuantity) == (trade.order.permId, 7)
