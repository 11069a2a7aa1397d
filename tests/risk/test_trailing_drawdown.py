"""TrailingDrawdown, also against a second reckoning of it over random days."""

import random
from decimal import Decimal

import pytest

from tapewire.common.errors import ConfigError
from tapewire.common.events import RuleStateChanged
from tests.risk.money import Account, next_day
from tests.risk.orders import book, entry

RULE = "TrailingDrawdown"
START, LIMIT = 1000, 100


def rule(**given):
    return entry(RULE, **{"limit": LIMIT, "start": START, **given})


def at(price: float, **given) -> Account:
    """An account that bought 10 at 100 and saw that price for a while."""
    return Account(rule(**given)).trade(10, 100).price(100).holds(price)


@pytest.mark.parametrize(("price", "broken"), [(90.1, False), (90, True), (89.9, True)])
def test_an_account_that_never_rose_may_fall_by_the_limit(price: float, broken: bool):
    assert bool(at(price).violations) == broken


@pytest.mark.parametrize(("price", "broken"), [(95.1, False), (95, True)])
def test_it_follows_the_highest_of_any_moment(price: float, broken: bool):
    assert bool(at(105).holds(price).violations) == broken


def test_the_sentence_names_the_fall_and_from_where():
    assert at(105).holds(94).violations == [
        "the account has fallen by 110.00 from 1050.00, the limit is 100"
    ]


@pytest.mark.parametrize(("price", "broken"), [(100.1, False), (100, True)])
def test_it_stops_following_at_the_starting_balance(price: float, broken: bool):
    assert bool(at(120).holds(price).violations) == broken


@pytest.mark.parametrize(("price", "broken"), [(110.1, False), (110, True)])
def test_it_may_go_on_following(price: float, broken: bool):
    assert bool(at(120, stops_at_start=False).holds(price).violations) == broken


@pytest.mark.parametrize(("price", "broken"), [(93.1, False), (93, True)])
def test_the_highest_may_be_that_at_the_end_of_a_day(price: float, broken: bool):
    one = at(109, high="end_of_day").holds(103)
    next_day(one).holds(price)
    assert bool(one.violations) == broken


def test_a_highest_within_the_day_does_not_count_where_the_end_of_days_do():
    assert at(109, high="end_of_day").holds(90.1).violations == []
    assert at(109, high="end_of_day").holds(90).violations != []


def test_one_bad_tick_neither_breaks_it_nor_raises_its_highest():
    one = at(100)
    one.price(9).price(100).later(2)
    one.price(900).price(100).later(2)
    assert one.holds(90.1).violations == []


@pytest.mark.parametrize("high", ["intraday", "end_of_day"])
def test_the_highest_is_kept_over_a_restart(high: str):
    one = at(106, high=high)
    if high == "end_of_day":
        next_day(one).holds(106)
    after = one.restarted(rule(high=high))
    after.holds(97)
    assert after.violations == []
    assert len(after.holds(96).violations) == 1


def test_what_is_realised_counts_with_its_fees():
    one = Account(rule()).trade(10, 100, fee=5).trade(-10, 90.6, fee=0.9).check().later(2)
    assert one.violations == []
    one.trade(1, 100, fee=0.1).holds(100)
    assert one.violations == ["the account has fallen by 100.00 from 1000.00, the limit is 100"]


def test_a_fall_that_is_realised_before_it_is_confirmed_is_found():
    one = at(100).price(80)
    assert one.violations == [], "one price, not confirmed"
    one.trade(-10, 80).later(2)
    assert one.violations == ["the account has fallen by 200.00 from 1000.00, the limit is 100"]


def test_a_profit_that_is_realised_raises_its_highest_at_once():
    one = at(100).price(110).trade(-10, 110).check().trade(10, 110).holds(100.1)
    assert one.violations == []
    assert one.holds(100).violations == [
        "the account has fallen by 100.00 from 1100.00, the limit is 100"
    ]


def test_closing_one_of_two_positions_does_not_keep_a_fall_from_being_confirmed():
    one = at(100).trade(10, 50, symbol="MSFT").price(50, "MSFT")
    one.price(80).trade(-10, 80).later(2)
    assert one.violations == [], "what MSFT is worth now may not be what it was"
    one.price(50, "MSFT").later(0.1).price(50, "MSFT").later(0.1)
    assert len(one.violations) == 1


# ---- a second reckoning --------------------------------------------------------------------------


def reckoned(days: list[list[Decimal]], *, daily: bool, stops: bool) -> int | None:
    """From the rule's text: at which balance of these, counted from 0, the account has fallen too
    far. A balance lasts until the next."""
    high, number = Decimal(START), 0
    for balances in days:
        for balance in balances:
            if not daily:
                high = max(high, balance)
            floor = high - LIMIT
            if balance <= (min(floor, Decimal(START)) if stops else floor):
                return number
            number += 1
        high = max(high, balances[-1])
    return None


def broken_at(days: list[list[Decimal]], *, daily: bool, stops: bool) -> int | None:
    """What the rule says of it: each balance is a trade that was closed, and nothing is open."""
    given = {"high": "end_of_day" if daily else "intraday", "stops_at_start": stops}
    one = Account(rule(confirm_ms=0, confirm_marks=0, **given))
    before, number = Decimal(START), 0
    for balances in days:
        for balance in balances:
            one.trade(1, 5000).trade(-1, float(5000 + balance - before))
            before = balance
            one.later(60)
            if one.violations:
                return number
            number += 1
        next_day(one)
    return None


@pytest.mark.parametrize("seed", range(8))
def test_it_agrees_with_a_second_reckoning_over_random_days(seed: int):
    chance = random.Random(seed)
    for _ in range(25):
        daily, stops = chance.random() < 0.5, chance.random() < 0.5
        balance, days = Decimal(START), []
        for _ in range(5):
            steps = [chance.choice((-45, -20, -10, 0, 5, 10, 25, 60)) for _ in range(4)]
            days.append([balance := balance + step for step in steps])
        assert broken_at(days, daily=daily, stops=stops) == reckoned(
            days, daily=daily, stops=stops
        ), (days, daily, stops)


def test_the_last_of_a_day_is_not_written_at_each_price():
    one = Account(entry("TrailingDrawdown", limit=1000, start=50_000, high="end_of_day"))
    one.price(100).trade(10, 100)
    for number in range(400):
        one.price(100 + number % 2).later(0.25)
    written = [event for event in one.events if isinstance(event, RuleStateChanged)]
    assert 2 <= len(written) <= 5, "about once per minute"


@pytest.mark.parametrize("start", ["NaN", "Infinity"])
def test_a_balance_that_is_no_number_is_refused(start: str):
    with pytest.raises(ConfigError, match="start is"):
        book(entry("TrailingDrawdown", limit=1000, start=Decimal(start)))
