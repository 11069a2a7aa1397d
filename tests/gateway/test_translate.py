"""Requests out and messages in, held against the simulator's own encoders, at version 157."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ibapi.common import UNSET_DOUBLE

from tapewire.common.events import PriceStep
from tapewire.common.instruments import Instrument
from tapewire.gateway.tws import messages as tws
from tapewire.gateway.tws.checked import decimal
from tapewire.gateway.tws.encoder import RequestEncoder, contract_of
from tapewire.gateway.tws.translate import Translator
from tapewire.simulator.exchange.account import Holding
from tapewire.simulator.protocol import messages, requests
from tapewire.simulator.protocol.decoders import decode
from tapewire.simulator.protocol.messages import frame
from tests.gateway.tws_bench import fields_of, submit
from tests.gateway.tws_messages import (
    AAPL,
    ACCOUNT,
    SECOND,
    T0,
    completed_order_of,
    execution_message,
    execution_of,
    managed_accounts,
    open_order_of,
    order_at_tws,
)

ES = Instrument(
    symbol="ESZ6", sec_type="FUT", exchange="CME", multiplier=Decimal(50),
    min_tick=Decimal("0.25"), con_id=2001,
)  # fmt: skip


def read(fields: list[str]) -> list[tws.TwsMessage]:
    return Translator(157).read(frame(fields)[4:])


def request(data: bytes) -> requests.Request:
    (fields,) = fields_of(data)
    return decode(fields, 157)


@pytest.fixture
def encode() -> RequestEncoder:
    return RequestEncoder(1, 157)


def test_an_open_order_comes_back():
    order = order_at_tws(submit("s-1/1", quantity="10.5"), 5)
    assert read(open_order_of(order)) == [
        tws.OpenOrder(
            5,
            1,
            7005,
            "s-1/1",
            "Submitted",
            Decimal("10.5"),
            account=ACCOUNT,
            side="BUY",
            con_id=1001,
            symbol="AAPL",
            local_symbol="AAPL",
            kind="MKT",
        )
    ]


def test_an_open_order_with_its_commission_comes_back():
    order = order_at_tws(submit(), 5, status="Filled", commission=Decimal("1.05"))
    assert read(open_order_of(order, with_commission=True)) == [
        tws.OpenOrder(
            5,
            1,
            7005,
            "s-1/1",
            "Filled",
            Decimal(10),
            account=ACCOUNT,
            side="BUY",
            con_id=1001,
            symbol="AAPL",
            local_symbol="AAPL",
            kind="MKT",
        )
    ]


def test_an_order_status_comes_back():
    order = order_at_tws(submit(quantity=10), 5, filled=Decimal("2.5"))
    assert read(messages.order_status(order)) == [
        tws.OrderStatus(5, 1, 7005, "Submitted", Decimal("2.5"), "")
    ]


@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_an_execution_comes_back(side: str):
    one = execution_of(order_at_tws(submit(side=side), 5), "2.5", "0001.02.01", "150.0625")
    assert read(execution_message(one)) == [
        tws.Execution(
            account=ACCOUNT, exec_id="0001.02.01", order_id=5, client_id=1, perm_id=7005,
            order_ref="s-1/1", con_id=1001, symbol="AAPL", local_symbol="AAPL", side=side,
            quantity=Decimal("2.5"), price=Decimal("150.0625"),
        )
    ]  # fmt: skip


def test_a_commission_comes_back_and_an_unset_one_does_not():
    one = execution_of(order_at_tws(submit(), 5), 2, "0001.01")
    assert read(messages.commission_report(one, None)) == [
        tws.CommissionReported("0001.01", Decimal(1), "USD")
    ]
    fields = messages.commission_report(one, None)
    fields[3] = messages.UNSET_DOUBLE
    assert isinstance(read(fields)[0], tws.Undecodable)


@pytest.mark.parametrize("status", ["Filled", "Cancelled", "Inactive"])
def test_a_completed_order_comes_back(status: str):
    order = order_at_tws(submit(), 5, status=status, reason="because", filled=Decimal(10))
    text = "Filled Size: 10" if status == "Filled" else "because"
    (completed,) = read(completed_order_of(order))
    assert completed == tws.CompletedOrder(7005, "s-1/1", status, text, Decimal(10))


def test_a_position_comes_back():
    holding = Holding(ES)
    holding.quantity, holding.cost = Decimal(-3), Decimal(-3) * Decimal("5000.25")
    assert read(messages.position(ACCOUNT, holding)) == [
        tws.PositionReported(ACCOUNT, 2001, "ESZ6", "ESZ6", Decimal(-3), Decimal("250012.5"))
    ]


def test_contract_details_come_back():
    hours = [(T0, T0 + 60 * SECOND)]
    (found,) = read(messages.contract_details(157, 77, ES, 26, hours))
    assert found == tws.ContractFound(
        77, 2001, "ESZ6", Decimal("0.25"), "ESZ6", "FUT", "USD", ("CME",), ES.multiplier,
        "ESZ6 (simulated)", {"CME": 26}, "20231114:2213-20231114:2214", "", "UTC",
    )  # fmt: skip


def test_a_market_rule_comes_back():
    steps = ((Decimal(0), Decimal("0.0001")), (Decimal(1), Decimal("0.01")))
    assert read(messages.market_rule(557, steps)) == [
        tws.MarketRule(557, tuple(PriceStep(*one) for one in steps))
    ]


def test_ends_and_greetings_come_back():
    assert read(messages.open_order_end()) == [tws.OpenOrdersEnd()]
    assert read(messages.execution_end(1)) == [tws.ExecutionsEnd()]
    assert read(messages.completed_orders_end()) == [tws.CompletedOrdersEnd()]
    assert read(messages.position_end()) == [tws.PositionsEnd()]
    assert read(messages.next_valid_id(38099)) == [tws.NextValidId(38099)]
    assert read(managed_accounts("DU1", "DU2")) == [tws.ManagedAccounts(("DU1", "DU2"))]
    assert read(messages.error(157, -1, 1100, "lost")) == [tws.TwsError(-1, 1100, "lost")]


def test_an_execution_that_no_journal_could_keep_is_undecodable():
    one = execution_of(order_at_tws(submit(), 5), 2, "")
    assert isinstance(read(execution_message(one))[0], tws.Undecodable)


def test_a_name_that_a_journal_could_not_be_read_with_is_undecodable():
    one = execution_of(order_at_tws(submit(), 5), 2, "x" * 129)
    assert isinstance(read(execution_message(one))[0], tws.Undecodable)
    assert isinstance(read(messages.commission_report(one, None))[0], tws.Undecodable)
    holding = Holding(ES)
    assert isinstance(read(messages.position("D" * 65, holding))[0], tws.Undecodable)
    assert isinstance(read(managed_accounts("D" * 65))[0], tws.Undecodable)


@pytest.mark.parametrize("side_and_shares", [("BUY", "2"), ("BOT", "-2"), ("BOT", "0")])
def test_an_execution_of_no_known_side_or_no_quantity_is_undecodable(side_and_shares):
    fields = execution_message(execution_of(order_at_tws(submit(side="BUY"), 5), 2, "0001.01"))
    at = fields.index("BOT")
    changed = [*fields[:at], *side_and_shares, *fields[at + 2 :]]
    assert isinstance(read(changed)[0], tws.Undecodable)


def test_a_correction_to_no_shares_is_read_and_one_to_less_is_not():
    fields = execution_message(execution_of(order_at_tws(submit(side="BUY"), 5), 2, "0001.02"))
    at = fields.index("BOT") + 1
    (busted,) = read([*fields[:at], "0", *fields[at + 1 :]])
    assert isinstance(busted, tws.Execution)
    assert (busted.quantity, busted.exec_id) == (0, "0001.02")
    assert isinstance(read([*fields[:at], "-1", *fields[at + 1 :]])[0], tws.Undecodable)


def test_an_open_order_of_less_than_nothing_is_undecodable():
    fields = open_order_of(order_at_tws(submit(quantity=37), 5))
    at = fields.index("37")
    assert isinstance(read([*fields[:at], "-37", *fields[at + 1 :]])[0], tws.Undecodable)


@pytest.mark.parametrize("kept", [1, 2, 5, 20, 60])
def test_a_truncated_message_is_undecodable_and_keeps_its_payload(kept: int):
    fields = open_order_of(order_at_tws(submit(), 5))[:kept]
    (message,) = read(fields)
    assert isinstance(message, tws.Undecodable)
    assert message.payload == frame(fields)[4:]


def every_message() -> list[list[str]]:
    """One of each kind of message that the gateway acts on."""
    order = order_at_tws(submit(), 5, status="Cancelled", reason="because")
    one = execution_of(order, 2, "0001.01")
    return [
        messages.order_status(order),
        messages.error(157, 5, 201, "Order rejected"),
        open_order_of(order),
        completed_order_of(order),
        execution_message(one),
        messages.commission_report(one, None),
        messages.position(ACCOUNT, Holding(ES)),
        messages.contract_details(157, 77, ES),
        messages.next_valid_id(7),
        messages.current_time(10**18),
        managed_accounts("DU1"),
        messages.position_end(),
        messages.open_order_end(),
        messages.execution_end(1),
        messages.completed_orders_end(),
    ]


@pytest.mark.parametrize("fields", every_message(), ids=lambda fields: f"message {fields[0]}")
@pytest.mark.parametrize("change", ["more", "less"])
def test_a_field_more_or_less_is_undecodable_and_keeps_its_payload(fields: list[str], change: str):
    assert not isinstance(read(fields)[0], tws.Undecodable)
    changed = [*fields, "{}"] if change == "more" else fields[:-1]
    (message,) = read(changed)
    assert isinstance(message, tws.Undecodable)
    assert message.payload == frame(changed)[4:]
    if change == "more":
        assert f"{len(changed)} fields, expected {len(fields)}" in message.reason


def test_a_payload_that_failed_leaves_nothing_behind_for_the_next():
    translator = Translator(157)
    translator.read(b"11\x001\x00")
    assert translator.read(frame(messages.next_valid_id(3))[4:]) == [tws.NextValidId(3)]


@given(st.decimals(-(10**9), 10**9, places=6))
def test_decimals_of_up_to_15_digits_are_exact(value: Decimal):
    assert decimal(float(str(value))) == value


@pytest.mark.parametrize("value", [UNSET_DOUBLE, float("nan"), float("inf"), float("-inf")])
def test_what_tws_writes_for_unset_is_no_amount(value: float):
    with pytest.raises(ValueError, match="was found where an amount was expected"):
        decimal(value)


def test_whole_numbers_lose_their_point():
    assert str(decimal(100.0)) == "100"


# ---- requests --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "limit"), [("10", "150.25"), ("0.00000001", None), ("1E+3", "0.0001")]
)
def test_an_order_is_read_by_tws_as_it_was_meant(
    encode: RequestEncoder, quantity: str, limit: str | None
):
    price = None if limit is None else Decimal(limit)
    order = submit("s-1-2/1", "SELL", quantity, limit=limit)
    placed = request(encode.place_order("42", order, contract_of(AAPL)))
    assert isinstance(placed, requests.PlaceOrder)
    assert (placed.order_id, placed.side, placed.order_ref) == (42, "SELL", "s-1-2/1")
    assert (placed.quantity, placed.limit) == (Decimal(quantity), price)
    assert (placed.tif, placed.transmit, placed.what_if) == ("DAY", True, False)
    assert placed.unsupported == ""


def test_an_order_whose_reference_tws_cannot_take_is_not_encoded(encode: RequestEncoder):
    with pytest.raises(ValueError, match="not plain ASCII"):
        encode.place_order("1", submit("größe/1"), contract_of(AAPL))
    assert request(encode.cancel_order(3)) == requests.CancelOrder(3)


def test_the_other_requests_are_what_they_say(encode: RequestEncoder):
    contract = contract_of(AAPL)
    assert isinstance(request(encode.start_api()), requests.StartApi)
    assert isinstance(request(encode.global_cancel()), requests.GlobalCancel)
    assert isinstance(request(encode.positions()), requests.Positions)
    assert isinstance(request(encode.completed_orders()), requests.CompletedOrders)
    assert request(encode.open_orders()) == requests.OpenOrders(everyone=False)
    assert request(encode.all_open_orders()) == requests.OpenOrders(everyone=True)
    assert request(encode.executions(9)).req_id == 9
    assert request(encode.executions(9)).client_id == 0  # of every client
    assert request(encode.market_data(8, contract)).contract.con_id == 1001
    assert request(encode.tick_by_tick(8, contract, "AllLast")).kind == "AllLast"
    assert request(encode.contract_details(8, contract)).req_id == 8


def test_a_future_is_named_by_its_local_symbol_and_a_known_id_goes_first():
    future = contract_of(msgspec.structs.replace(ES, con_id=0))
    assert (future.localSymbol, future.symbol, future.conId) == ("ESZ6", "", 0)
    assert contract_of(AAPL, 5).conId == 5


@pytest.mark.parametrize("odd", ["\\udcff", "\\uD83D\\uDE00", "\\U0000d800"])
def test_half_a_character_in_what_tws_says_can_be_written_down(odd: str):
    """TWS escapes what is not ASCII, in halves where one character needs two: no event could hold
    one of them, and a process that tries to write it down would end."""
    (error,) = Translator(157).read(f"4\x002\x00-1\x002104\x00farm {odd}.\0".encode())
    assert isinstance(error, tws.TwsError)
    assert error.text.startswith("farm ?")
    assert error.text.endswith(".")
    fields = messages.contract_details(157, 7, AAPL)
    named = [odd if "simulated" in field else field for field in fields]
    (found,) = Translator(157).read(frame(named)[4:])
    assert isinstance(found, tws.ContractFound)
    assert msgspec.msgpack.encode((error.text, found.long_name))
