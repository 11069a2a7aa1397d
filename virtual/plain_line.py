"""A connection to the simulated ProjectX Gateway within one process: what HTTP and WebSockets
carry, without their bytes."""

from collections.abc import Mapping
from typing import Final

from tapewire.simulator.projectx.line import Asked, Item

END: Final = b"\n"
"""Behind each thing that the Gateway sends: neither its JSON nor a status has it."""


class PlainLine:
    """Stands in for `simulator.projectx.line.Line`; what is received are its items themselves."""

    is_over = False

    def __init__(self) -> None:
        self.is_socket = False

    def receive(self, data: list[Item]) -> list[Item]:
        """The items as they are."""
        self.is_socket |= any(isinstance(one, Asked) and not one.method for one in data)
        return data

    def following(self) -> list[Item]:
        """None: each request has a connection of its own."""
        return []

    def answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> bytes:
        """A status, and the body behind it."""
        return b"%d %s" % (status, body) + END

    def accept(self) -> bytes:
        """Nobody waits for it: the first message shows that it is open."""
        return b""

    def reject(self, status: int) -> bytes:
        """See `accept`: the connection ends."""
        return b""

    def say(self, text: str) -> bytes:
        """A text, which has its own end."""
        return text.encode()

    def leave(self, code: int, reason: str) -> bytes:
        """See `reject`."""
        return b""
