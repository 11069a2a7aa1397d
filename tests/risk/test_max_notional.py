"""MaxNotional: what an account's positions could be worth, long and short, in one currency."""

from decimal import Decimal

import pytest

from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.orders import Order
from tapewire.common.errors import ConfigError
from tapewire.common.events import (
    EVERYTHING,
    ComboLeg,
    FlattenStarted,
    RiskHalted,
    Scope,
    Tick,
    Trade,
)
from tapewire.common.instruments import Instrument
from tapewire.risk.rules import View
from tests.risk.money import Account
from tests.risk.orders import AAPL, MSFT, NOW, T0, book, entry, fill, foreign, held, intended, order

ES = Instrument(symbol="ES", sec_type="FUT", multiplier=Decimal(50))
DAX = Instrument(symbol="DAX", currency="EUR")
LEGS = (ComboLeg("AAPL", 1, "BUY"), ComboLeg("MSFT", 1, "SELL"))


def market(price: float | None = 100.0) -> View:
    """Empty accounts, while the newest price of every symbol is this one."""

    def newest(symbol: str) -> Tick | None:
        return None if price is None else Trade(symbol, T0, price, 1.0)

    return View(Accounts([AAPL, MSFT, ES, DAX], Order), newest).at(NOW)


def taken(view: View, *events: object) -> View:
    for event in events:
        view._accounts.apply(event)
    return view


def denial(wanted, view: View, scope: Scope = EVERYTHING, **limits: object) -> str:
    return book(entry("MaxNotional", scope=scope, **limits)).denial(wanted, view)


# ---- before --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("quantity", "passes"), [(9, True), (10, True), (11, False)])
@pytest.mark.parametrize("kind", ["gross", "net"])
@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_an_order_may_bring_the_account_up_to_the_limit(
    side: str, kind: str, quantity: int, passes: bool
):
    assert (denial(order("a", side, quantity), market(), **{kind: 1000}) == "") == passes


def test_a_denial_says_what_it_would_come_to():
    assert denial(order("a", "BUY", 11), market(), gross=1000) == (
        "MaxNotional: with this order the account is or could get worth 1100.00 USD gross, the"
        " limit is 1000"
    )


def test_long_and_short_positions_add_up_gross_and_cancel_out_net():
    short = order("y", "SELL", symbol="MSFT")
    view = taken(market(), fill(order("x"), 6, "e1"), fill(short, 6, "e2"))
    assert denial(order("a", "BUY", 1), view, gross=1200) != ""
    assert denial(order("a", "BUY", 4), view, net=400) == ""
    assert denial(order("a", "BUY", 5), view, net=400) != ""


def test_what_works_and_foreign_orders_count_on_their_side():
    view = taken(market(), intended(order("w", "BUY", 4)), foreign(1, 3, side="SELL"))
    assert denial(order("a", "BUY", 6), view, gross=1000) == ""
    assert denial(order("a", "BUY", 7), view, gross=1000) != ""
    assert denial(order("a", "SELL", 7), view, gross=1000) == ""
    assert denial(order("a", "BUY", 6), view, net=1000) == ""


def test_a_contract_counts_with_its_multiplier_and_another_currency_not_at_all():
    assert denial(order("a", "BUY", 2, symbol="ES"), market(), gross=10_000) == ""
    assert denial(order("a", "BUY", 3, symbol="ES"), market(), gross=10_000) != ""
    assert denial(order("a", "BUY", 99, symbol="DAX"), market(), gross=1000) == ""
    assert denial(order("a", "BUY", 99, symbol="DAX"), market(), gross=1000, currency="EUR") != ""


def test_a_price_below_zero_counts_with_its_size():
    assert denial(order("a", "BUY", 11), market(-100.0), gross=1000) != ""


def test_an_exit_passes_however_much_it_is_and_without_any_price():
    for view in (market(), market(None)):
        taken(view, fill(order("x"), 50, "e1"), held(50))
        assert denial(order("a", "SELL", 50), view, gross=1000) == ""
        assert denial(order("a", "BUY", 1), view, gross=1000) != ""


def test_without_a_price_nobody_can_tell_and_the_order_is_denied():
    assert denial(order(), market(None), gross=1000) == (
        "MaxNotional: what the account is worth is not known: there is no price of AAPL"
    )


def test_where_no_market_is_seen_it_is_not_judged():
    view = View(Accounts([AAPL], Order)).at(NOW)
    assert denial(order("a", "BUY", 999), view, gross=1000) == ""


def test_the_legs_of_a_combo_count_together():
    combo = {"symbol": "AAPL - MSFT", "legs": LEGS}
    assert denial(order("a", "BUY", 5, **combo), market(), gross=1000) == ""
    assert denial(order("a", "BUY", 6, **combo), market(), gross=1000) != ""


@pytest.mark.parametrize(
    ("scope", "elsewhere"),
    [
        (Scope("DU1"), {"account": "DU2"}),
        (Scope(strategy="s"), {"strategy": "other"}),
        (Scope(symbol="AAPL"), {"symbol": "MSFT"}),
    ],
)
def test_it_is_about_its_scope_alone(scope: Scope, elsewhere: dict):
    assert denial(order("a", "BUY", 11), market(), scope, gross=1000) != ""
    assert denial(order("a", "BUY", 11, **elsewhere), market(), scope, gross=1000) == ""


