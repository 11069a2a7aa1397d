"""What a service does with what failed: handed back when asked for, and said when it repeats."""

import pytest

from tapewire.common.bus import wire
from tapewire.common.delivery.letters import Letter
from tapewire.common.events import CircuitChanged, Event
from tests.common.test_service import RAISING, Joined, Risky, joined, numbered, risk

__all__ = ["joined", "risk"]


class Kept:
    """A store of one dead letter that somebody asks for."""

    def __init__(self, origin: str = "risk.events", event: Event = RAISING) -> None:
        self.letter = Letter(1, 0, origin, "cannot", wire.encode(event), 1, True)
        self.reason = ""
        self.dropped = False

    def keep(self, ts_ns: int, origin: str, reason: str, body: bytes) -> None:
        raise AssertionError("it is the letter that failed, not a new one")

    def wanted(self) -> list[Letter]:
        return [] if self.reason or self.dropped else [self.letter]

    def failed_again(self, letter: Letter, reason: str) -> None:
        self.reason = reason

    def drop(self, letter_id: int) -> bool:
        self.dropped = True
        return True


@pytest.mark.parametrize(
    ("kept", "heard", "reason"),
    [
        (Kept(event=numbered(7)), [7], ""),
        (Kept(), [], "RuntimeError('cannot')"),
        (Kept("requests"), [], "what came from requests is not handed back"),
        (Kept("nobody.events"), [], "what came from nobody.events is not handed back"),
    ],
    ids=["taken", "fails again", "a request", "of a source that is not followed"],
)
def test_a_dead_letter_that_is_handed_back_is_taken_or_says_why_not(
    joined: Joined, kept: Kept, heard: list[int], reason: str
) -> None:
    joined.executor.letters.store = kept
    joined.executor.turn(0)
    assert (joined.executor.heard, kept.reason, kept.dropped) == (heard, reason, not reason)


def test_a_handler_that_fails_on_and_on_is_an_event_of_the_journal(risk: Risky) -> None:
    for _ in range(10):
        risk.control("raise")
    risk.service.turn(0)
    risk.service.turn(0)
    (changed,) = risk.wires.events()
    assert isinstance(changed, CircuitChanged)
    assert (changed.circuit, changed.before, changed.after) == (
        "risk.control/RuntimeError", "CLOSED", "OPEN",
    )  # fmt: skip
    assert changed.reason.startswith("10 failures within 60 s, the last: RuntimeError('cannot')")
