"""Numbers that TWS leaves out where there must be one: none of them is a 0."""

from decimal import Decimal

import pytest

from tapewire.common.events import Fill
from tapewire.gateway.tws import messages as tws
from tapewire.gateway.tws.translate import Translator
from tapewire.gateway.tws.versions import LIBRARY_VERSION, VERSION_MAX
from tapewire.simulator.protocol import messages
from tapewire.simulator.protocol.messages import frame
from tapewire.simulator.protocol.order_messages import completed_order, open_order
from tests.gateway.tws_bench import Bench, submit
from tests.gateway.tws_messages import execution_message, execution_of, order_at_tws

VERSIONS = (LIBRARY_VERSION, 163, 164, VERSION_MAX)
PRICE, QUANTITY, COST = "150.25", "3.5", "99.75"
ORDER = order_at_tws(submit(limit=PRICE), 7, filled=Decimal(QUANTITY), done_ns=1)
EXECUTION = execution_of(ORDER, QUANTITY, "0001.01", PRICE)
COMMISSION = ["59", "1", "0001.01", COST, "USD", "", "", ""]
POSITION = [
    "61", "3", "DU1234567", "1001", "AAPL", "STK", "", "0.0", "", "", "SMART", "USD", "AAPL", "NMS",
    QUANTITY, COST,
]  # fmt: skip


def read(version: int, fields: list[str]) -> tws.TwsMessage:
    (found,) = Translator(version).read(frame(fields)[4:])
    return found


def without(fields: list[str], value: str) -> list[str]:
    """A message in which the first field of this value is empty."""
    at = fields.index(value)
    return [*fields[:at], "", *fields[at + 1 :]]


@pytest.mark.parametrize("symbol", ["AAPL", "ÄÖÜ"])
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("kind", "value"),
    [("11", PRICE), ("11", QUANTITY), ("59", COST), ("61", QUANTITY), ("61", COST)],
)
def test_what_must_have_a_number_is_not_read_without_it(
    kind: str, value: str, version: int, symbol: str
):
    fields = {"11": messages.execution(version, -1, EXECUTION), "59": COMMISSION, "61": POSITION}
    whole = [one.replace("AAPL", symbol) for one in fields[kind]]
    if kind == "59" and symbol != "AAPL":
        whole[2] = symbol
    assert not isinstance(read(version, whole), tws.Undecodable)
    assert isinstance(read(version, without(whole, value)), tws.Undecodable)


def test_a_zero_that_tws_writes_is_one():
    """Of an option that expires, for example."""
    one = execution_of(ORDER, QUANTITY, "0001.01", "0")
    found = read(LIBRARY_VERSION, execution_message(one))
    assert isinstance(found, tws.Execution)
    assert found.price == 0


def test_an_execution_without_a_price_is_no_fill_and_the_whole_one_is():
    bench = Bench()
    order = bench.send(submit(limit=PRICE))
    bench.opened(order)
    whole = execution_message(execution_of(order, 10, "0001.01", PRICE))
    assert not [one for one in bench.receive(without(whole, PRICE)) if isinstance(one, Fill)]
    assert bench.gateway.complaints
    (fill,) = (one for one in bench.receive(whole) if isinstance(one, Fill))
    assert fill.price == Decimal(PRICE)


@pytest.mark.parametrize("version", VERSIONS)
def test_how_much_of_a_completed_order_was_filled_is_unknown_where_tws_does_not_write_it(
    version: int,
):
    found = read(version, without(completed_order(version, ORDER), QUANTITY))
    assert isinstance(found, tws.CompletedOrder)
    assert found.filled is None


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("action", "side"), [("BUY", "BUY"), ("SELL", "SELL"), ("SSHORT", "SELL"), ("", ""), ("b", "")]
)
def test_an_order_to_neither_buy_nor_sell_is_not_read(version: int, action: str, side: str):
    fields = open_order(version, ORDER, False)
    fields[fields.index("BUY")] = action
    assert getattr(read(version, fields), "side", "") == side
