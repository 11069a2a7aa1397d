"""StaleData: no order at market on an old price."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.orders import Order
from tapewire.common.errors import ConfigError
from tapewire.common.events import (
    EVERYTHING,
    ComboLeg,
    OrderTerms,
    Scope,
    SubmitOrder,
    Tick,
    Trade,
)
from tapewire.risk.rules import View
from tests.risk.orders import AAPL, MSFT, NOW, T0, book, entry, fill, intended, order

MS = 1_000_000
LEGS = (ComboLeg("AAPL", 1, "BUY"), ComboLeg("MSFT", 1, "SELL"))


def market(age_ms: int | None, other_ms: int | None = 0) -> View:
    """Accounts whose newest AAPL price is this old, and that of every other symbol `other_ms`."""

    def newest(symbol: str) -> Tick | None:
        age = age_ms if symbol == "AAPL" else other_ms
        return None if age is None else Trade(symbol, T0 - age * MS, 100.0, 1.0)

    return View(Accounts([AAPL, MSFT], Order), newest).at(NOW)


def wanted(kind: str = "MKT", side: str = "BUY", quantity: int = 10, **more: object) -> SubmitOrder:
    prices = {name: Decimal(more.pop(name)) for name in PRICES if name in more}
    return replace(order(**more), terms=OrderTerms(side, Decimal(quantity), kind, **prices))


PRICES = ("limit", "stop", "trail", "trail_percent", "limit_offset")


def denial(one: SubmitOrder, view: View, scope: Scope = EVERYTHING) -> str:
    return book(entry("StaleData", scope=scope, age_max_ms=500)).denial(one, view)


@pytest.mark.parametrize(("age_ms", "passes"), [(0, True), (499, True), (500, True), (501, False)])
def test_an_order_at_market_needs_a_price_that_is_no_older_than_that(age_ms: int, passes: bool):
    assert (denial(wanted(), market(age_ms)) == "") == passes


def test_a_denial_says_how_old_the_price_is():
    assert denial(wanted(), market(501)) == (
        "StaleData: BUY 10 MKT AAPL has no limit, and the newest price is 501 ms old, at most 500"
        " ms are allowed"
    )


@pytest.mark.parametrize(
    ("kind", "prices"),
    [
        ("STP", {"stop": 101}),
        ("MIT", {"stop": 99}),
        ("TRAIL", {"trail": 1}),
        ("TRAIL", {"trail_percent": 1}),
        ("MOC", {}),
        ("PEG MID", {}),
    ],
)
def test_an_order_that_will_be_at_market_is_one_too(kind: str, prices: dict):
    assert denial(wanted(kind, **prices), market(501)) != ""
    assert denial(wanted(kind, **prices), market(500)) == ""


@pytest.mark.parametrize(
    ("kind", "prices"),
    [
        ("LMT", {"limit": 100}),
        ("STP LMT", {"stop": 101, "limit": 102}),
        ("TRAIL LIMIT", {"trail": 1, "stop": 101, "limit_offset": 1}),
        ("LOC", {"limit": 100}),
        ("PEG MID", {"limit": 100}),
    ],
)
def test_an_order_with_a_limit_needs_no_price(kind: str, prices: dict):
    assert denial(wanted(kind, **prices), market(None)) == ""


def test_without_any_price_an_order_at_market_is_denied():
    assert denial(wanted(), market(None)) == (
        "StaleData: BUY 10 MKT AAPL has no limit, and there is no price yet"
    )


def test_where_no_market_is_seen_it_is_not_judged():
    assert denial(wanted(), View(Accounts([AAPL], Order)).at(NOW)) == ""


def test_an_exit_passes_whatever_the_price():
    view = market(None)
    for event in (intended(wanted()), fill(wanted(), 10, "e1")):
        view._accounts.apply(event)
    assert denial(wanted(side="SELL"), view) == ""
    assert denial(wanted(side="SELL", quantity=11), view) != ""
    assert denial(wanted(side="SELL", account="DU2"), view) != ""


@pytest.mark.parametrize(
    ("scope", "elsewhere"),
    [
        (Scope("DU1"), {"account": "DU2"}),
        (Scope(strategy="s"), {"strategy": "other"}),
        (Scope(symbol="AAPL"), {"symbol": "MSFT"}),
    ],
)
def test_it_is_asked_about_its_scope_alone(scope: Scope, elsewhere: dict):
    view = market(None, None)
    assert denial(wanted(), view, scope) != ""
    assert denial(wanted(**elsewhere), view, scope) == ""


def test_a_combo_without_a_limit_needs_a_price_of_each_leg():
    combo = {"symbol": "AAPL - MSFT", "legs": LEGS}
    assert denial(wanted(**combo), market(0, 0)) == ""
    assert "MSFT has no limit" in denial(wanted(**combo), market(0, 501))
    assert denial(wanted("LMT", limit=1, **combo), market(None, None)) == ""


def test_an_age_that_is_none_is_refused():
    with pytest.raises(ConfigError, match="StaleData age_max_ms is 0; must be above 0"):
        book(entry("StaleData", age_max_ms=0))
