"""Every term of an order in TWS's words, and back: what is sent, and what openOrder reports."""

from decimal import Decimal
from typing import Any

import pytest
from ibapi.contract import Contract
from ibapi.order import Order
from ibapi.order_state import OrderState
from msgspec.structs import fields, replace

from tapewire.common.events import (
    ORDER_TYPES,
    PRICES,
    ComboLeg,
    OrderKind,
    OrderModified,
    OrderTerms,
    SubmitOrder,
    terms_fault,
)
from tapewire.gateway.tws.contracts import Contracts
from tapewire.gateway.tws.encoder import RequestEncoder, contract_of
from tapewire.gateway.tws.messages import OpenOrder
from tapewire.gateway.tws.translate import Translator
from tapewire.simulator.protocol.decoders import decode
from tapewire.simulator.protocol.order_messages import OPEN_ORDER
from tapewire.simulator.protocol.place_order import PLACE_ORDER
from tapewire.simulator.protocol.requests import PlaceOrder
from tests.gateway.tws_bench import Bench, fields_of, modify_order, names, submit
from tests.gateway.tws_messages import AAPL, ACCOUNT, MSFT, T0, open_order_of, order_at_tws

CONTRACT_FIELDS = 12
OF_COMBOS = ("comboLegs", "orderComboLegs", "smartComboRoutingParams")
NAMES = [field.name for field in PLACE_ORDER.at(157) if field.name not in OF_COMBOS]
PLACE = {name: at + (CONTRACT_FIELDS if at > 1 else 1) for at, name in enumerate(NAMES)}
"""Where placeOrder has its fields at version 157, for a contract without legs."""
REPORT = {field.name: at for at, field in enumerate(OPEN_ORDER.at(157))}
"""Where openOrder has them."""


@pytest.fixture
def encode() -> RequestEncoder:
    return RequestEncoder(1, 157)


def placed(encode: RequestEncoder, order: SubmitOrder, **more: Any) -> list[str]:
    (request,) = fields_of(encode.place_order("5", order, contract_of(AAPL, 1001), **more))
    return request


def with_terms(kind: str = "MKT", **given: Any) -> SubmitOrder:
    prices = {name: Decimal(given.pop(name)) for name in PRICES if name in given}
    return submit(terms=OrderTerms("BUY", Decimal(10), kind, **prices, **given))


@pytest.mark.parametrize(
    ("kind", "prices", "sent"),
    [
        ("MKT", {}, {"lmtPrice": "", "auxPrice": ""}),
        ("LMT", {"limit": "150.5"}, {"lmtPrice": "150.5", "auxPrice": ""}),
        ("STP", {"stop": "149"}, {"lmtPrice": "", "auxPrice": "149"}),
        ("STP LMT", {"stop": "149", "limit": "148"}, {"lmtPrice": "148", "auxPrice": "149"}),
        ("TRAIL", {"trail": "2.5"}, {"lmtPrice": "", "auxPrice": "2.5"}),
        ("MIT", {"stop": "151"}, {"lmtPrice": "", "auxPrice": "151"}),
        ("LIT", {"stop": "151", "limit": "152"}, {"lmtPrice": "152", "auxPrice": "151"}),
        ("MOC", {}, {"lmtPrice": "", "auxPrice": ""}),
        ("LOC", {"limit": "150"}, {"lmtPrice": "150", "auxPrice": ""}),
        ("PEG MID", {"limit": "150"}, {"lmtPrice": "150", "auxPrice": ""}),
    ],
)
def test_an_order_type_is_sent_by_tws_s_name_with_its_prices_in_tws_s_fields(
    encode: RequestEncoder, kind: str, prices: dict[str, str], sent: dict[str, str]
):
    request = placed(encode, with_terms(kind, **prices))
    assert request[PLACE["orderType"]] == kind
    assert {name: request[PLACE[name]] for name in sent} == sent


def test_a_trailing_stop_s_percentage_its_first_stop_and_its_limit_s_offset_are_sent(
    encode: RequestEncoder,
):
    order = with_terms("TRAIL LIMIT", trail_percent="1.25", stop="149", limit_offset="0.1")
    request = placed(encode, order)
    assert request[PLACE["trailStopPrice"]] == "149"
    assert request[PLACE["trailingPercent"]] == "1.25"
    assert request[PLACE["auxPrice"]] == ""
    assert request[PLACE["lmtPriceOffset"]] == "0.1"


