"""Home's time on a far host: by the machine's monotonic clock, whatever its wall clock says."""

import time
from pathlib import Path

import pytest

from tapewire.common.runtime import home_clock
from tapewire.common.runtime.home_clock import READ_EVERY_NS, HomeClock, HomeTime, wait

S = 1_000_000_000
HOME_NS = 2_000_000_000 * S


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "status").mkdir()
    return home_clock.path_of(tmp_path)


class Machine:
    """A machine's two clocks, set by the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall_ns, self.mono_ns = 1_700_000_000 * S, 50 * S
        monkeypatch.setattr(time, "time_ns", lambda: self.wall_ns)
        monkeypatch.setattr(time, "monotonic_ns", lambda: self.mono_ns)

    def passes(self, ns: int) -> None:
        self.wall_ns += ns
        self.mono_ns += ns


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def measured(machine: Machine, home_ns: int) -> HomeTime:
    return HomeTime(home_ns, machine.mono_ns, 1000, home_ns - machine.wall_ns)


def test_until_home_is_known_the_machines_own_time_is_told(path: Path, machine: Machine):
    clock = HomeClock(path)
    assert (clock.now_ns(), clock.is_known) == (machine.wall_ns, False)


def test_homes_time_goes_on_with_the_monotonic_clock(path: Path, machine: Machine):
    home_clock.write(path, measured(machine, HOME_NS))
    clock = HomeClock(path)
    machine.passes(3 * S)
    now = clock.now()
    assert (now.wall_ns, now.mono_ns) == (HOME_NS + 3 * S, machine.mono_ns)
    assert clock.now_ns() == now.wall_ns


def test_setting_the_machines_wall_clock_changes_nothing(path: Path, machine: Machine):
    home_clock.write(path, measured(machine, HOME_NS))
    clock = HomeClock(path)
    machine.wall_ns -= 3600 * S
    assert clock.now_ns() == HOME_NS


def test_a_new_measurement_is_taken_up_within_a_second(path: Path, machine: Machine):
    home_clock.write(path, measured(machine, HOME_NS))
    clock = HomeClock(path)
    clock.now_ns()
    home_clock.write(path, measured(machine, HOME_NS + 60 * S))
    machine.passes(READ_EVERY_NS - 1)
    assert clock.now_ns() < HOME_NS + 2 * S
    machine.passes(1)
    assert clock.now_ns() == HOME_NS + 61 * S


@pytest.mark.parametrize("text", ["", "{", "[]", '{"home_ns": 1}'])
def test_a_damaged_file_leaves_what_is_known(path: Path, machine: Machine, text: str):
    clock = HomeClock(path)
    path.write_text(text)
    assert not clock.is_known
    home_clock.write(path, measured(machine, HOME_NS))
    assert clock.is_known
    path.write_text(text)
    machine.passes(READ_EVERY_NS)
    assert clock.now_ns() == HOME_NS + READ_EVERY_NS


def test_a_process_waits_for_homes_time_and_says_so_once(
    path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
):
    looks, said = iter(range(3)), []
    monkeypatch.setattr(time, "sleep", lambda _s: None)

    def orphaned() -> bool:
        if next(looks) == 2:
            home_clock.write(path, measured(machine, HOME_NS))
        return False

    assert wait(HomeClock(path), orphaned, said.append)
    assert said == [
        "home's clock is not known yet; the relay writes it down once it has reached home and has"
        " fetched home's checkpoint"
    ]


def test_a_process_without_a_parent_waits_no_longer(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(time, "sleep", lambda _s: None)
    assert not wait(HomeClock(path), lambda: True, lambda _text: None)
