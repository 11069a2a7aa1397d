"""Somebody sets the wall clock of the machine while real processes trade."""

import os
import time
from pathlib import Path

import pytest

from tapewire.common.config import settings as configuration
from tapewire.common.events import RiskHalted
from tapewire.console.group import control
from tapewire.console.group.supervisor import Group
from tests.pipeline.running import Running

CLOCK = Path(__file__).with_name("clock")
HOUR_S = 3_600


class Clock:
    """The wall clock of the group and of this test; it starts as it is."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ahead_s = 0
        self._time, self._time_ns = time.time, time.time_ns
        self.set(0)

    def set(self, ahead_s: int) -> None:
        """Set it to so many seconds ahead of what it was in the beginning."""
        self._ahead_s = ahead_s
        partial = self._path.with_suffix(".partial")
        partial.write_text(str(ahead_s))
        partial.replace(self._path)

    def time(self) -> float:
        return self._time() + self._ahead_s

    def time_ns(self) -> int:
        return self._time_ns() + self._ahead_s * 1_000_000_000


@pytest.fixture
def clock(tmp_path, monkeypatch):
    one = Clock(tmp_path / "ahead")
    monkeypatch.setenv("CLOCK_OF_A_TEST", str(tmp_path / "ahead"))
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(CLOCK), os.environ.get("PYTHONPATH", "")])
    )
    monkeypatch.setattr(time, "time", one.time)
    monkeypatch.setattr(time, "time_ns", one.time_ns)
    return one


@pytest.fixture
def trading(clock, run_dir):
    """The default group, on that clock."""
    group = Group(configuration.load())
    group.up()
    try:
        yield Running(group)
    finally:
        if group.is_up():
            group.down()


def test_a_clock_that_is_set_by_a_second_or_an_hour_stops_nothing(trading, clock):
    trading.until_ready()
    trading.until_fills(1)
    for ahead_s in (-1, 1, -HOUR_S, HOUR_S, 0):
        clock.set(ahead_s)
        trading.until_fills(trading.fills() + 2)
        trading.until_ready()
        assert not any(isinstance(one, RiskHalted) for one in trading.journal("risk"))
    clock.set(-HOUR_S)
    for victim in ("executor", "gateway"):
        killed = trading.kill_9(victim)
        trading.until(lambda v=victim, k=killed: trading.pids()[v] not in (0, k), f"a new {victim}")
        trading.until_ready()
    trading.until_fills(trading.fills() + 1)
    assert control.ask(trading.group.config, "flatten", "the test is over").ok
    clock.set(-2 * HOUR_S)  # in the middle of it
    trading.until(trading._flattened, "the flatten to end")
    assert not any(p.quantity for p in trading.traded().book.positions.values())
    assert trading.faults_at_the_end() == []
