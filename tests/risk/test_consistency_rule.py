"""ConsistencyRule, also against a second reckoning of it over random days."""

import random
from decimal import Decimal

import pytest

from tapewire.common.errors import ConfigError
from tests.risk.money import Account, next_day
from tests.risk.orders import book, entry, held

RULE = "ConsistencyRule"


def days(*results: float, percent: float = 50, profit_min: float = 0, **given) -> Account:
    """An account whose trading days have made so much each; the last is today."""
    one = Account(entry(RULE, percent=percent, profit_min=profit_min, **given))
    for number, result in enumerate(results):
        if number:
            next_day(one)
        one.trade(1, 1000).trade(-1, 1000 + result).check()
    return one


@pytest.mark.parametrize(("today", "broken"), [(99.9, False), (100, False), (100.1, True)])
def test_a_day_may_make_its_share_and_no_more(today: float, broken: bool):
    one = days(100, today, profit_min=150)
    assert bool(one.violations) == broken
    assert bool(one.denial(1)) == broken


def test_an_average_cost_that_is_rounded_makes_no_share_too_large():
    one = Account(entry(RULE, percent=50, profit_min=150))
    one.trade(1, 100).trade(2, 101).trade(-1, 130).trade(-1, 136).trade(-1, 136).check()
    next_day(one).trade(1, 1000).trade(-1, 1100).check()
    assert (one.violations, one.denial(1)) == ([], "")


def test_the_sentence_names_the_share():
    one = days(60, 100, profit_min=100)
    assert one.violations == ["the day has made 62.5 % of the profit, the limit is 50 %"]
    assert one.denial(1) == f"{RULE}: {one.violations[-1]}"


def test_the_day_after_is_for_making_the_share_smaller():
    one = days(60, 100, profit_min=100, until="day")
    assert next_day(one).denial(1) == ""
    assert one.monitor.halts == {}
    assert one.monitor.readings[0].used == Decimal("62.5")


def test_nothing_is_judged_without_a_profit_or_below_the_least_one():
    assert days(-10, 5).violations == []
    assert days(80, profit_min=81).violations == []
    assert days(81, profit_min=81).violations != []


def test_an_exit_is_never_denied_and_an_entry_is():
    one = days(100)
    one.trade(5, 100).check()
    one.report(held(5))
    assert (one.denial(-5), bool(one.denial(1))) == ("", True)


def test_the_days_are_kept_over_a_restart_without_the_journals_of_then():
    one = days(100, 100, profit_min=150)
    next_day(one)
    one.fills = []  # they are in a checkpoint
    after = one.restarted(entry(RULE, percent=50, profit_min=150))
    after.trade(1, 1000).trade(-1, 1200).check()
    assert after.violations == [], "200 of 400"
    after.trade(1, 1000).trade(-1, 1001).check()
    assert len(after.violations) == 1, "201 of 401"


def test_its_headroom_is_the_share():
    one = days(30, 70, percent=80)
    (found,) = one.monitor.readings
    assert (found.used, found.limit, found.account) == (70, 80, "DU1")


@pytest.mark.parametrize("percent", [0, -1, 101, "NaN"])
def test_a_share_that_is_none_is_refused(percent):
    with pytest.raises(ConfigError, match=f"{RULE} percent is"):
        book(entry(RULE, percent=percent, profit_min=0))


@pytest.mark.parametrize("seed", range(4))
def test_it_agrees_with_a_second_reckoning_over_random_days(seed: int):
    chance = random.Random(seed)
    for _ in range(25):
        made = [chance.choice((-80, -20, 0, 10, 40, 50, 90)) for _ in range(6)]
        one = days(*made, percent=40, enforcement="deny")
        whole = sum(made)
        broken = whole > 0 and made[-1] == max(made) and Decimal(made[-1]) / whole > Decimal("0.4")
        assert bool(one.denial(1)) == broken, made