@pytest.mark.parametrize("in_force", ["DAY", "GTC", "IOC", "FOK", "OPG"])
def test_each_duration_is_sent(encode: RequestEncoder, in_force: str):
    request = placed(encode, with_terms(time_in_force=in_force))
    assert request[PLACE["tif"]] == in_force


def test_the_end_of_a_good_till_date_order_is_sent_in_whole_seconds_of_utc(encode: RequestEncoder):
    request = placed(encode, with_terms(time_in_force="GTD", good_till_ns=T0 + 999_999_999))
    assert request[PLACE["goodTillDate"]] == "20231114 22:13:20 UTC"


@pytest.mark.parametrize(("oca", "kind"), [("cancel", "1"), ("reduce", "2")])
def test_an_oca_group_is_sent_with_its_name_and_kind(encode: RequestEncoder, oca: str, kind: str):
    request = placed(encode, with_terms(group="g-7", oca=oca))
    assert (request[PLACE["ocaGroup"]], request[PLACE["ocaType"]]) == ("g-7", kind)


def test_a_group_that_is_not_an_oca_group_is_our_own_name_and_not_sent(encode: RequestEncoder):
    assert placed(encode, with_terms(group="g-7")) == placed(encode, with_terms())


def test_a_child_names_its_parent_and_is_held_until_it_is_transmitted(encode: RequestEncoder):
    child = placed(encode, submit(), parent_order_id="4", transmit=False)
    assert (child[PLACE["parentId"]], child[PLACE["transmit"]]) == ("4", "0")
    last = placed(encode, submit(), parent_order_id="4")
    assert (last[PLACE["parentId"]], last[PLACE["transmit"]]) == ("4", "1")
    alone = placed(encode, submit())
    assert (alone[PLACE["parentId"]], alone[PLACE["transmit"]]) == ("0", "1")


def test_a_what_if_is_marked_as_one(encode: RequestEncoder):
    assert placed(encode, submit())[PLACE["whatIf"]] == "0"
    assert placed(encode, submit(), what_if=True)[PLACE["whatIf"]] == "1"


# ---- nothing is dropped without a word ---------------------------------------------------------

USED: dict[str, dict[str, Any]] = {
    "side": {"side": "SELL"},
    "quantity": {"quantity": Decimal(11)},
    "type": {"type": "MOC"},
    "limit": {"type": "LMT", "limit": Decimal(150)},
    "stop": {"type": "STP", "stop": Decimal(150)},
    "trail": {"type": "TRAIL", "trail": Decimal(2)},
    "time_in_force": {"time_in_force": "GTC"},
    "good_till_ns": {"time_in_force": "GTD", "good_till_ns": T0},
    "outside_hours": {"outside_hours": True},
    "group": {"group": "g", "oca": "cancel"},
    "trail_percent": {"type": "TRAIL", "trail_percent": Decimal(2)},
    "limit_offset": {
        "type": "TRAIL LIMIT", "trail": Decimal(2), "stop": Decimal(150),
        "limit_offset": Decimal("0.5"),
    },
    "oca": {"group": "g", "oca": "reduce"},
}  # fmt: skip
"""For each field of the terms, terms that use it."""
OTHER: dict[str, Any] = {
    "side": "BUY", "quantity": Decimal(12), "type": "PEG MID", "good_till_ns": T0 + 10**9,
    "outside_hours": False, "group": "h", "oca": "cancel", "time_in_force": "OPG",
}  # fmt: skip
"""Another value for each of them; of a price it is 7."""


def test_each_field_of_the_terms_is_walked():
    assert set(USED) == {field.name for field in fields(OrderTerms)}


@pytest.mark.parametrize("name", USED)
def test_each_field_of_the_terms_is_put_into_tws_s_words(encode: RequestEncoder, name: str):
    terms = replace(OrderTerms("BUY", Decimal(10)), **USED[name])
    assert terms_fault(terms) == ""
    other = replace(terms, **{name: OTHER.get(name, Decimal(7))})
    assert placed(encode, submit(terms=terms)) != placed(encode, submit(terms=other))


@pytest.mark.parametrize("name", PRICES)
@pytest.mark.parametrize("kind", ORDER_TYPES)
def test_a_price_that_the_type_has_no_field_for_is_refused(
    encode: RequestEncoder, kind: str, name: str
):
    required = dict.fromkeys(ORDER_TYPES[kind].required, Decimal(8))
    order = with_terms(kind, **{**required, name: Decimal(7)})
    if ORDER_TYPES[kind].takes({*required, name}):
        assert placed(encode, order)[PLACE[ORDER_TYPES[kind].fields[name]]] == "7"
    else:
        with pytest.raises(ValueError, match=f"a {kind} order (has {name} price 7|needs exactly)"):
            placed(encode, order)


