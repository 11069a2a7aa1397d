"""A strategy that runs on another host is shown, and neither started nor stopped from here."""

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from tapewire.common.config.settings import Config, StrategyConfig
from tapewire.web.access import Refused
from tapewire.web.desk import Desk

ROWS = {"strategy-own": {"host": ""}, "strategy-dip": {"host": "far"}}


def desk(run_dir: Path) -> Desk:
    strategies = tuple(StrategyConfig(name=name, strategy="a:B") for name in ("own", "dip"))
    reading = SimpleNamespace(name="desk", config=Config(run_dir=run_dir, strategies=strategies))
    return Desk(reading, lambda: {"processes": ROWS}, nullcontext)  # type: ignore[arg-type]


def test_only_a_strategy_of_this_host_can_be_started_and_stopped(tmp_path: Path):
    one = desk(tmp_path)
    assert one.require_instance("own") == "strategy-own"
    with pytest.raises(Refused, match="runs on host far; do that there"):
        one.require_instance("dip")
