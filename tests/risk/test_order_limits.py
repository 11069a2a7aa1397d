"""PriceCollar and MaxOrderNotional: what a typing error may cost."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.orders import Order
from tapewire.common.errors import ConfigError
from tapewire.common.events import ORDER_TYPES, OrderTerms, Quote, SubmitOrder, Tick, Trade
from tapewire.common.instruments import Instrument
from tapewire.risk.rules import View
from tests.risk.orders import AAPL, NOW, SECOND, T0, book, entry, fill, intended, order

ES = Instrument(symbol="ES", sec_type="FUT", multiplier=Decimal(50), min_tick=Decimal("0.25"))
DAX = Instrument(symbol="DAX", currency="EUR")


def market(price: float | None = 100.0, age_ns: int = 0) -> View:
    """The accounts, empty, while the newest trade of every symbol is at `price`."""

    def newest(symbol: str) -> Tick | None:
        return None if price is None else Trade(symbol, T0 - age_ns, price, 1.0)

    accounts = Accounts([AAPL, ES, DAX], Order)
    return View(accounts, newest).at(NOW)


def executor_view() -> View:
    return View(Accounts([AAPL, ES, DAX], Order)).at(NOW)


def wanted(
    side: str, kind: str = "MKT", quantity: int = 10, symbol: str = "AAPL", **prices: object
) -> SubmitOrder:
    given = {name: Decimal(str(price)) for name, price in prices.items()}
    return replace(order(symbol=symbol), terms=OrderTerms(side, Decimal(quantity), kind, **given))


# ---- the collar ----------------------------------------------------------------------------------

COLLAR = entry("PriceCollar", percent=Decimal(5))


def collared(one, view: View | None = None) -> str:
    return book(COLLAR).denial(one, view or market())


@pytest.mark.parametrize(
    ("side", "limit"), [("BUY", 105), ("BUY", 1), ("SELL", 95), ("SELL", 10_000)]
)
def test_a_limit_near_the_market_or_on_its_far_side_passes(side: str, limit: int):
    assert collared(wanted(side, "LMT", limit=limit)) == ""


@pytest.mark.parametrize(
    ("side", "limit", "where"), [("BUY", "105.01", "above"), ("SELL", "94.99", "below")]
)
def test_a_limit_far_beyond_the_market_is_denied(side: str, limit: str, where: str):
    assert collared(wanted(side, "LMT", limit=limit)) == (
        f"PriceCollar: the limit of {side} 10 LMT limit {limit} AAPL is more than 5 % {where} its"
        " newest price 100"
    )


@pytest.mark.parametrize(
    ("kind", "prices"),
    [
        ("MKT", {}),
        ("STP", {"stop": 150}),
        ("TRAIL", {"trail": 50}),
        ("STP LMT", {"stop": 150, "limit": 155}),
        ("TRAIL LIMIT", {"trail": 50, "stop": 150, "limit_offset": 7}),
    ],
)
def test_an_order_that_waits_for_its_stop_may_be_far_from_the_market(kind: str, prices: dict):
    assert collared(wanted("BUY", kind, **prices)) == ""


@pytest.mark.parametrize(
    ("kind", "prices"),
    [
        ("STP LMT", {"stop": 150, "limit": 160}),
        ("TRAIL LIMIT", {"trail": 50, "stop": 150, "limit_offset": 8}),
    ],
)
def test_its_limit_is_measured_from_its_stop(kind: str, prices: dict):
    assert "more than 5 % above its stop 150" in collared(wanted("BUY", kind, **prices))


def test_every_type_with_a_limit_is_held_to_it():
    for kind in ORDER_TYPES.values():
        if "limit" in kind.fields:
            prices = dict.fromkeys(kind.required, 100) | {"limit": 200}
            assert collared(wanted("BUY", kind.name, **prices)), kind.name


def test_without_a_price_or_with_an_old_one_nothing_is_denied():
    far = wanted("BUY", "LMT", limit=10_000)
    assert collared(far, market(None)) == ""
    assert collared(far, market(age_ns=61 * SECOND)) == ""
    assert collared(far, market(age_ns=59 * SECOND)) != ""
    assert collared(far, executor_view()) == ""


def test_below_zero_the_collar_has_the_same_width():
    assert collared(wanted("BUY", "LMT", limit=-95), market(-100.0)) == ""
    assert collared(wanted("BUY", "LMT", limit=-94), market(-100.0)) != ""


@pytest.mark.parametrize("wrong", [{"percent": Decimal(0)}, {"percent": 5, "age_max_s": 0}])
def test_a_collar_that_means_nothing_is_refused(wrong: dict):
    with pytest.raises(ConfigError, match="it must be above 0"):
        book(entry("PriceCollar", **wrong))


# ---- the amount ----------------------------------------------------------------------------------


def amount(one, limit: int = 1000, view: View | None = None, **more: object) -> str:
    return book(entry("MaxOrderNotional", limit=Decimal(limit), **more)).denial(
        one, view or market()
    )


@pytest.mark.parametrize(
    ("kind", "prices", "comes_to"),
    [
        ("MKT", {}, 1000),
        ("LMT", {"limit": 120}, 1200),
        ("LMT", {"limit": 90}, 900),
        ("STP", {"stop": 110}, 1100),
        ("STP LMT", {"stop": 110, "limit": 111}, 1110),
        ("TRAIL", {"trail": 3}, 1030),
        ("TRAIL", {"trail_percent": 4}, 1040),
        ("TRAIL LIMIT", {"trail": 3, "stop": 105, "limit_offset": 2}, 1070),
        ("MIT", {"stop": 95}, 950),
        ("LIT", {"stop": 95, "limit": 96}, 960),
        ("MOC", {}, 1000),
        ("LOC", {"limit": 101}, 1010),
        ("PEG MID", {}, 1000),
    ],
)
def test_a_purchase_counts_with_the_worst_price_that_it_can_trade_at(
    kind: str, prices: dict, comes_to: int
):
    one = wanted("BUY", kind, **prices)
    assert amount(one, comes_to) == ""
    assert f"comes to {comes_to:.2f} USD" in amount(one, comes_to - 1)


@pytest.mark.parametrize(("prices", "comes_to"), [({"limit": 1}, 1000), ({"limit": 120}, 1200)])
def test_a_sale_counts_with_the_market_s_price_if_that_is_higher(prices: dict, comes_to: int):
    one = wanted("SELL", "LMT", **prices)
    assert amount(one, comes_to) == ""
    assert amount(one, comes_to - 1) != ""


def test_a_contract_counts_with_its_multiplier():
    assert amount(wanted("BUY", symbol="ES", quantity=2), 10_000) == ""
    assert amount(wanted("BUY", symbol="ES", quantity=2), 9_999) == (
        "MaxOrderNotional: BUY 2 MKT ES comes to 10000.00 USD at 100, the limit is 9999"
    )


def test_another_currency_is_not_compared():
    one = wanted("BUY", symbol="DAX", quantity=1000)
    assert amount(one) == ""
    assert amount(one, currency="EUR") != ""


def test_an_exit_may_be_of_any_size():
    view = market()
    bought = wanted("BUY", quantity=500)
    view._accounts.apply(intended(bought))
    view._accounts.apply(fill(bought, 500, "e1"))
    assert amount(wanted("SELL", quantity=500), view=view) == ""
    assert amount(wanted("SELL", quantity=501), view=view) != ""


def test_where_there_is_no_price_yet_a_market_order_is_denied():
    assert "there is no price of AAPL yet" in amount(wanted("BUY"), view=market(None))
    assert amount(wanted("BUY", "LMT", limit=100), view=market(None)) == ""


def test_the_executor_sees_no_market_and_leaves_it_to_the_gateway():
    assert amount(wanted("BUY"), view=executor_view()) == ""
    assert amount(wanted("BUY", "LMT", limit=101), view=executor_view()) != ""


# ---- the newest price ----------------------------------------------------------------------------


def test_the_newest_price_is_a_trade_s_or_a_quote_s_midpoint():
    quote = Quote("AAPL", T0 - SECOND, 99.0, 1.0, 102.0, 1.0)
    view = View(Accounts([AAPL], Order), lambda _symbol: quote).at(NOW)
    assert view.price("AAPL") == (Decimal("100.5"), SECOND)
