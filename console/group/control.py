"""Asking risk: halt, resume, flatten, cancel all."""

import time
from pathlib import Path
from typing import Final, Literal, Protocol

from tapewire.common.bus import wire
from tapewire.common.bus.endpoints import Bus, endpoint
from tapewire.common.bus.transport import ZmqTransport
from tapewire.common.errors import TapewireError
from tapewire.common.events import Control, ControlReply

TIMEOUT_S: Final = 5.0


class NoAnswer(TapewireError):
    """Risk did not answer: it may be down, and then nothing that adds risk is sent anyway."""


class Place(Protocol):
    """Where a group is: a `Config`, or what is known of one that was launched."""

    @property
    def run_dir(self) -> Path:
        """Its run directory."""

    @property
    def bus(self) -> Bus:
        """Its sockets."""


Action = Literal["halt", "resume", "flatten", "cancel_all"]


def ask(group: Place, action: Action, reason: str) -> ControlReply:
    """Send one request to risk and wait for its answer, at most `TIMEOUT_S`."""
    transport = ZmqTransport()
    try:
        address = endpoint("control", group.bus, group.run_dir)
        transport.connect("control", "dealer", address)
        request = wire.encode(Control(time.time_ns(), action, reason))
        deadline, sent = time.monotonic() + TIMEOUT_S, False
        while time.monotonic() < deadline:
            sent = sent or transport.send("control", [request])
            for _, frames in transport.poll(50):
                return wire.decode(frames[-1], ControlReply)
        raise NoAnswer(
            f"risk did not answer within {TIMEOUT_S:.0f} s; is the group up? While risk is silent"
            " the gateway sends nothing that adds risk"
        )
    finally:
        transport.close()
