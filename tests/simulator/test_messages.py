"""Messages, held against recordings of a real TWS and against two clients' decoders."""

import json
from collections import defaultdict
from decimal import Decimal

import pytest
from ibapi.decoder import Decoder
from ibapi.wrapper import EWrapper

from tapewire.common.instruments import Instrument
from tapewire.simulator.exchange.account import Holding
from tapewire.simulator.exchange.orders import Execution, Order
from tapewire.simulator.protocol import messages
from tapewire.simulator.protocol.order_messages import completed_order, open_order, what_if
from tests import ib_async_codec

D = Decimal

AAPL = Instrument(symbol="AAPL", con_id=1000)
ES = Instrument(symbol="ES", sec_type="FUT", exchange="CME", multiplier=D(50), con_id=1001)
VALUE = ("NetLiquidation", "10.00", "USD")


def an_order(**changes):
    terms = {
        "account": "DU1", "client_id": 3, "order_id": 7, "order_ref": "ref-1",
        "instrument": ES, "side": "SELL",
        "quantity": D("10"), "order_type": "LMT", "limit": D("4800.25"), "tif": "GTC",
        "perm_id": 99, "filled": D(4), "notional": D("19202"), "commission": D("9"),
        "status": "Submitted", "last_price": D("4800.5"), "reason": "Cancelled by Trader",
    }  # fmt: skip
    return Order(**{**terms, **changes})


def an_execution():
    return Execution(
        exec_id="0000e0d5.00000063.00000001.01", order=an_order(), ts_ns=1_700_000_000 * 10**9,
        shares=D(4), price=D("4800.5"), cumulative=D(4), average_price=D("4800.5"),
        commission=D(9), is_passive=True,
    )  # fmt: skip


def a_holding():
    holding = Holding(ES)
    holding.fill(D(-2), D("4800.25"))
    return holding


def every_message(version):
    """One of each kind that a recording can be compared with, by message id."""
    error = messages.error(version, -1, 2104, "Market data farm connection is OK")
    made = [
        error, open_order(version, an_order()), messages.position("DU1", a_holding()),
        messages.account_value("DU1", VALUE), messages.account_time(10**18),
        messages.next_valid_id(1), messages.managed_accounts("DU1"),
        messages.current_time(10**18),
        messages.open_order_end(), messages.account_download_end("DU1"),
        messages.execution_end(4), messages.position_end(),
        messages.account_summary(9, "DU1", VALUE), messages.account_summary_end(9),
        messages.account_update_multi(9, "DU1", "", VALUE), messages.account_update_multi_end(9),
        messages.completed_orders_end(),
    ]  # fmt: skip
    return {fields[0]: fields for fields in made}


def recordings(folder):
    with (folder / "tws_recordings.jsonl").open() as file:
        recorded = [json.loads(line) for line in file]
    return [one for one in recorded if one["dir"] == "in" and one["fields"][0] != "176"]


def test_every_recorded_message_has_the_field_count_that_is_sent_here(data_folder):
    compared = set()
    for one in recordings(data_folder):
        kind = one["fields"][0]
        assert len(every_message(one["ver"])[kind]) == len(one["fields"]), f"message {kind}"
        compared.add(kind)
    assert len(compared) == 17


def test_an_open_order_differs_from_the_recorded_one_only_in_what_it_is_about(data_folder):
    recorded = [one["fields"] for one in recordings(data_folder) if one["fields"][0] == "5"]
    euro = Instrument(symbol="EUR", sec_type="CASH", exchange="IDEALPRO", con_id=12087792)
    order = an_order(
        client_id=0, order_id=219, order_ref="", instrument=euro, side="BUY", quantity=D(100),
        order_type="MKT", limit=None, tif="DAY", perm_id=665616366, status="PreSubmitted",
        account="DU0000001",
    )  # fmt: skip
    made = what_if(176, order, None)
    differing = [
        n for n, pair in enumerate(zip(made, recorded[0], strict=True)) if len({*pair}) > 1
    ]
    assert differing == [11, 12, 108]  # localSymbol, tradingClass, warningText


@pytest.mark.parametrize(("version", "count"), [(157, 128), (158, 129), (176, 136), (177, 135)])
def test_open_order_has_the_field_count_of_its_version(version, count):
    assert len(open_order(version, an_order())) == count


@pytest.mark.parametrize(("version", "count"), [(157, 5), (165, 5), (166, 6), (176, 6)])
def test_an_error_grows_a_field_at_166(version, count):
    assert len(messages.error(version, 1, 201, "Order rejected")) == count


