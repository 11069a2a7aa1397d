"""DailyRealizedLoss and DailyRealizedProfit: what a trading day may come to."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.clock import Now
from tapewire.common.errors import ConfigError
from tapewire.common.events import FlattenStarted, LockOutEnded, RiskHalted, RiskWarned, Scope
from tests.risk.money import Account, next_day
from tests.risk.orders import MSFT, SECOND, book, entry, held

LOSS, PROFIT = "DailyRealizedLoss", "DailyRealizedProfit"


def losing(amount: float, rule: str = LOSS, **given) -> Account:
    """An account with a limit of 100 that has lost so much (or won, if the rule is about that)."""
    one = Account(entry(rule, limit=100, **given))
    one.trade(10, 100).trade(-10, 100 - amount / 10 if rule == LOSS else 100 + amount / 10)
    return one.check()


@pytest.mark.parametrize("rule", [LOSS, PROFIT])
@pytest.mark.parametrize(("amount", "broken"), [(99.9, False), (100, True), (100.1, True)])
def test_a_result_breaks_the_rule_at_the_limit(rule: str, amount: float, broken: bool):
    one = losing(amount, rule)
    assert bool(one.violations) == broken
    assert bool(one.denial(1)) == broken


@pytest.mark.parametrize(("rule", "what"), [(LOSS, "loss"), (PROFIT, "profit")])
def test_the_sentence_names_the_result_and_the_limit(rule: str, what: str):
    assert losing(120, rule).violations == [f"the day's {what} is 120.00, the limit is 100"]


def test_an_average_cost_that_is_rounded_does_not_hide_that_the_limit_is_reached():
    one = Account(entry(LOSS, limit=100))
    one.trade(2, 100).trade(1, 101).trade(-1, 70).trade(-1, 60).trade(-1, 71).check()
    assert one.violations == ["the day's loss is 100.00, the limit is 100"]
    assert one.denial(1) != ""


def test_fees_are_a_part_of_the_loss():
    one = Account(entry(LOSS, limit=100))
    one.trade(10, 100, fee=0.5).trade(-10, 90.1, fee=0.4).check()
    assert one.violations == []
    one.trade(1, 100, fee=0.1).check()
    assert one.violations == ["the day's loss is 100.00, the limit is 100"]


def test_a_loss_of_one_account_is_not_the_other_s():
    one = Account(entry(LOSS, limit=100))
    one.trade(10, 100).trade(-10, 80).trade(10, 100, account="DU2").check()
    assert [e.scope for e in one.events if isinstance(e, RiskHalted)] == [Scope("DU1")]
    assert one.denial(1) != ""


def test_a_scope_limits_the_rule_to_an_account():
    one = Account(entry(LOSS, scope=Scope("DU2"), limit=100))
    one.trade(10, 100).trade(-10, 80).check()
    assert (one.violations, one.denial(1)) == ([], "")


def test_an_exit_is_never_denied():
    one = losing(150)
    one.trade(5, 100).check()
    one.report(held(5))
    assert one.denial(-5) == ""
    assert one.denial(-6) != ""
    assert one.denial(1) != ""


def test_a_new_trading_day_begins_with_nothing_lost():
    one = losing(150, until="day")
    assert next_day(one).denial(1) == ""
    assert isinstance(one.events[-1], LockOutEnded)
    one.trade(10, 100).trade(-10, 92).check()
    assert len(one.violations) == 1


def test_a_loss_before_midnight_counts_until_the_day_ends():
    """The day of CME products ends at 17:00 in Chicago, not at midnight."""
    one = Account(entry(LOSS, limit=100))
    one.later(2 * 3600)  # 00:13 UTC by the clock of the tests is 18:13 in Chicago
    one.trade(10, 100).trade(-10, 92)
    one.later(8 * 3600)
    one.trade(10, 100).trade(-10, 97).check()
    assert one.violations == ["the day's loss is 110.00, the limit is 100"]


@pytest.mark.parametrize("hours", [-1, 1])
def test_setting_the_clock_by_an_hour_does_not_begin_a_day(hours: int):
    one = Account(entry(LOSS, limit=100))
    one.later(3600 * 0.5)
    one.trade(10, 100).trade(-10, 92).check()
    one.now = Now(one.now.wall_ns + hours * 3600 * SECOND, one.now.mono_ns + SECOND)
    one.trade(10, 100).trade(-10, 97).check()
    assert one.violations == ["the day's loss is 110.00, the limit is 100"]


def test_a_restart_does_not_forget_the_loss():
    before = losing(150, until="day")
    after = before.restarted(entry(LOSS, limit=100, until="day"))
    assert after.denial(1) != ""
    assert after.monitor.halts.keys() == {Scope("DU1")}
    assert len(after.violations) == 1, "it was reported before"


def test_the_account_is_flattened_and_locked_out_for_the_day():
    one = losing(80, enforcement="flatten", until="day")
    one.trade(5, 100).trade(-2, 80).check()
    flatten = next(e for e in one.events if isinstance(e, FlattenStarted))
    assert flatten.scope == Scope("DU1")
    assert one.monitor.halts[Scope("DU1")].until_ns > 0


def test_most_of_the_limit_is_warned_about():
    one = losing(80)
    (warned,) = (e for e in one.events if isinstance(e, RiskWarned))
    assert warned.reason == "80 of 100 money is used"


# ---- with what is open ---------------------------------------------------------------------------


def open_loss(**given) -> Account:
    """An account that holds 10, bought at 100."""
    return Account(entry(LOSS, unrealised=True, limit=100, **given)).trade(10, 100).price(100)


def test_what_is_open_counts_where_it_is_asked_for():
    one = open_loss()
    one.holds(90.1)
    assert one.violations == []
    one.holds(90)
    assert one.violations == ["the day's loss is 100.00, the limit is 100"]


def test_a_loss_that_is_realised_before_it_is_confirmed_is_found():
    one = open_loss().price(80)
    assert one.violations == [], "one price, not confirmed"
    one.trade(-10, 80).later(2)
    assert one.violations == ["the day's loss is 200.00, the limit is 100"]


def test_one_bad_tick_breaks_nothing():
    one = open_loss()
    one.price(1).later(0.9)
    assert one.violations == []
    one.price(100).later(5)
    assert one.violations == []


def test_a_price_that_nobody_confirms_breaks_nothing():
    one = open_loss()
    one.price(1).later(5)
    assert one.violations == [], "it is one price, however long it stands"
    one.price(1).later(0.001).price(1)
    assert len(one.violations) == 1


def test_the_confirmation_can_be_switched_off():
    one = open_loss(confirm_ms=0, confirm_marks=0)
    assert len(one.price(90).violations) == 1


def test_without_a_price_nothing_is_closed_and_nothing_may_add_risk():
    one = Account(entry(LOSS, enforcement="flatten", unrealised=True, limit=100))
    one.trade(10, 100).check()
    one.later(4.9)
    assert one.violations == []
    one.later(0.2)
    assert one.violations == ["the result of DU1 is not known: there is no price of AAPL"]
    assert not any(isinstance(e, FlattenStarted) for e in one.events)
    assert one.monitor.halts.keys() == {Scope("DU1")}


def test_what_was_lost_on_the_day_before_is_not_counted_again():
    one = open_loss()
    one.holds(93)
    next_day(one).holds(90)
    assert one.violations == []
    one.holds(83)
    assert one.violations == ["the day's loss is 100.00, the limit is 100"]


def test_the_morning_is_kept_over_a_restart():
    rule = entry(LOSS, unrealised=True, limit=100)
    one = open_loss().holds(93)
    next_day(one)
    after = one.restarted(rule).holds(84)
    assert after.violations == []
    assert len(after.holds(83).violations) == 1


def test_two_currencies_are_not_added_up():
    one = Account(entry(LOSS, limit=100))
    one.monitor.accounts.instruments["MSFT"] = replace(MSFT, currency="EUR")
    one.trade(10, 100).trade(10, 100, symbol="MSFT").check().later(6)
    assert one.violations == ["the result of DU1 is not known: it trades in EUR and USD"]


@pytest.mark.parametrize("limit", [0, -1, "NaN"])
def test_a_limit_that_is_none_is_refused(limit):
    with pytest.raises(ConfigError, match="it must be above 0"):
        book(entry(LOSS, limit=limit))


def test_a_confirmation_that_is_none_is_refused():
    with pytest.raises(ConfigError, match="neither is below 0"):
        book(entry(LOSS, limit=Decimal(1), confirm_ms=-1))