def test_an_unknown_type_is_refused(encode: RequestEncoder):
    with pytest.raises(ValueError, match="order type REL is not known here"):
        placed(encode, with_terms("REL"))


@pytest.mark.parametrize("more", [{"parent_id": "s-1/2"}, {"legs": (ComboLeg("GOOG", 1, "BUY"),)}])
def test_an_order_whose_parent_or_leg_is_not_known_is_denied_and_not_sent_alone(more: dict):
    bench = Bench()
    assert not bench.submit(submit(**more)).accepted
    assert bench.flush() == []


# ---- combos ------------------------------------------------------------------------------------


def test_a_combo_is_sent_as_one_contract_with_its_legs(encode: RequestEncoder):
    legs = (ComboLeg("AAPL", 1, "BUY"), ComboLeg("MSFT", 2, "SELL"))
    contract = Contracts([AAPL, MSFT]).combo(legs)
    order = submit(symbol="AAPL-MSFT", legs=legs)
    (request,) = fields_of(encode.place_order("5", order, contract))
    assert request[2:5] == ["0", "AAPL", "BAG"]
    count = PLACE["hidden"] + 1
    assert request[count] == "2"
    assert request[count + 1 : count + 5] == ["1001", "1", "BUY", "SMART"]
    assert request[count + 9 : count + 13] == ["1002", "2", "SELL", "SMART"]


def test_the_simulator_reads_a_combo_as_it_was_meant(encode: RequestEncoder):
    legs = (ComboLeg("AAPL", 1, "BUY"), ComboLeg("MSFT", 2, "SELL"))
    order = submit(symbol="AAPL-MSFT", legs=legs, limit="1.5")
    data = encode.place_order("5", order, Contracts([AAPL, MSFT]).combo(legs))
    (request,) = fields_of(data)
    placed_there = decode(request, 157)
    assert isinstance(placed_there, PlaceOrder)
    found = [(leg.con_id, leg.ratio, leg.side) for leg in placed_there.contract.legs]
    assert found == [(1001, 1, "BUY"), (1002, 2, "SELL")]
    assert (placed_there.limit, placed_there.unsupported) == (Decimal("1.5"), "")


def test_two_combos_of_the_same_name_have_their_own_legs(encode: RequestEncoder):
    contracts = Contracts([AAPL, MSFT])
    one = contracts.combo((ComboLeg("AAPL", 1, "BUY"), ComboLeg("MSFT", 1, "SELL")))
    two = contracts.combo((ComboLeg("AAPL", 1, "BUY"), ComboLeg("MSFT", 2, "SELL")))
    assert encode.place_order("5", submit(), one) != encode.place_order("5", submit(), two)


def test_a_combo_of_two_currencies_or_of_an_unknown_contract_is_refused():
    euro, unknown = replace(MSFT, currency="EUR"), replace(MSFT, con_id=0)
    legs = (ComboLeg("AAPL", 1, "BUY"), ComboLeg("MSFT", 1, "SELL"))
    with pytest.raises(ValueError, match="AAPL is in USD and MSFT in EUR"):
        Contracts([AAPL, euro]).combo(legs)
    with pytest.raises(ValueError, match="TWS has not given the contract id of MSFT yet"):
        Contracts([AAPL, unknown]).combo(legs)


# ---- what TWS reports --------------------------------------------------------------------------


def read(kind: str, **fields: float) -> OpenOrder:
    """What the gateway reads of an order that ibapi decoded: an empty field as 0, or as unset."""
    order, state, translator = Order(), OrderState(), Translator(157)
    order.orderType, order.totalQuantity, order.account = kind, 10.0, ACCOUNT
    order.action = "BUY"
    order.lmtPrice = order.auxPrice = order.trailStopPrice = order.lmtPriceOffset = 0.0
    for name, value in fields.items():
        setattr(order, name, value)
    translator.openOrder(5, Contract(), order, state)
    (message,) = translator._messages
    assert isinstance(message, OpenOrder)
    return message


