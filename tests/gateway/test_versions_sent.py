"""What TWS is asked at versions 157 to 178: ib_async sends the same, and the simulator reads it."""

import inspect
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import ib_async
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewire.common.events import REQUIRED_PRICES, OrderTerms, SubmitOrder
from tapewire.common.events.scans import Scan
from tapewire.gateway.tws.contracts import Contracts
from tapewire.gateway.tws.encoder import RequestEncoder, contract_of
from tapewire.gateway.tws.versions import order_offsets
from tapewire.simulator.protocol.decoders import decode
from tests import ib_async_codec
from tests.gateway.one_combo import LEGS, combo
from tests.gateway.test_versions import AT
from tests.gateway.tws_bench import fields_of, submit
from tests.gateway.tws_messages import AAPL, ACCOUNT, MSFT
from tests.ib_async_codec import VERSIONS

UNSET = {"", "0", "0.0", "1.7976931348623157e+308"}


def equal(ours: str, theirs: str) -> bool:
    """Whether two texts of a field mean the same: an order's fields have several for unset."""
    if ours == theirs or (ours in UNSET and theirs in UNSET):
        return True
    try:
        return float(ours) == float(theirs)
    except ValueError:
        return False


def differing(ours: bytes, theirs: bytes) -> list[tuple[int, str, str]]:
    """The places where two requests differ, with what is there."""
    (mine,), (other,) = fields_of(ours), fields_of(theirs)
    assert len(mine) == len(other)
    pairs = enumerate(zip(mine, other, strict=True))
    return [(at, *pair) for at, pair in pairs if not equal(*pair)]


def with_ib_async(version: int, order_id: int, order: SubmitOrder, contract: Any) -> bytes:
    """The request as ib_async sends it."""
    terms, sender = order.terms, ib_async_codec.Sender(version)
    given_prices = {
        "lmtPrice": terms.limit,
        "auxPrice": terms.trail if terms.trail is not None else terms.stop,
        "trailStopPrice": terms.stop if terms.trail is not None else None,
        "lmtPriceOffset": terms.limit_offset,
    }
    request = ib_async.Order(
        action=terms.side, totalQuantity=float(terms.quantity), orderType=terms.type,
        tif=terms.time_in_force, account=order.account, orderRef=order.intent_id, openClose="",
        **{name: float(price) for name, price in given_prices.items() if price is not None},
    )  # fmt: skip
    sender.placeOrder(order_id, contract, request)
    return sender.taken()


TYPES: dict[str, dict[str, str]] = {
    "MKT": {},
    "LMT": {"limit": "150.25"},
    "STP": {"stop": "149"},
    "STP LMT": {"stop": "149", "limit": "148"},
    "TRAIL": {"trail": "2.5", "stop": "147.5"},
    "TRAIL LIMIT": {"trail": "2.5", "stop": "147.5", "limit_offset": "0.5"},
    "MIT": {"stop": "151"},
    "LIT": {"stop": "151", "limit": "152"},
    "MOC": {},
    "LOC": {"limit": "150"},
    "PEG MID": {"limit": "150"},
}


def test_every_order_type_is_tried_here():
    assert TYPES.keys() == REQUIRED_PRICES.keys()


@AT
@pytest.mark.parametrize("kind", TYPES)
def test_an_order_is_sent_as_ib_async_sends_it(version: int, kind: str):
    prices = {name: Decimal(price) for name, price in TYPES[kind].items()}
    order = submit(terms=OrderTerms("SELL", Decimal("10.5"), kind, **prices))
    ours = RequestEncoder(1, version).place_order("5", order, contract_of(AAPL))
    assert differing(ours, with_ib_async(version, 5, order, theirs(AAPL))) == []


@AT
def test_a_combo_is_sent_as_ib_async_sends_it(version: int):
    contract = Contracts([AAPL, MSFT]).combo(LEGS)
    ours = RequestEncoder(1, version).place_order("5", combo(), contract)
    legs = [
        ib_async.ComboLeg(conId=leg.conId, ratio=leg.ratio, action=leg.action, exchange="SMART")
        for leg in contract.comboLegs
    ]
    bag = ib_async.Contract(
        "BAG", symbol=contract.symbol, exchange="SMART", currency="USD", comboLegs=legs
    )
    assert differing(ours, with_ib_async(version, 5, combo(), bag)) == []


