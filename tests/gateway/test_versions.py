"""TWS's versions 157 to 178: what is sent and read at each, held against two other codecs.

The simulator's codec and ib_async's were written independently of this one. Whatever the gateway
reads, both of them agree on; whatever it sends, ib_async sends the same and the simulator reads.
"""

import inspect
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import ib_async
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewire.common.events import REQUIRED_PRICES, OrderTerms, SubmitOrder
from tapewire.gateway.tws import messages as tws
from tapewire.gateway.tws.contracts import Contracts
from tapewire.gateway.tws.encoder import RequestEncoder, contract_of
from tapewire.gateway.tws.translate import Translator
from tapewire.gateway.tws.versions import RECEIVED, VERSION_MAX, changes_at, older, order_offsets
from tapewire.simulator.exchange.orders import Order
from tapewire.simulator.protocol import messages
from tapewire.simulator.protocol.decoders import decode
from tapewire.simulator.protocol.messages import frame
from tapewire.simulator.protocol.order_messages import completed_order, open_order, what_if
from tests import ib_async_codec
from tests.gateway.one_combo import LEGS, combo
from tests.gateway.tws_bench import fields_of, submit
from tests.gateway.tws_messages import AAPL, ACCOUNT, MSFT, execution_of, order_at_tws

VERSIONS = range(157, VERSION_MAX + 1)
AT = pytest.mark.parametrize("version", VERSIONS)
UNSET = {"", "0", "0.0", "1.7976931348623157e+308"}
DECIMALS = st.decimals(Decimal("0.01"), 10_000, places=2)


def read(version: int, fields: list[str]) -> list[tws.TwsMessage]:
    return Translator(version).read(frame(fields)[4:])


def test_the_newest_version_is_the_newest_that_ib_async_speaks():
    assert VERSION_MAX == ib_async_codec.NEWEST


# ---- what TWS sends ----------------------------------------------------------------------------


@st.composite
def orders(draw: Any) -> Order:
    kind = draw(st.sampled_from(["MKT", "LMT", "STP", "STP LMT"]))
    prices = {name: draw(DECIMALS) for name in REQUIRED_PRICES[kind]}
    terms = OrderTerms(draw(st.sampled_from(["BUY", "SELL"])), draw(DECIMALS), kind, **prices)
    return order_at_tws(
        submit(draw(st.from_regex(r"[a-z]{1,8}-[0-9]/[0-9]", fullmatch=True)), terms=terms),
        draw(st.integers(1, 2**31 - 1)),
        status=draw(st.sampled_from(["Submitted", "Filled", "Cancelled", "Inactive"])),
        filled=draw(DECIMALS),
        done_ns=1_700_000_000 * 10**9,
    )


def same(order: Any, found: tws.OpenOrder | tws.CompletedOrder) -> None:
    """What both codecs have of an order's report."""
    assert (order.permId, order.orderRef) == (found.perm_id, found.order_ref)


@given(st.sampled_from(VERSIONS), orders())
def test_an_open_order_is_what_ib_async_reads_of_it(version: int, order: Order):
    fields = open_order(version, order, with_commission=True)
    (found,) = read(version, fields)
    ((_, (order_id, contract, theirs, state)),) = ib_async_codec.read(version, fields)
    assert isinstance(found, tws.OpenOrder)
    same(theirs, found)
    assert (found.order_id, found.client_id) == (order_id, theirs.clientId)
    assert (found.status, found.account) == (state.status, theirs.account)
    assert (found.side, found.kind) == (theirs.action, theirs.orderType)
    assert (found.con_id, found.symbol) == (contract.conId, contract.symbol)
    assert float(found.quantity or 0) == theirs.totalQuantity
    given_prices = {"limit": theirs.lmtPrice, "stop": theirs.auxPrice}
    assert {n: float(p) for n, p in found.prices.items()} == {
        n: given_prices[n] for n in found.prices
    }
    assert set(found.prices) == REQUIRED_PRICES[found.kind]


@given(st.sampled_from(VERSIONS), orders())
def test_a_completed_order_is_what_ib_async_reads_of_it(version: int, order: Order):
    fields = completed_order(version, order)
    (found,) = read(version, fields)
    ((_, (_, theirs, state)),) = ib_async_codec.read(version, fields)
    assert isinstance(found, tws.CompletedOrder)
    same(theirs, found)
    assert (found.status, found.completed_status) == (state.status, state.completedStatus)
    assert float(found.filled or 0) == theirs.filledQuantity


@given(st.sampled_from(VERSIONS), orders(), DECIMALS, DECIMALS)
def test_an_execution_is_what_ib_async_reads_of_it(
    version: int, order: Order, shares: Decimal, price: Decimal
):
    fields = messages.execution(version, -1, execution_of(order, shares, "0001.01", str(price)))
    (found,) = read(version, fields)
    ((_, (_, contract, theirs)),) = ib_async_codec.read(version, fields)
    assert isinstance(found, tws.Execution)
    assert (found.exec_id, found.order_id, found.perm_id, found.client_id) == (
        theirs.execId, theirs.orderId, theirs.permId, theirs.clientId,
    )  # fmt: skip
    assert (found.account, found.order_ref) == (theirs.acctNumber, theirs.orderRef)
    assert (found.con_id, found.symbol) == (contract.conId, contract.symbol)
    assert (float(found.quantity), float(found.price)) == (theirs.shares, theirs.price)


