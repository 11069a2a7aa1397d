"""Whoever watches a virtual group from outside: sees everything, and changes nothing."""

from collections.abc import Sequence
from typing import Protocol

from tapewire.common.bus.wire import DeadLetter
from tapewire.simulator.audit import Line


class Observer(Protocol):
    """What can be seen of a world while it runs."""

    def sent(self, sender: str, channel: str, frames: Sequence[bytes]) -> None:
        """A process hands a message to the network, which may lose it."""

    def audited(self, lines: list[Line]) -> None:
        """What the broker received, did and sent, in its order."""

    def died(self, role: str, letter: DeadLetter) -> None:
        """A process could not use something that it received."""


class Nobody:
    """Watches nothing."""

    def sent(self, sender: str, channel: str, frames: Sequence[bytes]) -> None:
        """Not noted."""

    def audited(self, lines: list[Line]) -> None:
        """Not noted."""

    def died(self, role: str, letter: DeadLetter) -> None:
        """Not noted."""
