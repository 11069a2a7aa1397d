"""The door of a service: what is refused reaches no handler, and its sender gets the reason."""

from typing import Any

import pytest

from tapewire.common.bus import spoken, wire
from tapewire.common.bus.access import Access
from tapewire.common.bus.wire import WIRE_VERSION
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


@pytest.mark.parametrize("token", [b"secret", b""])
def test_another_wire_version_is_refused_in_words_whatever_its_token(behind: Behind, token: bytes):
    behind.enter(Control(1, "resume", "x"), b"%d." % (WIRE_VERSION + 1) + token)
    assert behind.routed == []
    [(_, reason)] = behind.letters
    assert reason.startswith(f"wire version {WIRE_VERSION + 1}, expected {WIRE_VERSION}; all ")
    assert behind.replies == [(b"peer", RequestRefused(reason))]


def test_what_does_not_decode_is_said_to_be_of_the_other_version(behind: Behind):
    with pytest.raises(wire.WireError, match=f"wire version 99, expected {WIRE_VERSION}"):
        behind.door.enter([b"peer", b"99.secret", b"\x93\x01"], NOW)
    with pytest.raises(wire.WireError, match=r"Object missing|Expected|Invalid"):
        behind.door.enter([b"peer", spoken.shown(b"secret"), b"\x93\x01"], NOW)


def test_a_halt_is_taken_from_any_wire_version_under_its_token(behind: Behind):
    behind.enter(HALT, b"99.secret")
    assert behind.routed == [HALT]
    behind.enter(HALT, b"99.other")
    assert behind.routed == [HALT]


def test_this_wire_version_comes_in_with_its_number_and_without(behind: Behind):
    behind.enter(HALT, spoken.shown(b"secret"))
    behind.enter(HALT, b"secret")
    assert (behind.routed, behind.letters) == ([HALT, HALT], [])
