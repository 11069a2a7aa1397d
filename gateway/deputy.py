"""The deputy port: what the liquidation gateway needs to cancel another client's orders."""

from typing import Protocol

from tapewire.common.clock import Now
from tapewire.common.events import Event, TakeOver


class Deputy(Protocol):
    """Cancels orders that another client has placed, in that client's name."""

    @property
    def wanted(self) -> bool:
        """Whether it needs a connection of its own now."""

    def begin(self, command: TakeOver, now: Now) -> str:
        """Begin; returns why not, if it cannot now."""

    def take(self, frames: list[bytes], now: Now) -> None:
        """What its descriptor brought."""

    def release(self) -> bytes:
        """What is to be written to it."""

    def tick(self, now: Now) -> list[Event]:
        """How it ended, once it has."""
