"""When a disk is too full to trade, and when it is not any more."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from tapewire.common.clock import Now
from tapewire.common.config.sections import StorageConfig
from tapewire.common.runtime.disk import MB, Disk
from tapewire.common.runtime.reserve import Reserve, free_bytes

SECOND_NS = 1_000_000_000
STORAGE = StorageConfig(free_halt_mb=10, free_resume_mb=20, reserve_mb=1)


class Measured:
    """A disk whose free space the test sets; counts how often it is asked."""

    def __init__(self) -> None:
        self.free_mb, self.asked, self.seconds = 100.0, 0, 0
        self.disk = Disk(STORAGE, self.free, "/run")

    def free(self) -> int:
        self.asked += 1
        return int(self.free_mb * MB)

    def later(self, free_mb: float) -> str:
        """What it says a second later, with so much free."""
        self.free_mb, self.seconds = free_mb, self.seconds + 1
        self.disk.look(Now(0, self.seconds * SECOND_NS))
        return self.disk.reason


def test_below_the_lower_bound_it_says_how_much_is_free_and_how_much_is_needed():
    one = Measured()
    assert one.later(10) == ""
    assert one.later(9.5) == (
        "the disk of /run is nearly full: 9,500,000 bytes were free, trading needs 10,000,000;"
        " free some space, and it goes on by itself with 20,000,000"
    )


def test_it_goes_on_by_itself_but_only_above_the_upper_bound():
    one = Measured()
    reason = one.later(9)
    assert [one.later(free_mb) for free_mb in (0, 15, 19.9)] == [reason] * 3
    assert one.later(20) == one.later(15) == ""


def test_it_is_asked_once_per_second():
    one = Measured()
    for ms in range(0, 2500, 50):
        one.disk.look(Now(0, ms * 1_000_000))
    assert one.asked == 3


def test_the_bounds_leave_room_for_the_reserves():
    with pytest.raises(ValidationError, match="free_resume_mb is 150; it must be at least 160"):
        StorageConfig(free_halt_mb=100, reserve_mb=30)


def test_a_reserve_takes_its_space_and_gives_it_up_once(tmp_path: Path):
    reserve = Reserve(tmp_path / "risk", MB)
    assert (reserve.is_kept, reserve.release()) == (False, False)
    assert (reserve.keep(), reserve.path.stat().st_blocks * 512 >= MB) == (True, True)
    assert (reserve.release(), reserve.release(), reserve.is_kept) == (True, False, False)


def test_a_reserve_for_which_there_is_no_room_leaves_nothing_behind(tmp_path: Path):
    assert not Reserve(tmp_path / "risk", free_bytes(tmp_path) * 2).keep()
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_measured_counts_as_full(tmp_path: Path):
    assert free_bytes(tmp_path / "gone") == 0