@AT
def test_an_order_routed_to_ibkrats_has_its_field(version: int):
    contract, other = contract_of(AAPL), theirs(AAPL)
    contract.exchange = other.exchange = "IBKRATS"
    ours = RequestEncoder(1, version).place_order("5", submit(), contract)
    assert differing(ours, with_ib_async(version, 5, submit(), other)) == []


def test_an_order_type_whose_fields_are_not_known_is_refused_from_170_on():
    assert order_offsets("PEG BEST", "SMART", 169) == []
    with pytest.raises(
        ValueError, match="a PEG BEST order cannot be written for TWS's version 170"
    ):
        order_offsets("PEG BEST", "SMART", 170)


def theirs(instrument: Any) -> ib_async.Contract:
    """An instrument as ib_async's contract."""
    return ib_async.Contract(
        instrument.sec_type, conId=instrument.con_id, symbol=instrument.symbol,
        exchange=instrument.exchange, currency=instrument.currency,
    )  # fmt: skip


THEIR_SCAN = ib_async.ScannerSubscription(
    numberOfRows=7, instrument="STK", locationCode="STK.US.MAJOR", scanCode="MOST_ACTIVE",
    abovePrice=5.0, aboveVolume=1000,
)  # fmt: skip
UNTIL = "20261120 15:30:00 UTC"
Asks = tuple[Callable[[RequestEncoder], bytes], Callable[[ib_async_codec.Sender], None]]
REQUESTS: dict[str, Asks] = {
    "start_api": (lambda ours: ours.start_api(), lambda other: other.startApi()),
    "current_time": (lambda ours: ours.current_time(), lambda other: other.reqCurrentTime()),
    "cancel_order": (lambda ours: ours.cancel_order(5), lambda other: other.cancelOrder(5)),
    "global_cancel": (lambda ours: ours.global_cancel(), lambda other: other.reqGlobalCancel()),
    "market_data": (
        lambda ours: ours.market_data(8, contract_of(AAPL)),
        lambda other: other.reqMktData(8, theirs(AAPL), "", False, False, []),
    ),
    "cancel_market_data": (
        lambda ours: ours.cancel_market_data(8),
        lambda other: other.cancelMktData(8),
    ),
    "cancel_tick_by_tick": (
        lambda ours: ours.cancel_tick_by_tick(8),
        lambda other: other.cancelTickByTickData(8),
    ),
    "delayed_data": (
        lambda ours: ours.delayed_data(),
        lambda other: other.reqMarketDataType(3),
    ),
    "tick_by_tick": (
        lambda ours: ours.tick_by_tick(8, contract_of(AAPL), "BidAsk"),
        lambda other: other.reqTickByTickData(8, theirs(AAPL), "BidAsk", 0, False),
    ),
    "depth": (
        lambda ours: ours.depth(8, contract_of(AAPL), 10, is_smart=True),
        lambda other: other.reqMktDepth(8, theirs(AAPL), 10, True, []),
    ),
    "cancel_depth": (
        lambda ours: ours.cancel_depth(8, is_smart=True),
        lambda other: other.cancelMktDepth(8, True),
    ),
    "real_time_bars": (
        lambda ours: ours.real_time_bars(8, contract_of(AAPL), "MIDPOINT"),
        lambda other: other.reqRealTimeBars(8, theirs(AAPL), 5, "MIDPOINT", False, []),
    ),
    "cancel_real_time_bars": (
        lambda ours: ours.cancel_real_time_bars(8),
        lambda other: other.cancelRealTimeBars(8),
    ),
    "contract_details": (
        lambda ours: ours.contract_details(8, contract_of(AAPL)),
        lambda other: other.reqContractDetails(8, theirs(AAPL)),
    ),
    "history": (
        lambda ours: ours.history(
            8, contract_of(AAPL), UNTIL, "2 D", "1 min", "TRADES", regular_hours=True
        ),
        lambda other: other.reqHistoricalData(
            8, theirs(AAPL), UNTIL, "2 D", "1 min", "TRADES", True, 2, False, []
        ),
    ),
    "cancel_history": (
        lambda ours: ours.cancel_history(8),
        lambda other: other.cancelHistoricalData(8),
    ),
    "history_ticks": (
        lambda ours: ours.history_ticks(
            8, contract_of(AAPL), "", UNTIL, 100, "BID_ASK", regular_hours=False
        ),
        lambda other: other.reqHistoricalTicks(
            8, theirs(AAPL), "", UNTIL, 100, "BID_ASK", False, False, []
        ),
    ),
    "option_chains": (
        lambda ours: ours.option_chains(8, "AAPL", "", "STK", 265598),
        lambda other: other.reqSecDefOptParams(8, "AAPL", "", "STK", 265598),
    ),
    "account_values": (
        lambda ours: ours.account_values(8, "DU1"),
        lambda other: other.reqAccountUpdatesMulti(8, "DU1", "", False),
    ),
    "cancel_account_values": (
        lambda ours: ours.cancel_account_values(8),
        lambda other: other.cancelAccountUpdatesMulti(8),
    ),
    "profit": (lambda ours: ours.profit(8, "DU1"), lambda other: other.reqPnL(8, "DU1", "")),
    "cancel_profit": (lambda ours: ours.cancel_profit(8), lambda other: other.cancelPnL(8)),
    "position_profit": (
        lambda ours: ours.position_profit(8, "DU1", 265598),
        lambda other: other.reqPnLSingle(8, "DU1", "", 265598),
    ),
    "cancel_position_profit": (
        lambda ours: ours.cancel_position_profit(8),
        lambda other: other.cancelPnLSingle(8),
    ),
    "scan": (
        lambda ours: ours.scan(8, Scan("MOST_ACTIVE", rows=7, price_min=5, volume_min=1000)),
        lambda other: other.reqScannerSubscription(8, THEIR_SCAN, [], []),
    ),
    "cancel_scan": (
        lambda ours: ours.cancel_scan(8),
        lambda other: other.cancelScannerSubscription(8),
    ),
    "market_rule": (lambda ours: ours.market_rule(26), lambda other: other.reqMarketRule(26)),
    "positions": (lambda ours: ours.positions(), lambda other: other.reqPositions()),
    "account_summary": (
        lambda ours: ours.account_summary(8, "BuyingPower"),
        lambda other: other.reqAccountSummary(8, "All", "BuyingPower"),
    ),
    "cancel_account_summary": (
        lambda ours: ours.cancel_account_summary(8),
        lambda other: other.cancelAccountSummary(8),
    ),
    "open_orders": (lambda ours: ours.open_orders(), lambda other: other.reqOpenOrders()),
    "all_open_orders": (
        lambda ours: ours.all_open_orders(),
        lambda other: other.reqAllOpenOrders(),
    ),
    "executions": (
        lambda ours: ours.executions(8),
        lambda other: other.reqExecutions(8, ib_async.ExecutionFilter()),
    ),
    "completed_orders": (
        lambda ours: ours.completed_orders(),
        lambda other: other.reqCompletedOrders(False),
    ),
}
"""Every request but orders: how the gateway makes it, and how ib_async does."""