@pytest.mark.parametrize(
    ("kind", "reported", "prices"),
    [
        ("MKT", {"lmtPrice": 3.0}, {}),
        ("LMT", {"lmtPrice": 150.5}, {"limit": "150.5"}),
        ("LMT", {"lmtPrice": 0.0}, {"limit": "0"}),
        ("STP LMT", {"lmtPrice": 148.0, "auxPrice": 149.0}, {"limit": "148", "stop": "149"}),
        ("TRAIL", {"auxPrice": 2.5, "trailStopPrice": 147.5}, {"trail": "2.5"}),
        ("TRAIL", {"auxPrice": 1.88, "trailingPercent": 1.25}, {"trail_percent": "1.25"}),
        (
            "TRAIL LIMIT",
            {"auxPrice": 2.0, "lmtPriceOffset": 0.1, "lmtPrice": 147.4},
            {"trail": "2", "limit_offset": "0.1"},
        ),
        ("MIT", {"auxPrice": 151.0}, {"stop": "151"}),
        ("LIT", {"auxPrice": 151.0, "lmtPrice": 152.0}, {"stop": "151", "limit": "152"}),
        ("PEG MID", {}, {}),
        ("REL", {"lmtPrice": 3.0}, {}),
    ],
)
def test_the_prices_of_each_type_are_read(kind: str, reported: dict, prices: dict[str, str]):
    assert read(kind, **reported).prices == {n: Decimal(p) for n, p in prices.items()}


def test_where_a_trailing_stop_is_by_now_is_read_apart_from_its_terms():
    assert read("TRAIL", auxPrice=2.0, trailStopPrice=147.5).trailing_stop == Decimal("147.5")
    assert read("STP", auxPrice=149.0, trailStopPrice=149.0).trailing_stop is None


def test_a_quantity_that_an_oca_group_reduced_becomes_the_order_s_terms():
    bench = Bench()
    order = submit(quantity=10, limit=150)
    bench.submit(order)
    bench.flush()
    bench.receive(open_order_of(order_at_tws(order, 1)))
    smaller = replace(order, terms=replace(order.terms, quantity=Decimal(7)))
    events = bench.receive(open_order_of(order_at_tws(smaller, 1)))
    assert events == [OrderModified(T0, ACCOUNT, "s-1/1", "", smaller.terms)]


def trailed(order: SubmitOrder, stop: str) -> list[str]:
    """TWS reports a trailing order, with its stop where the market has moved it."""
    fields = open_order_of(order_at_tws(order, 1))
    for name, value in {"auxPrice": f"{order.terms.trail:f}", "stopPrice": stop}.items():
        fields[REPORT[name]] = value
    return fields


def test_a_trailing_order_is_modified_with_its_stop_where_tws_has_it_by_now():
    bench = Bench()
    order = with_terms("TRAIL", trail="2", stop="148")
    bench.submit(order)
    bench.flush()
    assert names(bench.receive(trailed(order, "149.5"))) == ["OrderAccepted"]
    assert bench.receive(trailed(order, "149.75")) == []
    wider = replace(order.terms, trail=Decimal(3))
    assert bench.modify(modify_order(terms=wider)).accepted
    (request,) = bench.flush()
    assert request[PLACE["auxPrice"]] == "3"
    assert request[PLACE["trailStopPrice"]] == "149.75"


def test_the_stop_of_a_trailing_order_cannot_be_set_again():
    bench = Bench()
    order = with_terms("TRAIL", trail="2", stop="148")
    bench.submit(order)
    bench.flush()
    bench.receive(trailed(order, "149.5"))
    back = replace(order.terms, stop=Decimal(140))
    reason = bench.modify(modify_order(terms=back)).reason
    assert reason == "the stop of a TRAIL order follows the market; change its distance instead"


# ---- a type from outside the tree --------------------------------------------------------------


def test_a_type_of_one_s_own_is_sent_with_its_fields_and_read_back(
    encode: RequestEncoder, monkeypatch
):
    kind = OrderKind("REL", {"limit_offset": "auxPrice"}, fixed={"discretionaryAmt": 0.25})
    monkeypatch.setitem(ORDER_TYPES, "REL", kind)
    request = placed(encode, with_terms("REL", limit_offset="0.02"))
    assert (request[PLACE["orderType"]], request[PLACE["auxPrice"]]) == ("REL", "0.02")
    assert request[PLACE["discretionaryAmt"]] == "0.25"
    assert read("REL", auxPrice=0.02).prices == {"limit_offset": Decimal("0.02")}


def test_a_type_with_a_field_that_tws_does_not_have_is_refused(encode: RequestEncoder, monkeypatch):
    monkeypatch.setitem(ORDER_TYPES, "REL", OrderKind("REL", {"limit": "noSuchField"}))
    with pytest.raises(ValueError, match="TWS's version has no field for noSuchField"):
        placed(encode, with_terms("REL", limit="1"))
