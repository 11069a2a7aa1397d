"""State over restarts: bounded, whole or not at all, on disk before the turn's signals leave."""

import stat
from pathlib import Path

import pytest

from tapewire.common.clock import VirtualClock
from tapewire.strategy.runner import Runner
from tapewire.strategy.service import StrategyService
from tapewire.strategy.state import STATE_MAX_BYTES, FileStore
from tests.gateway.wires import Wires
from tests.strategy.kit import T0, config, runner


class Noted:
    """A store that notes its writes among what the transport sends."""

    def __init__(self, log: list[str], fails: bool = False) -> None:
        self.log, self.fails = log, fails

    def read(self) -> None:
        return None

    def write(self, data: bytes) -> None:
        if self.fails:
            raise OSError("disk is full")
        self.log.append("state")


def service(fails: bool = False) -> tuple[StrategyService, Wires]:
    wires = Wires()
    one = StrategyService(
        runner(), wires, VirtualClock(T0), epoch="e1", symbols=("AAPL",),
        store=Noted(wires.log, fails),
    )  # fmt: skip
    for source in ("gateway", "executor", "risk"):
        wires.beat(source, T0)
    one.turn(0)
    return one, wires


def test_what_was_saved_is_loaded_after_a_restart(tmp_path: Path):
    store = FileStore(tmp_path / "state" / "echo")
    assert store.read() is None
    one = runner()
    assert one.strategy.load() is None
    value = {"levels": [1.5, 2], "name": "x", "raw": b"y", "nothing": None}
    one.strategy.save(value)
    store.write(one.context.state.take())
    assert one.context.state.take() is None
    after = Runner(config(), ("AAPL",), "e2", print, store.read())
    assert after.strategy.load() == value


def test_the_file_is_replaced_whole_and_is_its_users_alone(tmp_path: Path):
    path = tmp_path / "state" / "echo"
    store = FileStore(path)
    store.write(b"old")
    (path.parent / "echo.partial").touch(mode=0o600)  # what a crash left
    store.write(b"new")
    assert store.read() == b"new"
    assert [p.name for p in path.parent.iterdir()] == ["echo"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_is_saved_is_the_value_at_that_moment():
    one, value = runner(), [1]
    one.strategy.save(value)
    value.append(2)
    assert one.strategy.load() == [1]


@pytest.mark.parametrize(
    ("value", "error", "says"),
    [
        (b"x" * STATE_MAX_BYTES, ValueError, "state of strategy echo has 1048581 bytes"),
        (object(), TypeError, "unsupported"),
    ],
)
def test_what_cannot_be_saved_is_refused_and_the_last_value_stays(value, error, says: str):
    one = runner()
    one.strategy.save(1)
    with pytest.raises(error, match=says):
        one.strategy.save(value)
    assert one.strategy.load() == 1


def test_a_kept_state_that_cannot_be_read_says_so():
    one = Runner(config(), ("AAPL",), "e2", print, b"\xc1")
    with pytest.raises(ValueError, match="the saved state of strategy echo"):
        one.strategy.load()


def test_the_state_is_written_once_a_turn_and_before_the_signals_leave():
    one, wires = service()
    one.runner.strategy.save(1)
    one.runner.strategy.save(2)
    one.runner.strategy.buy("AAPL", 1)
    wires.log.clear()
    one.turn(0)
    assert wires.log == ["state", "signals"]
    one.runner.strategy.save(3)
    one.stop()
    assert wires.log[-1] == "state"


def test_a_disk_that_is_full_is_told_and_the_strategy_goes_on():
    one, _ = service(fails=True)
    one.runner.strategy.save(1)
    one.turn(0)
    assert "disk is full" in one.dead_letters[0].reason