def test_every_request_is_tried_here():
    offered = {name for name, _ in inspect.getmembers(RequestEncoder, inspect.isfunction)}
    public = {name for name in offered if not name.startswith("_")}
    assert public - {"place_order", "identify"} == REQUESTS.keys(), "give each new one its row"


@AT
@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_sent_as_ib_async_sends_it(version: int, name: str):
    make, make_theirs = REQUESTS[name]
    other, ours = ib_async_codec.Sender(version), make(RequestEncoder(1, version))
    make_theirs(other)
    assert differing(ours, other.taken()) == []
    (fields,), (known,) = fields_of(ours), fields_of(make(RequestEncoder(1, 157)))
    assert decode(fields, version) == decode(known, 157)


@given(st.sampled_from(VERSIONS), st.sampled_from([*TYPES]), st.booleans())
def test_the_simulator_reads_a_request_as_it_does_at_157(version: int, kind: str, what_if: bool):
    prices = {name: Decimal(price) for name, price in TYPES[kind].items()}
    order = submit(terms=OrderTerms("SELL", Decimal("10.5"), kind, **prices))

    def at(one: int) -> Any:
        data = RequestEncoder(1, one).place_order("5", order, contract_of(AAPL), what_if=what_if)
        (fields,) = fields_of(data)
        return decode(fields, one)

    assert at(version) == at(157)
    assert (at(version).account, at(version).order_ref) == (ACCOUNT, "s-1/1")
