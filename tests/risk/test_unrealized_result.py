"""UnrealizedLoss and UnrealizedProfit: what one position may come to."""

import pytest

from tapewire.common.events import FlattenStarted, RiskHalted, Scope
from tests.risk.money import Account
from tests.risk.orders import entry

LOSS, PROFIT = "UnrealizedLoss", "UnrealizedProfit"
HERE = Scope("DU1", symbol="AAPL")


def holding(rule: str = LOSS, quantity: int = 10, **given) -> Account:
    """An account that has traded so much at 100; the limit is 100."""
    return Account(entry(rule, limit=100, **given)).trade(quantity, 100).price(100)


@pytest.mark.parametrize(("price", "broken"), [(90.01, False), (90, True), (89.99, True)])
@pytest.mark.parametrize(
    ("rule", "quantity", "turned"), [(LOSS, 10, 0), (LOSS, -10, 200), (PROFIT, -10, 0)]
)
def test_a_position_breaks_the_rule_at_the_limit(
    rule: str, quantity: int, turned: float, price: float, broken: bool
):
    one = holding(rule, quantity).holds(turned - price if turned else price)
    assert bool(one.violations) == broken


def test_it_halts_and_closes_that_symbol_alone():
    one = holding(enforcement="close").trade(10, 100, symbol="MSFT").price(100, "MSFT")
    one.holds(89)
    assert one.violations == ["AAPL has lost 110.00, the limit is 100"]
    assert [e.scope for e in one.events if isinstance(e, RiskHalted | FlattenStarted)] == [HERE] * 2


def test_the_positions_of_two_accounts_are_two():
    one = holding().trade(5, 100, account="DU2")
    one.holds(85)
    assert list(one.monitor.halts) == [HERE]


def test_one_bad_tick_breaks_nothing_and_a_price_that_lasts_does():
    one = holding()
    one.price(1).later(2)
    one.price(100).later(2)
    assert one.violations == []
    assert len(one.holds(1).violations) == 1


def test_a_missing_price_halts_and_closes_nothing():
    one = Account(entry(LOSS, enforcement="flatten", limit=100)).trade(10, 100).check()
    one.later(5.1)
    assert one.violations == ["what AAPL has gained or lost is not known: it has no price"]
    assert list(one.monitor.halts) == [HERE]
    assert one.monitor.flatten is None


def test_what_is_closed_is_not_looked_at_any_more():
    one = holding().trade(-10, 80)
    one.price(1).later(6)
    assert one.violations == []


def test_its_headroom_is_each_position_s():
    one = holding(PROFIT).trade(10, 100, symbol="MSFT").check()
    one.price(103).check()
    found = {r.symbol: r.used for r in one.monitor.readings}
    assert found == {"AAPL": 30, "MSFT": None}


def test_what_a_closed_position_had_lost_does_not_confirm_the_loss_of_the_next_one():
    one = Account(entry("UnrealizedLoss", limit=100))
    one.price(100).trade(10, 100).check().price(80)  # one bad tick
    one.trade(-10, 100).later(1).price(100).price(100).later(3600)
    one.trade(10, 100).price(80)  # another one
    assert one.violations == []
    one.holds(80)
    assert len(one.violations) == 1


def test_a_position_that_had_no_price_gives_the_next_one_its_whole_time():
    one = Account(entry("UnrealizedLoss", limit=100))
    one.trade(10, 100).later(1).trade(-10, 100).later(3600)
    assert one.trade(10, 100).later(1).violations == []
    assert len(one.later(5).violations) == 1
