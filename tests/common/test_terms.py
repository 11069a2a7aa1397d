"""Which terms make sense together, and which order type prices amount to."""

from decimal import Decimal

import pytest

from tapewire.common.events import (
    ORDER_TYPES,
    PRICES,
    OrderKind,
    OrderTerms,
    TermChanges,
    terms_fault,
    type_for,
)

ONE = Decimal(1)
TAKEN = {
    "MKT": [()],
    "LMT": [("limit",)],
    "STP": [("stop",)],
    "STP LMT": [("limit", "stop")],
    "TRAIL": [("trail",), ("trail_percent",), ("trail", "stop"), ("trail_percent", "stop")],
    "TRAIL LIMIT": [
        ("trail", "stop", "limit_offset"),
        ("trail_percent", "stop", "limit_offset"),
    ],
    "MIT": [("stop",)],
    "LIT": [("limit", "stop")],
    "MOC": [()],
    "LOC": [("limit",)],
    "PEG MID": [(), ("limit",)],
}


def terms(kind: str, *prices: str, **more: object) -> OrderTerms:
    return OrderTerms("BUY", ONE, kind, **dict.fromkeys(prices, ONE), **more)


def all_sets_of_prices() -> list[tuple[str, ...]]:
    return [
        tuple(name for bit, name in enumerate(PRICES) if chosen >> bit & 1)
        for chosen in range(2 ** len(PRICES))
    ]


def test_the_table_has_every_order_type():
    assert list(ORDER_TYPES) == list(TAKEN)


@pytest.mark.parametrize("kind", TAKEN)
def test_an_order_type_takes_its_prices_and_no_other_set_of_them(kind: str):
    taken = [given for given in all_sets_of_prices() if not terms_fault(terms(kind, *given))]
    assert {frozenset(given) for given in taken} == {frozenset(given) for given in TAKEN[kind]}


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ((), "MKT"),
        (("limit",), "LMT"),
        (("stop",), "STP"),
        (("stop", "limit"), "STP LMT"),
        (("trail",), "TRAIL"),
        (("trail_percent", "stop"), "TRAIL"),
        (("trail", "stop", "limit_offset"), "TRAIL LIMIT"),
    ],
)
def test_prices_alone_mean_the_plain_type(given: tuple[str, ...], kind: str):
    assert type_for(given) == kind


def test_prices_that_no_order_type_has_together_raise_with_those_that_there_are():
    says = r"the prices limit and trail together; the types are MKT \(no price\), LMT \(limit\)"
    with pytest.raises(ValueError, match=says):
        type_for({"limit", "trail"})


def test_a_type_says_in_words_what_it_takes():
    assert str(ORDER_TYPES["TRAIL"]) == "TRAIL (trail or trail_percent, stop if wanted)"


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        (terms("LMT"), "a LMT order has no limit price; it needs one"),
        (terms("MKT", "stop"), "a MKT order has stop price 1; it must have none"),
        (
            terms("TRAIL", "trail", "trail_percent"),
            "a TRAIL order needs exactly one of trail and trail_percent",
        ),
        (terms("TRAIL"), "a TRAIL order needs exactly one of trail and trail_percent"),
        (OrderTerms("BUY", ONE, "TRAIL", trail=Decimal(0)), "trail is 0; it must be above 0"),
        (OrderTerms("BUY", Decimal(0)), "quantity is 0; it must be above 0"),
        (
            terms("MKT", time_in_force="GTD"),
            "a GTD order has no good_till_ns; it needs the time at which it ends",
        ),
        (
            terms("MKT", good_till_ns=5),
            "a DAY order has good_till_ns; only a GTD order can have it",
        ),
        (
            terms("MKT", oca="cancel"),
            "oca is cancel and group is empty; an OCA order needs the group's name",
        ),
    ],
)
def test_terms_that_make_no_sense_are_refused_with_the_reason(wrong: OrderTerms, fault: str):
    assert terms_fault(wrong) == fault


def test_an_order_type_that_nobody_knows_is_refused_with_those_that_there_are():
    fault = terms_fault(terms("REL"))
    assert fault == f"order type REL is not known; the types are {', '.join(TAKEN)}"


@pytest.mark.parametrize("in_force", ["DAY", "GTC", "IOC", "FOK", "OPG"])
def test_other_durations_need_no_time(in_force: str):
    assert terms_fault(terms("LMT", "limit", time_in_force=in_force)) == ""


def test_a_good_till_date_order_and_an_oca_order_make_sense():
    assert terms_fault(terms("MKT", time_in_force="GTD", good_till_ns=5)) == ""
    assert terms_fault(terms("MKT", oca="reduce", group="g")) == ""


@pytest.mark.parametrize("name", PRICES)
def test_a_price_that_is_no_number_is_refused(name: str):
    with pytest.raises(ValueError, match=rf"terms\.{name} is NaN"):
        OrderTerms("BUY", ONE, **{name: Decimal("NaN")})
    with pytest.raises(ValueError, match=rf"changes\.{name} is NaN"):
        TermChanges(**{name: Decimal("NaN")})


@pytest.mark.parametrize("name", ["quantity", *PRICES])
def test_a_modify_replaces_each_price_and_the_quantity(name: str):
    before = terms("MKT", *PRICES)
    after = TermChanges(**{name: Decimal(7)}).applied_to(before)
    assert getattr(after, name) == 7
    assert TermChanges.all_of(before).applied_to(after) == before


def test_terms_read_as_a_sentence():
    assert str(terms("TRAIL", "trail", time_in_force="GTC")) == "BUY 1 TRAIL trail 1 GTC"
    assert str(terms("STP LMT", "stop", "limit")) == "BUY 1 STP LMT limit 1 stop 1"


def test_a_type_with_all_prices_optional_takes_none_or_any():
    kind = OrderKind("X", {"limit": "lmtPrice"}, frozenset({"limit"}))
    assert [kind.takes(given) for given in ((), {"limit"}, {"stop"})] == [True, True, False]
