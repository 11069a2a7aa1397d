"""`[[hosts]]`: which machines there are, which one this is, and what runs on it."""

from typing import Any

import pytest
from pydantic import ValidationError

from tapewire.common.config.settings import Config, ConfigError
from tapewire.common.placement import AT_HOME

HOME = {"name": "home", "address": "10.0.0.1", "home": True}
FAR = {"name": "far", "address": "10.0.0.2"}
STRATEGY = "tapewire.strategy.examples.momentum:Momentum"
DIP = {"name": "dip", "strategy": STRATEGY, "host": "far"}
OWN = {"name": "own", "strategy": STRATEGY}


def config(**values: Any) -> Config:
    return Config(**{"hosts": [HOME, FAR], "strategies": [DIP, OWN], **values})


def names(found: Config) -> list[str]:
    return [one.name for one in found.strategies_here()]


def test_without_hosts_everything_is_at_home():
    found = config(hosts=[], strategies=[OWN])
    assert (found.placement().is_far, names(found), found.placement().far) == (False, ["own"], ())
    assert not AT_HOME.is_far


def test_each_host_runs_the_strategies_that_name_it_and_home_the_others():
    at_home, far_off = config(), config().at_host("far")
    assert (names(at_home), at_home.placement().is_far) == (["own"], False)
    assert (names(far_off), far_off.placement().is_far) == (["dip"], True)
    assert names(config().at_host("home")) == ["own"]
    assert not config().at_host("home").placement().is_far
    assert names(config(strategies=[{**OWN, "host": "home"}])) == ["own"]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"hosts": [FAR]}, "hosts has home = true for none; exactly one must have it"),
        (
            {"hosts": [HOME, {**FAR, "home": True}]},
            "hosts has home = true for home, far; exactly one must have it",
        ),
        (
            {"hosts": [HOME, {**FAR, "address": "10.0.0.1"}]},
            "hosts.far is at 10.0.0.1, as home is; each host has an address of its own",
        ),
        (
            {"strategies": [{**DIP, "host": "fra"}]},
            "strategies.dip.host is fra, which is not in [[hosts]]",
        ),
        ({"host": "fra"}, "host is fra, which is not in [[hosts]]"),
        ({"hosts": [HOME, HOME]}, "one entry per name"),
        ({"hosts": [HOME, {**FAR, "address": "far.lan"}]}, "the IP address of one machine"),
        ({"hosts": [HOME, {**FAR, "address": "0.0.0.0"}]}, "the IP address of one machine"),
        (
            {"gateways": [{"name": "us", "accounts": ["DU1"]}]},
            "there are other [[hosts]] and bus.ports lacks broker.us",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(values: dict[str, Any], sentence: str):
    with pytest.raises((ConfigError, ValidationError)) as refused:
        config(**values)
    assert sentence in str(refused.value)


def test_a_host_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(ConfigError, match=r"host is fra, which is not in \[\[hosts\]\]; .*far"):
        config().at_host("fra")