@given(st.sampled_from(VERSIONS), st.integers(-1, 10**9), st.integers(100, 11_000), st.text("az "))
def test_an_error_is_what_ib_async_reads_of_it(version: int, about: int, code: int, text: str):
    fields = messages.error(version, about, code, text)
    ((_, theirs),) = ib_async_codec.read(version, fields)
    assert read(version, fields) == [tws.TwsError(*theirs[:3])]


@AT
def test_contract_details_are_what_ib_async_reads_of_them(version: int):
    hours = [(0, 3_600_000_000_000)]
    fields = messages.contract_details(version, 5, AAPL, 26, hours, hours)
    (found,) = read(version, fields)
    ((_, (request_id, theirs)),) = ib_async_codec.read(version, fields)
    assert isinstance(found, tws.ContractFound)
    assert (found.request_id, found.con_id) == (request_id, theirs.contract.conId)
    assert (float(found.min_tick), found.long_name) == (theirs.minTick, theirs.longName)
    assert (found.trading_hours, found.liquid_hours) == (theirs.tradingHours, theirs.liquidHours)
    assert [*found.rules.values()] == [int(theirs.marketRuleIds)]


def long_messages(version: int) -> list[list[str]]:
    """Each message that differs between versions."""
    order = order_at_tws(submit(), 5, status="Cancelled", reason="because")
    return [
        messages.error(version, 5, 201, "Order rejected"),
        open_order(version, order),
        what_if(version, order),
        messages.contract_details(version, 77, AAPL),
        messages.execution(version, -1, execution_of(order, 2, "0001.01")),
        completed_order(version, order),
    ]


def test_each_message_of_the_table_is_tried_here():
    assert {int(one[0]) for one in long_messages(157)} == RECEIVED.keys()


@AT
def test_brought_back_a_message_has_every_field_that_it_had_at_157(version: int):
    changes = changes_at(RECEIVED, version)
    for newer, known in zip(long_messages(version), long_messages(157), strict=True):
        assert older(newer.copy(), changes.get(int(newer[0]), ())) == known


@AT
def test_a_field_more_or_less_is_undecodable_at_every_version(version: int):
    for fields in long_messages(version):
        assert not isinstance(read(version, fields)[0], tws.Undecodable)
        (longer,) = read(version, [*fields, "{}"])
        assert isinstance(longer, tws.Undecodable)
        assert f"{len(fields) + 1} fields, expected {len(fields)}" in longer.reason
        (shorter,) = read(version, fields[:-1])
        assert isinstance(shorter, tws.Undecodable)


def test_what_a_real_tws_sent_is_read(data_folder: Any):
    with (data_folder / "tws_recordings.jsonl").open() as file:
        recorded = [json.loads(line) for line in file]
    found = [
        message
        for one in recorded
        if one["dir"] == "in" and one["fields"][0] != "176"  # the reply of the handshake
        for message in read(one["ver"], one["fields"])
    ]
    unread = [m.payload for m in found if isinstance(m, tws.Undecodable)]
    assert all(b"\0AccountType\0" in payload for payload in unread)  # a text; amounts are asked for
    kinds = {type(message) for message in found}
    assert kinds >= {tws.WhatIfEstimate, tws.TwsError, tws.AccountValue, tws.PositionReported}
    estimates = [m for m in found if isinstance(m, tws.WhatIfEstimate)]
    assert [bool(one.money) for one in estimates] == [False, True]


class Past(Translator):
    """Keeps what ibapi makes of messages about the past."""

    def __init__(self, version: int) -> None:
        super().__init__(version)
        self.heard: list[Any] = []

    def historicalData(self, _request: int, bar: Any) -> None:  # noqa: N802 - ibapi's name
        self.heard.append((bar.volume, bar.close, bar.date))

    def historicalTicks(self, _request: int, ticks: Any, _done: bool) -> None:  # noqa: N802
        self.heard += [(tick.size, tick.price) for tick in ticks]


BARS = ["17", "4", "from", "to", "1", "20261120", "1", "2", "1", "1.5", "1250.5", "1.4", "12"]
OLD_TICKS = [
    "96",
    "4",
    "2",
    "1700000000",
    "0",
    "150.5",
    "0.25",
    "1700000001",
    "0",
    "150.5",
    "3",
    "1",
]


@pytest.mark.parametrize(
    ("fields", "found"),
    [(BARS, [(1250.5, 1.5, "20261120")]), (OLD_TICKS, [(0.25, 150.5), (3, 150.5)])],
)
def test_sizes_of_the_past_may_be_fractions_from_163_on(fields: list[str], found: Any):
    for version in VERSIONS:
        translator = Past(version)
        got = translator.read(frame(fields)[4:])
        if version < 163:
            assert isinstance(got[0], tws.Undecodable)
        else:
            assert (got, translator.heard) == ([], found)


@pytest.mark.parametrize("volume", ["nan", "inf", "many", "1e999"])
def test_a_size_that_is_no_number_is_undecodable(volume: str):
    (got,) = Past(178).read(frame([*BARS[:10], volume, *BARS[11:]])[4:])
    assert isinstance(got, tws.Undecodable)


# ---- what TWS is asked -------------------------------------------------------------------------


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
    "contract_details": (
        lambda ours: ours.contract_details(8, contract_of(AAPL)),
        lambda other: other.reqContractDetails(8, theirs(AAPL)),
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
    other = ib_async_codec.Sender(version)
    make_theirs(other)
    assert differing(make(RequestEncoder(1, version)), other.taken()) == []


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
