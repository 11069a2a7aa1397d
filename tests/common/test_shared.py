"""What of the configuration all hosts share: what counts as a difference, and what does not."""

from pathlib import Path
from typing import Any

import pytest

from tapewire.common.config.settings import Config
from tapewire.common.config.shared import differing, digests

HOSTS = [
    {"name": "home", "address": "10.0.0.1", "home": True},
    {"name": "far", "address": "10.0.0.2"},
]
DIP = {"name": "dip", "strategy": "tapewire.strategy.examples.momentum:Momentum", "host": "far"}


def config(**given: Any) -> Config:
    return Config(**{"hosts": HOSTS, "strategies": [DIP], **given})


def differences(**given: Any) -> list[str]:
    """The sections that differ between a home and a host that is configured with `given`."""
    return differing(digests(config()), digests(config(**given)))


@pytest.mark.parametrize(
    ("given", "section"),
    [
        ({"strategies": [{**DIP, "parameters": {"window": 9}}]}, "strategies"),
        ({"strategies": [{**DIP, "host": "home"}]}, "strategies"),
        ({"hosts": [HOSTS[0], {**HOSTS[1], "address": "10.0.0.3"}]}, "hosts"),
        ({"bus": {"ports": {"market": 6555}}}, "bus.ports"),
        ({"risk": {"lease_ms": 1_700}}, "risk.lease_ms"),
        ({"instruments": [{"symbol": "AAPL", "con_id": 7}]}, "instruments"),
        ({"trading_day": {"ends": "16:00"}}, "trading_day"),
        ({"simulator": {"enabled": True}}, "simulator.enabled"),
    ],
)
def test_what_both_sides_take_for_granted_differs_by_its_name(given: dict[str, Any], section: str):
    assert differences(**given) == [section]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"host": "far"},
        {"run_dir": Path("/elsewhere")},
        {"log_level": "debug"},
        {"web": {"port": 9999}},
        {"strategies": [{**DIP, "path": "/elsewhere"}]},
    ],
)
def test_what_is_one_hosts_alone_is_no_difference(given: dict[str, Any]):
    assert differences(**given) == []


def test_a_section_that_only_one_of_them_knows_is_none():
    assert differing({"hosts": "01", "new": "02"}, {"hosts": "01", "newer": "03"}) == []
