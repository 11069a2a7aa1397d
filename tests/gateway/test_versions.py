"""What TWS sends at versions 157 to 178, held against two other codecs and a real TWS.

The simulator's codec and ib_async's were written independently of this one. Whatever the gateway
reads of a message of the simulator's, ib_async reads the same.
"""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewire.common.events import REQUIRED_PRICES, OrderTerms
from tapewire.gateway.tws import messages as tws
from tapewire.gateway.tws.query_messages import BarsFound
from tapewire.gateway.tws.translate import Translator
from tapewire.gateway.tws.versions import FRACTIONS_SINCE, RECEIVED, VERSION_MAX, changes_at, older
from tapewire.simulator.exchange.orders import Order
from tapewire.simulator.market.summary import Bar
from tapewire.simulator.protocol import history_messages as past
from tapewire.simulator.protocol import messages
from tapewire.simulator.protocol.messages import frame
from tapewire.simulator.protocol.order_messages import completed_order, open_order, what_if
from tests import ib_async_codec
from tests.gateway.tws_bench import submit
from tests.gateway.tws_messages import AAPL, execution_of, order_at_tws
from tests.ib_async_codec import VERSIONS

AT = pytest.mark.parametrize("version", VERSIONS)
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
    assert [*found.rules.values()] == [26] * len(theirs.marketRuleIds.split(","))


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
    """Keeps what ibapi makes of bars and of ticks of the past."""

    def __init__(self, version: int) -> None:
        super().__init__(version)
        self.heard: list[Any] = []

    def historicalData(self, _request: int, bar: Any) -> None:  # noqa: N802 - ibapi's name
        self.heard.append((bar.open, bar.high, bar.low, bar.close, bar.volume, bar.barCount))

    historicalDataUpdate = historicalData  # noqa: N815

    def realtimeBar(self, _request: int, _time: int, *bar: Any) -> None:  # noqa: N802
        *prices_and_volume, _average, count = bar
        self.heard.append((*prices_and_volume, count))

    def historicalTicks(self, _request: int, ticks: Any, _done: bool) -> None:  # noqa: N802
        self.heard += [(tick.size, tick.price) for tick in ticks]


BAR = Bar(1.25, 2.5, 0.5, 1.75, 1250.5, 1800.0, 12)
OLD_TICKS = [*("96", "4", "1"), *("1700000000", "0", "150.5", "0.25"), "1"]


@AT
def test_bars_are_what_ib_async_reads_of_them_with_fractions_from_163_on(version: int):
    sent = [
        past.historical_data(version, 4, "from", "to", [("20261120", BAR)], True),
        past.historical_data_update(version, 4, "20261120", BAR, True),
        past.real_time_bar(version, 4, 1_700_000_000, BAR, True),
    ]
    translator = Past(version)
    read = [one for fields in sent for one in translator.read(frame(fields)[4:])]
    assert read == [BarsFound(4, ())], "the bars themselves are in `heard`"
    volume = BAR.volume if version >= FRACTIONS_SINCE else round(BAR.volume)
    assert translator.heard == [(1.25, 2.5, 0.5, 1.75, volume, 12)] * 3
    (_, (_, first)), _, (_, (_, newest)), (_, (_, _, *rest)) = ib_async_codec.read(version, *sent)
    for bar in (first, newest):
        found = (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.barCount)
        assert found == translator.heard[0]
    assert (*rest[:5], rest[6]) == translator.heard[0]


def test_sizes_of_old_ticks_may_be_fractions_from_163_on():
    for version in VERSIONS:
        translator = Past(version)
        got = translator.read(frame(OLD_TICKS)[4:])
        if version < FRACTIONS_SINCE:
            assert isinstance(got[0], tws.Undecodable)
        else:
            assert (got, translator.heard) == ([], [(0.25, 150.5)])


@pytest.mark.parametrize("volume", ["nan", "inf", "many", "1e999"])
def test_a_size_that_is_no_number_is_undecodable(volume: str):
    (got,) = Past(178).read(frame([*OLD_TICKS[:6], volume, "1"])[4:])
    assert isinstance(got, tws.Undecodable)
