"""Disk space: trading halts before the disk is full, and goes on when there is room again.

What could go wrong: a disk that fills takes a process at the worst moment. A journal that cannot be
written stops the process between a decision and its record, and whoever should end the trading,
risk and the liquidation gateway, is stopped by the same disk. Three lines of defence, in the order
in which they are met:

*   **Before it is full.** Below `free_halt_mb` nothing that adds risk is accepted, and the process
    is HALTED with the reason. What reduces goes on. Above `free_resume_mb` trading goes on by
    itself: nobody has to resume it, for nothing happened. The two bounds lie apart, so that it does
    not go to and fro. Each process that journals decides this for itself, here.
*   **When it is full.** A commit for which there is no room stays where it is, nothing of it is
    acted on or published, and it is tried again until there is room (see `commits`). Risk and the
    liquidation gateway have a reserve (see `reserve`) which they give up at that moment: room for a
    halt and the orders that close.
*   **When it is full at a start.** A process waits for room instead of ending and being restarted.

A disk that becomes read-only in between is one that is full: the last two hold for it as well, but
that no reserve helps.
"""

from collections.abc import Callable
from typing import Final, Protocol

from tapewire.common.clock import Now

LOOK_EVERY_NS: Final = 1_000_000_000
MB: Final = 1_000_000


class Bounds(Protocol):
    """Below how many MB of free space something stops, and from how many on it goes on."""

    @property
    def free_halt_mb(self) -> int:
        """Less than that is too little."""

    @property
    def free_resume_mb(self) -> int:
        """That is enough again."""


class Disk:
    """How much of the disk under `place` is free, and whether that is enough for what it is for.

    `free_bytes` asks the host; None means that there is no bound.
    """

    def __init__(
        self,
        bounds: Bounds,
        free_bytes: Callable[[], int | None],
        place: str,
        needed_for: str = "trading",
    ) -> None:
        self.free: int | None = None
        self.reason = ""
        self._free_bytes = free_bytes
        self._place = place
        self._needed_for = needed_for
        self._halt_bytes = bounds.free_halt_mb * MB
        self._resume_bytes = bounds.free_resume_mb * MB
        self._next_ns: int | None = None

    def __repr__(self) -> str:
        return f"<Disk of {self._place}, {self.free} bytes free>"

    def look(self, now: Now) -> None:
        """Look at it, at most once per second."""
        if self._next_ns is not None and now.mono_ns < self._next_ns:
            return
        self._next_ns = now.mono_ns + LOOK_EVERY_NS
        self.free = free = self._free_bytes()
        if free is None or free >= self._resume_bytes:
            self.reason = ""
        elif free < self._halt_bytes and not self.reason:  # which keeps the number of its beginning
            self.reason = (
                f"the disk of {self._place} is nearly full: {free:,} bytes were free,"
                f" {self._needed_for} needs {self._halt_bytes:,}; free some space, and it goes"
                f" on by itself with {self._resume_bytes:,}"
            )


class Brake(Protocol):
    """What may stop a service from taking anything that adds risk."""

    @property
    def reason(self) -> str:
        """Why; empty if it does not."""

    def look(self, now: Now) -> None:
        """Look whether it does, once per turn."""


class Room:
    """Whether there is room for what a service takes: by its brakes, and in its journal.

    `full` says why the journal cannot be written at present; `changed` receives each new `reason`.
    Without `brakes` only the journal counts.
    """

    def __init__(
        self, brakes: Brake | None, full: Callable[[], str], changed: Callable[[str], None]
    ) -> None:
        self.reason = ""
        """Why nothing that adds risk may be taken; empty if it may."""
        self._brakes = brakes
        self._full = full
        self._changed = changed

    @property
    def unwritable(self) -> str:
        """Why nothing can be written down, so that nothing may be taken; empty if it can."""
        return self._full()

    @property
    def left(self) -> str:
        """What an end at this moment leaves undone, in a sentence; empty if nothing."""
        return f"not written down: {self._full()}" if self._full() else ""

    def look(self, now: Now) -> None:
        """Once per turn."""
        brakes, reason = self._brakes, self._full()
        if brakes is not None:
            brakes.look(now)
            reason = reason or brakes.reason
        if reason != self.reason:
            self.reason = reason
            self._changed(reason)
