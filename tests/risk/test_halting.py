"""A halt is in force when the gateway says so, or when no heartbeat without it can be fresh."""

import pytest

from tapewire.common.events import Heartbeat
from tapewire.risk.halting import LEASE_NS, Halting, Standing
from tests.risk.orders import NOW, SECOND, T0

HALT = 7


def standing(risk_seq: int = 0, seq: int = 3, read: int = 3, head: int = HALT) -> Standing:
    beat = Heartbeat(T0, "READY", "", seq, "", mono_ns=NOW.mono_ns, risk_seq=risk_seq)
    return Standing(head, HALT, beat, read)


@pytest.fixture
def halting() -> Halting:
    one = Halting(LEASE_NS)
    assert one.force(standing(), NOW) == ""
    return one


def test_the_gateway_has_to_have_read_as_far_as_the_halt(halting: Halting):
    assert halting.force(standing(HALT - 1), NOW) == ""
    assert halting.force(standing(HALT), NOW) == "acknowledged"


def test_and_what_it_wrote_before_has_to_be_known_here(halting: Halting):
    assert halting.force(standing(HALT, seq=4, read=3), NOW) == ""
    assert halting.force(standing(HALT, seq=4, read=4), NOW) == "acknowledged"


def test_without_a_word_of_it_the_lease_has_to_be_over(halting: Halting):
    silent = Standing(HALT, HALT, None)
    assert halting.force(silent, NOW + LEASE_NS) == ""
    assert halting.force(silent, NOW + (LEASE_NS + 1)) == "expired"
    assert halting.force(standing(HALT), NOW + (LEASE_NS + 2)) == "acknowledged"


def test_the_lease_begins_when_the_halt_is_on_disk():
    halting = Halting(LEASE_NS)
    for seconds in range(10):
        assert halting.force(standing(head=HALT - 1), NOW + seconds * SECOND) == ""
    assert halting.force(standing(), NOW + 10 * SECOND) == ""
    assert halting.force(standing(), NOW + 13 * SECOND) == ""
    assert halting.force(standing(), NOW + (13 * SECOND + 1)) == "expired"


def test_what_risk_writes_later_need_not_be_acknowledged(halting: Halting):
    later = Standing(HALT + 5, HALT + 5, standing(HALT).beat, 3)
    assert halting.force(later, NOW) == "acknowledged"


def test_a_gateway_that_is_gone_can_write_nothing_once_the_halt_is_on_disk():
    halting = Halting(LEASE_NS)
    assert halting.force(standing(head=HALT - 1)._replace(gone=True), NOW) == ""
    assert halting.force(standing(), NOW) == "", "another one may have started meanwhile"
    assert halting.force(standing()._replace(gone=True), NOW) == "gone"


def test_what_starts_after_it_was_gone_reads_the_halt_first(halting: Halting):
    assert halting.force(standing()._replace(gone=True), NOW) == "gone"
    assert halting.force(standing(), NOW) == "gone"
