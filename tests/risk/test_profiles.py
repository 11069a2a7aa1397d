"""The profiles that ship: each of their rules loads, and binds at its own limit."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tapewire.common.calendars import library
from tapewire.common.config import profile
from tapewire.common.config.settings import Config, load
from tapewire.common.errors import ConfigError
from tapewire.common.events import ConnectionLost, RiskViolation
from tapewire.risk.rules import load_rules
from tapewire.risk.rules.in_force import entries_of, text_of
from tests.risk.money import Account
from tests.risk.orders import T0, held, intended, order
from tests.risk.test_session_block import at

needs_library = pytest.mark.skipif(
    bool(library.extras.missing(library.MODULE, "")), reason="needs tapewire[risk]"
)
NAMES = sorted(profile.shipped())
ENTRIES = [
    pytest.param(name, entry, id=f"{name}-{entry['rule']}", marks=needs_library)
    for name in NAMES
    for entry in profile.entries_of(name)
]


def of(name: str) -> Config:
    return Config(risk={"profile": name})  # type: ignore[arg-type]


def named(name: str, rule: str) -> Account:
    """An account under one rule of a profile."""
    (one,) = [one for one in of(name).risk.rules if one.rule == rule]
    return Account(one)  # type: ignore[arg-type]


# ---- how each kind of rule is broken -------------------------------------------------------------


def loses(one: Account, limit: float) -> None:
    one.trade(100, 100).price(100).holds(100 - limit / 100)


def ends_a_day_with_too_much(one: Account, limit: float) -> None:
    one.trade(100, 100).trade(-100, 131).check()


def goes_too_far(one: Account, limit: float) -> None:
    one.trade(int(limit) + 1, 100).report(held(int(limit) + 1))
    one.check()


def holds_for_too_much(one: Account, limit: float) -> None:
    one.price(100).trade(int(limit / 100) + 1, 100).holds(100)


def has_no_stop(one: Account, limit: float) -> None:
    one.trade(10, 100).report(held(10))
    one.check().later(limit / 1000 + 1)


def holds_on_a_sunday(one: Account, limit: float) -> None:
    one.trade(10, 100).report(held(10))
    one.now = at("2023-11-19T12:00", mono_s=60)
    one.monitor.view._offset_ns = None
    one.check()


def loses_its_broker(one: Account, limit: float) -> None:
    one.monitor.on_broker(ConnectionLost(T0, "gone"))
    one.check().later(limit / 1000 + 1)


BREAKS: dict[str, Callable[[Account, float], None]] = {
    "DailyRealizedLoss": loses,
    "UnrealizedLoss": loses,
    "TrailingDrawdown": loses,
    "ConsistencyRule": ends_a_day_with_too_much,
    "MaxContracts": goes_too_far,
    "MaxNotional": holds_for_too_much,
    "NoStopLossGrace": has_no_stop,
    "SessionBlockOutside": holds_on_a_sunday,
    "AuthLossGuard": loses_its_broker,
}


def an_order(one: Account, quantity: int, **more: Any) -> str:
    wanted = order("x", quantity=quantity, **more)
    return one.rules.denial(wanted, one.monitor.view.at(one.now))


def is_too_much(one: Account, limit: float) -> bool:
    one.price(100)
    return an_order(one, int(limit / 100) + 1) != "" and an_order(one, int(limit / 100)) == ""


def is_the_second(one: Account, limit: float) -> bool:
    return _after_orders(one, 1)


def is_one_too_many(one: Account, limit: float) -> bool:
    return _after_orders(one, int(limit))


def _after_orders(one: Account, number: int) -> bool:
    for each in range(number):
        one.monitor.view.at(one.now)
        one.report(intended(order(f"o{each}")))
    return an_order(one, 10) != ""


def is_far_from_the_market(one: Account, limit: float) -> bool:
    one.price(100)
    return _priced(one, "103.01") != "" and _priced(one, "102.99") == ""


def _priced(one: Account, limit: str) -> str:
    wanted = order("x")
    terms = replace(wanted.terms, type="LMT", limit=Decimal(limit))
    return one.rules.denial(replace(wanted, terms=terms), one.monitor.view.at(one.now))


DENIES: dict[str, Callable[[Account, float], bool]] = {
    "MaxOrderNotional": is_too_much,
    "DuplicateOrder": is_the_second,
    "TradeFrequencyLimit": is_one_too_many,
    "PriceCollar": is_far_from_the_market,
}
LIMITS = {"NoStopLossGrace": "grace_ms", "MaxNotional": "gross", "ConsistencyRule": "percent"}


@pytest.mark.parametrize(("name", "entry"), ENTRIES)
def test_each_rule_of_a_profile_binds(name: str, entry: dict[str, Any]):
    rule = entry["rule"]
    one = named(name, rule)
    parameters = entry.get("parameters", {})
    limit = parameters.get(LIMITS.get(rule, "limit"), 10_000)
    if rule in DENIES:
        assert DENIES[rule](one, limit)
    else:
        assert one.check().violations == []
        BREAKS[rule](one, limit)
        found = {event.rule for event in one.events if isinstance(event, RiskViolation)}
        assert found == {rule}


# ---- which rules there are then ------------------------------------------------------------------


@needs_library
@pytest.mark.parametrize("name", NAMES)
def test_a_profile_takes_the_place_of_the_default_rule_and_survives_the_journal(name: str):
    config = of(name)
    names = [one["rule"] for one in profile.entries_of(name)]
    assert [one.rule for one in config.risk.rules] == names
    again = load_rules(entries_of(text_of(config.risk.rules)))
    assert [one.name for one in again.rules] == names


def test_an_own_rule_takes_the_place_of_the_profile_s_of_that_name(tmp_path: Path):
    path = tmp_path / "tapewire.toml"
    path.write_text(
        '[risk]\nprofile = "prop_firm_evaluation"\n[[risk.rules]]\nrule = "MaxContracts"\n'
        "parameters = { limit = 2 }\n"
    )
    rules = load(str(path)).risk.rules
    assert [one.parameters for one in rules if one.rule == "MaxContracts"] == [{"limit": 2}]
    assert len(rules) == len(profile.entries_of("prop_firm_evaluation"))


def test_a_profile_may_be_a_file_of_one_s_own(tmp_path: Path):
    path = tmp_path / "firm.toml"
    path.write_text('[[rules]]\nrule = "SelfMatch"\n')
    assert [one.rule for one in of(str(path)).risk.rules] == ["SelfMatch"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules = 5", "found rules; expected [[rules]] tables alone"),
        ("", "found nothing; expected [[rules]] tables alone"),
        ("[[rules]]\nrule = SelfMatch", 'text must be in quotes, as in "SelfMatch"'),
    ],
)
def test_a_file_that_is_no_profile_is_refused(tmp_path: Path, text: str, said: str):
    path = tmp_path / "firm.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        profile.entries_of(str(path))
    assert str(caught.value).endswith(said)


def test_a_profile_that_does_not_exist_is_refused_with_the_one_that_was_meant(tmp_path: Path):
    path = tmp_path / "tapewire.toml"
    path.write_text('[risk]\nprofile = "day_tradr"\n')
    with pytest.raises(ConfigError) as caught:
        load(str(path))
    assert str(caught.value) == (
        f"{path}: risk.profile is 'day_tradr', which is neither a profile nor a .toml file; did"
        " you mean day_trader? Known: day_trader, prop_firm_evaluation"
    )
    with pytest.raises(ConfigError, match=r"nowhere\.toml cannot be read"):
        profile.entries_of("nowhere.toml")
