"""A handler that may have several attempts gets them; one that fails on and on opens a circuit."""

import pytest

from tapewire.common.bus import guard as guarding
from tapewire.common.events import RiskHalted
from tests.common.test_router import HALT, RESUME, Routed, routed

__all__ = ["routed"]
SECOND = 1_000_000_000


class Flaky:
    """Raises as long as the test wants it to."""

    def __init__(self, failures: int = 10**9) -> None:
        self.failures = failures
        self.calls = 0

    def __call__(self, event: object, source: str) -> None:
        self.calls += 1
        if self.calls <= self.failures:
            raise ConnectionError("not there")


def later(routed: Routed, seconds: float) -> None:
    routed.now_ns += round(seconds * SECOND)
    routed.router.retry(routed.now_ns)


def test_an_event_comes_again_until_its_handler_takes_it_and_is_no_dead_letter(routed: Routed):
    flaky = Flaky(failures=2)
    routed.router.on(RiskHalted, flaky, attempts=3)
    routed.route(HALT)
    later(routed, 0.02)
    assert flaky.calls == 1, "not at once"
    later(routed, 0.1)
    later(routed, 0.2)
    assert flaky.calls == 3
    later(routed, 10)
    assert (flaky.calls, routed.buried) == (3, [])
    counters = routed.metrics.counters
    assert counters["handler_failures", "risk.events.risk.halted"] == 2
    assert counters["handler_retries", "risk.events.risk.halted"] == 2


def test_after_the_last_attempt_it_is_a_dead_letter_with_what_was_raised(routed: Routed):
    flaky = Flaky()
    routed.router.on(RiskHalted, flaky, attempts=2)
    routed.route(HALT)
    later(routed, 1)
    later(routed, 1)
    assert flaky.calls == 2
    why = "given up after 2 attempts: ConnectionError('not there')"
    assert routed.buried == [("risk.events", why, HALT)]


def test_a_handler_with_one_attempt_has_one(routed: Routed):
    flaky = Flaky()
    routed.router.on(RiskHalted, flaky)
    routed.route(HALT)
    later(routed, 10)
    assert (flaky.calls, len(routed.buried)) == (1, 1)


def test_only_the_handler_that_failed_gets_the_event_again(routed: Routed):
    flaky, other = Flaky(failures=1), Flaky(failures=0)
    routed.router.on(RiskHalted, flaky, attempts=2)
    routed.router.on(RiskHalted, other, attempts=2)
    routed.route(HALT)
    later(routed, 1)
    assert (flaky.calls, other.calls) == (2, 1)


def test_what_waits_when_the_router_closes_is_a_dead_letter(routed: Routed):
    routed.router.on(RiskHalted, Flaky(), attempts=2)
    routed.route(HALT)
    routed.router.close()
    (letter,) = routed.buried
    assert letter == ("risk.events", "the process ended before the next attempt", HALT)


def fail_until_open(routed: Routed, attempts: int) -> Flaky:
    flaky = Flaky()
    routed.router.on(RiskHalted, flaky, attempts=attempts)
    routed.route(*[HALT] * guarding.FAILURES_MAX)
    return flaky


def test_failures_of_one_kind_open_a_circuit_that_makes_dead_letters_at_once(routed: Routed):
    flaky = fail_until_open(routed, attempts=2)
    routed.route(HALT)
    assert flaky.calls == guarding.FAILURES_MAX
    reason = "the circuit risk.halted/ConnectionError is open"
    assert routed.buried == [("risk.events", reason, HALT)]
    ((name, change),) = routed.router.guard.take_changes()
    assert (name, change.before, change.after) == (
        "risk.halted/ConnectionError", "CLOSED", "OPEN",
    )  # fmt: skip
    assert "ConnectionError('not there')" in change.reason


def test_another_type_of_event_has_a_circuit_of_its_own(routed: Routed):
    fail_until_open(routed, attempts=2)
    other = Flaky(failures=0)
    routed.router.on(type(RESUME), other, attempts=2)
    routed.route(RESUME)
    assert other.calls == 1


def test_a_handler_with_one_attempt_is_called_even_while_the_circuit_is_open(routed: Routed):
    flaky = fail_until_open(routed, attempts=1)
    routed.route(HALT)
    assert flaky.calls == guarding.FAILURES_MAX + 1


def test_after_the_pause_one_event_that_is_taken_closes_it(routed: Routed):
    flaky = fail_until_open(routed, attempts=2)
    flaky.failures = 0
    routed.now_ns += guarding.PAUSE_NS
    routed.route(HALT)
    assert flaky.calls == guarding.FAILURES_MAX + 1
    after = [change.after for _, change in routed.router.guard.take_changes()]
    assert after == ["OPEN", "HALF_OPEN", "CLOSED"]


def test_what_no_handler_may_be_forgiven_ends_a_later_attempt_too(routed: Routed):
    failing: list[Exception] = [ConnectionError(), MemoryError()]

    def fails(event: object, source: str) -> None:
        raise failing.pop(0)

    routed.router.on(RiskHalted, fails, attempts=3)
    routed.route(HALT)
    with pytest.raises(MemoryError):
        later(routed, 1)
