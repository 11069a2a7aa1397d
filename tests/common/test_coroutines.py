"""Coroutine handlers: several attempts, in order; the router's thread learns what they raise."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapewire.common.bus.coroutines import Coroutines
from tapewire.common.bus.router import EventRouter
from tapewire.common.delivery.backoff import BackOff
from tapewire.common.delivery.letter_file import LetterFile
from tapewire.common.delivery.letters import DeadLetters
from tapewire.common.events import EVERYTHING, Event, RiskHalted
from tapewire.common.runtime.metrics import Metrics
from tests.common.test_router import HALT, Routed, routed

__all__ = ["routed"]


class Flaky:
    """Fails on an event as often as `failures` says, by its time; `done` is set at `last`."""

    def __init__(self, failures: dict[int, int], last: int) -> None:
        self.failures = failures
        self.last = last
        self.got: list[int] = []
        self.done = threading.Event()

    async def handle(self, event: Event) -> None:
        self.got.append(event.ts_ns)
        if self.failures.get(event.ts_ns, 0) > 0:
            self.failures[event.ts_ns] -= 1
            raise ConnectionError("not there")
        if event.ts_ns == self.last:
            self.done.set()


@pytest.fixture
def coroutines() -> Iterator[Coroutines]:
    one = Coroutines(lambda _seed: BackOff("", first_ns=1, max_ns=1))
    yield one
    one.close(timeout_s=5)


def halted(number: int) -> RiskHalted:
    return RiskHalted(number, EVERYTHING, "")


def test_an_event_comes_again_before_those_behind_it(coroutines: Coroutines):
    flaky = Flaky({1: 2}, last=2)
    take = coroutines.taker(flaky.handle, attempts=3)
    for number in (1, 2):
        take(halted(number))
    assert flaky.done.wait(5)
    assert flaky.got == [1, 1, 1, 2]
    assert [failure.final for failure in coroutines.take_failures()] == [False, False]
    assert coroutines.take_failures() == [], "each failure is reported once"


def test_after_the_last_attempt_those_behind_it_go_on(coroutines: Coroutines):
    flaky = Flaky({1: 9}, last=2)
    take = coroutines.taker(flaky.handle, attempts=2)
    for number in (1, 2):
        take(halted(number))
    assert flaky.done.wait(5)
    assert flaky.got == [1, 1, 2]
    found = [(one.event.ts_ns, one.final, one.attempt) for one in coroutines.take_failures()]
    assert found == [(1, False, 1), (1, True, 2)]


def test_a_closing_router_does_not_wait_for_the_next_attempt(routed: Routed):
    async def fails(event: RiskHalted, source: str) -> None:
        raise ConnectionError("not there")

    routed.router.on_async(RiskHalted, fails, attempts=100)
    routed.route(HALT)
    assert routed.router.close() == 0, "nothing is left undone"
    assert routed.buried == [("async", "ConnectionError('not there')", HALT)]


def test_a_handler_of_coroutines_has_at_least_one_attempt(routed: Routed):
    async def never(event: RiskHalted, source: str) -> None:
        raise AssertionError

    with pytest.raises(ValueError, match="attempts is 0; it must be 1 or more"):
        routed.router.on_async(RiskHalted, never, attempts=0)


def test_retry_makes_dead_letters_of_what_coroutines_raised(routed: Routed):
    raised = threading.Event()

    async def fails(event: RiskHalted, source: str) -> None:
        if event.ts_ns == 2:
            raised.set()
        else:
            raise ConnectionError("not there")

    routed.router.on_async(RiskHalted, fails)
    routed.route(HALT, halted(2))
    assert raised.wait(5)
    assert routed.buried == [], "not from the loop's thread"
    routed.router.retry(0)
    assert routed.buried == [("async", "ConnectionError('not there')", HALT)]
    assert routed.metrics.counters["handler_failures", "async.risk.halted"] == 1


def test_a_dead_letter_of_a_coroutine_handler_reaches_the_file(tmp_path: Path):
    letters = DeadLetters(Metrics())
    file = letters.store = LetterFile(tmp_path / "dead-letters" / "executor.sqlite")
    router: EventRouter[()] = EventRouter(Metrics(), letters.add, lambda: 0)

    async def fails(event: RiskHalted) -> None:
        raise ConnectionError("not there")

    router.on_async(RiskHalted, fails)
    router.route("risk.events", HALT)
    router.close()
    assert [(one.origin, one.reason) for one in file.all()] == [
        ("async", "ConnectionError('not there')")
    ]
    file.close()