class Heard(EWrapper):
    """An ibapi wrapper that keeps what the decoder calls."""

    def __init__(self):
        self.calls = defaultdict(list)

    def __getattribute__(self, name):
        if name == "calls" or name.startswith("_"):
            return object.__getattribute__(self, name)
        return lambda *arguments: self.calls[name].append(arguments)


def by_ibapi(fields):
    """What ibapi makes of a message, which it must read to its last field."""
    heard = Heard()
    decoder = Decoder(heard, 157)
    handler = decoder.msgId2handleInfo[int(fields[0])]
    encoded = [field.encode() for field in fields]
    if handler.processMeth is None:
        decoder.interpret(encoded)
    else:
        left = iter(encoded)
        handler.processMeth(decoder, left)
        assert list(left) == []
    ((name, (arguments,)),) = heard.calls.items()
    return name, arguments


def test_ibapi_reads_an_open_order_to_its_end():
    name, (order_id, contract, order, state) = by_ibapi(open_order(157, an_order(), True))
    assert (name, order_id, order.permId, order.clientId) == ("openOrder", 7, 99, 3)
    assert (contract.conId, contract.multiplier, contract.exchange) == (1001, "50", "CME")
    assert (order.lmtPrice, order.tif, order.orderRef) == (4800.25, "GTC", "ref-1")
    assert (state.status, state.commission, state.commissionCurrency) == ("Submitted", 9, "USD")


def test_ibapi_reads_the_account_and_the_stop_price_of_an_order():
    order = an_order(order_type="STP", limit=None, stop=D("4700.5"), account="DU2")
    for fields in (open_order(157, order), completed_order(157, order)):
        (found,) = [one for one in by_ibapi(fields)[1] if hasattr(one, "auxPrice")]
        assert (found.orderType, found.lmtPrice, found.auxPrice) == ("STP", 0, 4700.5)
        assert found.account == "DU2"


def test_ibapi_reads_a_completed_order_to_its_end():
    order = an_order(status="Filled", filled=D(10), done_ns=1_700_000_000 * 10**9)
    name, (contract, found, state) = by_ibapi(completed_order(157, order))
    assert (name, contract.symbol, found.permId) == ("completedOrder", "ES", 99)
    assert (found.orderRef, found.filledQuantity) == ("ref-1", 10)
    assert (state.status, state.completedStatus) == ("Filled", "Filled Size: 10")
    assert state.completedTime == "20231114 22:13:20 UTC"


def test_ibapi_reads_an_execution_and_its_commission_to_the_end():
    _, (req_id, contract, found) = by_ibapi(messages.execution(157, -1, an_execution()))
    assert (req_id, contract.symbol, found.side, found.shares) == (-1, "ES", "SLD", 4)
    assert (found.price, found.orderRef, found.time) == (4800.5, "ref-1", "20231114 22:13:20 UTC")
    _, (report,) = by_ibapi(messages.commission_report(an_execution(), D("-12.5")))
    assert (report.execId, report.commission, report.realizedPNL) == (found.execId, 9, -12.5)


@pytest.mark.parametrize("kind", sorted(every_message(157), key=int))
def test_ibapi_reads_every_other_message_to_its_end(kind):
    by_ibapi(every_message(157)[kind])


def test_ibapi_reads_contracts_positions_and_holdings_to_the_end():
    _, (req_id, details) = by_ibapi(messages.contract_details(157, 5, AAPL))
    assert (req_id, details.contract.conId, details.minTick) == (5, 1000, 0.01)
    _, (_, contract, quantity, cost) = by_ibapi(messages.position("DU1", a_holding()))
    assert (contract.symbol, quantity, cost) == ("ES", -2, 240_012.5)
    _, found = by_ibapi(messages.portfolio_value("DU1", a_holding(), D("4800")))
    assert found[1:] == (-2, 4800, -480_000, 240_012.5, 25, 0, "DU1")


@pytest.mark.parametrize("version", ib_async_codec.VERSIONS)
def test_ib_async_reads_the_long_messages_at_every_version(version):
    long_ones = [
        open_order(version, an_order()),
        completed_order(version, an_order(status="Cancelled")),
        messages.execution(version, -1, an_execution()),
        messages.contract_details(version, 5, AAPL),
        messages.error(version, 7, 201, "Order rejected"),
    ]
    heard = ib_async_codec.read(version, *long_ones)
    assert [name for name, _ in heard] == [
        "openOrder", "completedOrder", "execDetails", "contractDetails", "error",
    ]  # fmt: skip
    completed, state = heard[1][1][1:]
    assert (completed.orderRef, state.completedStatus) == ("ref-1", "Cancelled by Trader")


def test_a_frame_is_its_length_and_nul_ended_ascii():
    assert messages.frame(["4", "", "é"]) == b"\0\0\0\x08" + b"4\0\0\\xe9\0"
