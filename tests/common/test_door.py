"""The door of a service: what is refused reaches no handler, and its sender is told."""

from typing import Any

import pytest

from tapewire.common.bus import wire
from tapewire.common.bus.access import Access
from tapewire.common.clock import Now
from tapewire.common.events import CatchUp, Control, Event, RequestRefused
from tapewire.common.runtime.door import Door

NOW = Now(1, 1)
HALT = Control(1, "halt", "x")
NO_TOKEN = "risk.control with no token; expected that of tokens/risk.cli"


class Behind:
    """What stands behind a door."""

    def __init__(self) -> None:
        self.routed: list[Event] = []
        self.letters: list[tuple[str, str]] = []
        self.replies: list[tuple[bytes, Event]] = []
        self.door = Door(
            lambda _channel, event, _sender, _now: self.routed.append(event),
            lambda origin, reason, _body: self.letters.append((origin, reason)),
            lambda sender, event: self.replies.append((sender, event)),
        )
        self.door.access = Access("risk", {"cli": b"secret"})

    def enter(self, event: Event, *shown: bytes) -> None:
        self.door.enter([b"peer", *shown, wire.encode(event)], NOW)


@pytest.fixture
def behind() -> Behind:
    return Behind()


def test_with_its_token_a_request_comes_in(behind: Behind):
    behind.enter(HALT, b"secret")
    assert (behind.routed, behind.letters, behind.replies) == ([HALT], [], [])


@pytest.mark.parametrize("shown", [(), (b"",)])
def test_without_one_it_is_a_dead_letter_and_its_sender_is_told(behind: Behind, shown: Any):
    behind.enter(HALT, *shown)
    assert (behind.routed, behind.letters) == ([], [("requests", NO_TOKEN)])
    assert behind.replies == [(b"peer", RequestRefused(NO_TOKEN))]


@pytest.mark.parametrize("shown", [(b"secre",), (b"secret2",), (b"\xff" * 6,), (b"secret", b"x")])
def test_and_so_with_any_other(behind: Behind, shown: Any):
    behind.enter(HALT, *shown)
    assert behind.routed == []
    assert "a token that is not of this start" in behind.letters[0][1]


def test_a_reader_needs_none(behind: Behind):
    behind.enter(CatchUp(1, 1))
    assert behind.routed == [CatchUp(1, 1)]


def test_who_was_refused_keeps_it_as_a_dead_letter(behind: Behind):
    behind.door.refused(RequestRefused(NO_TOKEN, 7), "risk", NOW)
    assert behind.letters == [("risk.requests", f"risk refused it: {NO_TOKEN}")]
