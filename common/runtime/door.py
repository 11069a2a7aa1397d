"""The door of a service: requests come in through it, or are refused.

What is refused has no effect but a dead letter, and an answer that says why.
"""

from collections.abc import Callable, Sequence

from tapewire.common.bus import wire
from tapewire.common.bus.access import Access
from tapewire.common.bus.router import DeadLetterSink
from tapewire.common.bus.spoken import token_of, version_fault
from tapewire.common.clock import Now
from tapewire.common.events import TEXT_MAX, Control, Event, RequestRefused

Route = Callable[[str, Event, bytes, Now], None]
"""Takes a request that may be taken: its channel, what is asked, who asks."""


class Door:
    """`access` is set by whoever runs the service; without one, as in a test, all may come in."""

    def __init__(
        self, route: Route, dead_letter: DeadLetterSink, reply: Callable[[bytes, Event], None]
    ) -> None:
        self.access: Access | None = None
        self._route = route
        self._dead_letter = dead_letter
        self._reply = reply

    def refusal(self, shown: Sequence[bytes], event: Event) -> str:
        """Why what came with these frames before it, a token or nothing, must not be taken; empty
        if it may. A halt is taken from another wire version too."""
        frame = b"".join(shown)
        other = version_fault(frame)
        if other and not (isinstance(event, Control) and event.action == "halt"):
            return other
        return "" if self.access is None else self.access.refusal(token_of(frame), event)

    @staticmethod
    def require_version(shown: Sequence[bytes]) -> None:
        """Raise `WireError` for what a process of another wire version sent: in words, before its
        message fails to decode, or decodes to something else."""
        if other := version_fault(b"".join(shown)):
            raise wire.WireError(other)

    def enter(self, frames: list[bytes], now: Now) -> None:
        """A request as it came: who asks, a token unless there is none, and what is asked."""
        sender, *shown, body = frames
        try:
            event = wire.decode_event(body)
        except wire.WireError:
            self.require_version(shown)
            raise
        reason = self.refusal(shown, event)
        if not reason:
            self._route("requests", event, sender, now)
            return
        self._dead_letter("requests", reason, body)
        self._reply(sender, RequestRefused(reason[:TEXT_MAX], getattr(event, "id", 0)))

    def refused(self, refused: RequestRefused, source: str, _now: Now) -> None:
        """What was asked of `source` was not even looked at: a person has to know."""
        self._dead_letter(f"{source}.requests", f"{source} refused it: {refused.reason}", b"")
