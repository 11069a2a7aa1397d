"""Asking risk: halt, resume, flatten, cancel all."""

import time
from typing import Final, Literal

from common import wire
from common.config import Config
from common.endpoints import endpoint, prepare_run_dir
from common.events import Control, ControlReply
from common.transport import ZmqTransport

TIMEOUT_S: Final = 5.0


class NoAnswer(RuntimeError):
    """Risk did not answer: it may be down, and then nothing that adds risk is sent anyway."""


Action = Literal["halt", "resume", "flatten", "cancel_all"]


def ask(config: Config, action: Action, reason: str) -> ControlReply:
    """Send one request to risk and wait for its answer, at most `TIMEOUT_S`."""
    transport = ZmqTransport()
    try:
        address = endpoint("control", config.bus, prepare_run_dir(config.run_dir))
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
