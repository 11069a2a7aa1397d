"""When segments are made into Parquet: at once, one at a time, later each time where it fails."""

from tapewire.common.clock import Now
from tapewire.recorder.compactor import AGAIN_MAX_NS, AGAIN_NS, Compactor


class Job:
    """A process that ends when the test says so."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.terminated = False

    def poll(self) -> int | None:
        return self.status

    def terminate(self) -> None:
        self.terminated = True


class Bench:
    def __init__(self, *, pending: bool = False) -> None:
        self.jobs: list[Job] = []
        self.mono_ns = 0
        self.compactor = Compactor(self.start, pending=pending)

    def start(self) -> Job:
        self.jobs.append(Job())
        return self.jobs[-1]

    def later(self, ns: int = 1) -> bool:
        self.mono_ns += ns
        return self.compactor.tick(Now(0, self.mono_ns))


def test_what_an_earlier_start_left_is_compacted_at_once():
    one = Bench(pending=True)
    one.later()
    assert len(one.jobs) == 1


def test_one_job_runs_at_a_time_and_what_is_closed_meanwhile_gets_the_next():
    one = Bench()
    one.later()
    assert one.jobs == []
    one.compactor.closed()
    one.later()
    one.compactor.closed()
    one.later()
    assert len(one.jobs) == 1
    one.jobs[0].status = 0
    assert one.later()
    one.later()
    assert len(one.jobs) == 2


def test_a_job_that_fails_or_is_killed_is_tried_again_later_each_time():
    one = Bench(pending=True)
    one.later()
    waits = (AGAIN_NS, 2 * AGAIN_NS, 4 * AGAIN_NS)
    for count, wait_ns in enumerate(waits, 1):
        one.jobs[-1].status = -9 if count == 1 else 1
        one.later()
        assert one.compactor.failures == count
        one.later(wait_ns - 1)
        assert len(one.jobs) == count
        one.later()
        assert len(one.jobs) == count + 1
    one.jobs[-1].status = 0
    one.later()
    assert one.compactor.failures == 0


def test_a_job_that_cannot_even_be_started_is_tried_again_later():
    def refuse() -> Job:
        raise OSError(12, "Cannot allocate memory")

    one = Bench(pending=True)
    one.compactor = Compactor(refuse, pending=True)
    one.later()
    assert one.compactor.failures == 1
    one.compactor = Compactor(one.start, pending=True)
    one.later(AGAIN_NS)
    assert len(one.jobs) == 1


def test_it_never_waits_longer_than_an_hour():
    one = Bench(pending=True)
    for _ in range(100):
        one.later(AGAIN_MAX_NS)
        one.jobs[-1].status = 1
        one.later()
    assert len(one.jobs) == 100


def test_at_the_end_what_runs_is_ended():
    one = Bench(pending=True)
    one.compactor.stop()
    one.later()
    one.compactor.stop()
    assert one.jobs[0].terminated