def test_each_account_has_its_own_limit():
    view = taken(market(), held(10, account="DU2"))
    assert denial(order("a", "BUY", 10), view, gross=1000) == ""


# ---- after ---------------------------------------------------------------------------------------


def watched(enforcement: str = "halt", **limits: object) -> Account:
    """An account with both symbols at 100, whose limit is 1000 gross."""
    given = limits or {"gross": 1000}
    return Account(entry("MaxNotional", enforcement, **given)).price(100).price(100, "MSFT").check()


SAID = "the account is or could get worth 1100.00 USD gross, the limit is 1000"


@pytest.mark.parametrize(("quantity", "is_broken"), [(9, False), (10, False), (11, True)])
def test_a_position_that_became_too_large_is_broken_at_once(quantity: int, is_broken: bool):
    one = watched().trade(3, 100).check().trade(quantity - 3, 100).check()
    assert one.violations == ([SAID] if is_broken else [])


def test_a_price_that_lasts_breaks_it_and_one_bad_tick_does_not():
    one = watched().trade(10, 100).check()
    one.price(500).later(0.5)
    one.price(100).later(2)
    assert one.violations == []
    assert one.holds(110).violations == [SAID]


def test_a_fill_while_the_price_is_bad_counts_at_the_price_before():
    one = watched().trade(8, 100).check()
    one.price(500).trade(1, 100).check()
    assert one.violations == []
    one.trade(2, 100).check()
    assert len(one.violations) == 1


def test_the_account_that_is_broken_is_halted_and_no_other():
    one = watched()
    one.trade(11, 100).check()
    one.trade(10, 100, account="DU2").check()
    assert [event.scope for event in one.events if isinstance(event, RiskHalted)] == [Scope("DU1")]


def test_after_a_restart_it_is_found_again_once_it_has_lasted():
    one = watched().trade(11, 100)
    again = one.restarted(entry("MaxNotional", gross=1000))
    again.price(100).check()
    assert again.violations == []
    assert again.later(1).violations == [SAID]


def test_a_hedge_that_was_held_before_the_first_fill_counts_net():
    one = watched(net=1000).trade(11, 100)
    one.report(held(11))
    one.report(held(-5, "MSFT"))
    assert one.check().violations == []
    one.report(held(0, "MSFT"))
    assert len(one.check().violations) == 1


def reduced(one: Account) -> list[tuple[str, int]]:
    """What is reduced, and to how much."""
    flattens = [event for event in one.events if isinstance(event, FlattenStarted)]
    return [(event.scope.symbol, int(event.keep)) for event in flattens]


@pytest.mark.parametrize(
    ("limits", "expected"),
    [({"gross": 1040}, ("MSFT", 4)), ({"net": 150}, ("AAPL", 5)), ({"net": 70}, ("AAPL", 4))],
)
def test_a_reduce_leaves_of_the_largest_position_on_that_side_what_the_limit_allows(
    limits: dict[str, int], expected: tuple[str, int]
):
    """AAPL is worth 600 long, and MSFT 630 or 360 short."""
    one = Account(entry("MaxNotional", "reduce", confirm_ms=0, confirm_marks=0, **limits))
    one.trade(6, 100)
    one.trade(-7 if "gross" in limits else -4, 90, symbol="MSFT").price(100).price(90, "MSFT")
    one.check().later(1)
    assert reduced(one)[:1] == [expected]


def test_a_missing_price_halts_after_a_while_and_closes_nothing():
    one = Account(entry("MaxNotional", "flatten", gross=1000)).trade(5, 100).check()
    assert one.later(4.9).violations == []
    assert one.later(0.2).violations == [
        "what the account is worth is not known: there is no price of AAPL"
    ]
    assert not any(isinstance(event, FlattenStarted) for event in one.events)
    (reading,) = one.rules.readings(one.monitor.view.at(one.now))
    assert reading.used is None


def test_what_is_known_is_too_much_gross_whatever_is_missing():
    one = Account(entry("MaxNotional", gross=1000)).price(100).check()
    one.trade(2, 100).trade(5, 100, symbol="MSFT").check().trade(9, 100).check()
    assert one.violations == [SAID]


def test_of_two_limits_the_one_is_read_that_is_used_most():
    one = watched(gross=1000, net=600).trade(6, 100).trade(-3, 100, symbol="MSFT")
    (reading,) = one.rules.readings(one.monitor.view.at(one.now))
    assert (reading.used, reading.limit, reading.unit) == (900, 1000, "USD gross")
    one.trade(3, 100, symbol="MSFT")
    (reading,) = one.rules.readings(one.monitor.view.at(one.now))
    assert (reading.used, reading.limit, reading.unit) == (600, 600, "USD net")


@pytest.mark.parametrize("wrong", [{}, {"gross": 0}, {"gross": 1, "net": 0}, {"net": -1}])
def test_limits_that_mean_nothing_are_refused(wrong: dict):
    with pytest.raises(ConfigError, match=r"MaxNotional .*above 0"):
        book(entry("MaxNotional", **wrong))
