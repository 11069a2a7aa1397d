"""When what came is written, put on the disk and closed; and what a full disk does."""

import errno

from tapewire.common.clock import Now
from tapewire.common.config.recorder import RecorderConfig
from tapewire.common.runtime.disk import MB, Disk
from tapewire.recorder.recording import AGAIN_NS, Recording
from tapewire.recorder.segments import contents
from tests.recorder.published import NOON_NS, Market

SECOND_NS = 1_000_000_000
CONFIG = RecorderConfig(
    enabled=True, segment_mb=1, segment_minutes=10, free_halt_mb=50, free_resume_mb=60
)


class FakeSegment:
    """A segment in memory, on a disk that may be full."""

    def __init__(self, bench: "Bench", head: bytes) -> None:
        self.bench = bench
        self.data = head
        self.synced = 0
        self.is_closed = False

    @property
    def size_bytes(self) -> int:
        return len(self.data)

    def append(self, piece: bytes) -> None:
        self.bench.write()
        self.data += piece

    def sync(self) -> None:
        self.bench.write()
        self.synced += 1

    def close(self) -> None:
        self.is_closed = True


class Bench:
    """A recording with a disk of the test's own, and a clock."""

    def __init__(self) -> None:
        self.segments: list[FakeSegment] = []
        self.free_mb = 1000
        self.full = False
        self.mono_ns = 0
        disk = Disk(CONFIG, lambda: self.free_mb * MB, "/recorded", "recording")
        self.recording = Recording(CONFIG, "e1", self.begin, disk)
        self.market = Market()

    def begin(self, name: str, head: bytes) -> FakeSegment:
        self.write()
        self.segments.append(FakeSegment(self, head))
        return self.segments[-1]

    def write(self) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")

    def turn(self, after_s: float = 0.05, count: int = 1, ticks: int = 3) -> None:
        """One turn, `after_s` later, with so many messages."""
        self.mono_ns += round(after_s * SECOND_NS)
        now = Now(NOON_NS + self.mono_ns, self.mono_ns)
        if count:
            self.recording.take(self.market.messages(count, ticks=ticks), now)
        self.recording.tick(now)

    def recorded(self) -> list[bytes]:
        return [f for one in self.segments for b in contents(one.data).blocks for f in b.frames]


def test_what_came_in_a_turn_is_written_in_it():
    one = Bench()
    one.turn(count=2)
    one.turn(count=3)
    assert one.recorded() == Market().messages(5)
    assert one.recording.messages == 5
    assert one.recording.state == ("READY", "")


def test_it_is_on_the_disk_within_a_second_and_not_more_often():
    one = Bench()
    for _ in range(100):  # 5 s
        one.turn()
    (segment,) = one.segments
    assert segment.synced in (4, 5)
    one.turn(count=0, after_s=1)
    last = segment.synced
    one.turn(count=0, after_s=5)
    assert segment.synced == last, "nothing is new, so the disk is left alone"


def test_a_segment_is_closed_at_its_size_and_the_next_message_begins_another():
    one = Bench()
    while not one.recording.closed:
        one.turn(count=50, ticks=20)
    one.turn()
    first, second = one.segments
    assert first.is_closed
    assert MB <= first.size_bytes < 1.2 * MB
    assert not second.is_closed
    assert contents(second.data).header.number == 2


def test_a_segment_is_closed_at_its_age_though_nothing_comes():
    one = Bench()
    one.turn()
    one.turn(count=0, after_s=599)
    assert not one.segments[0].is_closed
    one.turn(count=0, after_s=1.1)
    assert one.segments[0].is_closed
    one.turn(count=0, after_s=6000)
    assert len(one.segments) == 1, "without messages there is no segment"


def test_long_before_the_disk_is_full_it_stops_says_so_and_goes_on_by_itself():
    one = Bench()
    one.turn()
    one.free_mb = 49
    one.turn(after_s=1.1)
    state, reason = one.recording.state
    assert state == "HALTED"
    assert reason.startswith("not recording: the disk of /recorded is nearly full: 49,000,000")
    assert "recording needs 50,000,000" in reason
    one.turn(after_s=1.1, count=4)
    assert one.segments[0].is_closed, "what it has becomes Parquet, which is smaller"
    assert (one.recording.messages, one.recording.unrecorded) == (2, 4)
    one.free_mb = 55
    one.turn(after_s=1.1, count=0)
    assert one.recording.state[0] == "HALTED"
    one.free_mb = 60
    one.turn(after_s=1.1, count=0)
    one.turn()
    assert one.recording.state == ("READY", "")
    assert len(one.segments) == 2


def test_a_write_that_the_disk_does_not_take_closes_the_segment_and_is_tried_again_later():
    one = Bench()
    one.turn(count=2)
    one.full = True
    one.turn(count=3)
    assert one.segments[0].is_closed
    expected = "not recording: the disk does not take it: No space left on device"
    assert one.recording.state == ("HALTED", expected)
    one.full = False
    one.turn(count=1)
    assert one.recording.unrecorded == 4
    one.turn(after_s=AGAIN_NS / SECOND_NS, count=0)
    assert one.recording.state == ("READY", "")
    one.turn(count=1)
    assert one.recording.messages == 3
    assert len(one.recorded()) == 6
    assert [contents(s.data).header.number for s in one.segments] == [1, 2]


def test_a_disk_that_stays_full_is_not_tried_at_every_turn_and_keeps_saying_so():
    one = Bench()
    one.full = True
    for _ in range(200):  # 10 s
        one.turn()
    assert one.recording.unrecorded == 200
    assert one.segments == []
    assert one.recording.state[0] == "HALTED"


def test_a_sync_that_fails_closes_the_segment_too():
    one = Bench()
    one.turn()
    one.full = True
    one.turn(after_s=1, count=0)
    assert one.segments[0].is_closed
    assert one.recording.state[0] == "HALTED"


def test_at_its_end_it_closes_what_is_open():
    one = Bench()
    assert one.recording.stop() == ""
    one.turn()
    assert one.recording.stop() == ""
    assert one.segments[0].is_closed
    assert one.recording.closed == 1
