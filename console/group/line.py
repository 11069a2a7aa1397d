"""A line to one process of a group: questions and answers, and what its journal says from now on.

A command that has something done wants to know what became of it. It asks the process's journal for
what came after its question, as a late reader does: nothing is missed between asking and listening,
and no subscription has to be in place first.

The emergency brake speaks over it too, so it loads nothing that takes long.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from tapewire.common import roles
from tapewire.common.bus import wire
from tapewire.common.bus.endpoints import Bus, endpoint, sockets_of
from tapewire.common.bus.transport import ZmqTransport
from tapewire.common.errors import TapewireError
from tapewire.common.events import CatchUp, CatchUpReply, Event, RequestRefused
from tapewire.common.runtime.tokens import TokenFile, path_of

TIMEOUT_S: Final = 5.0
POLL_MS: Final = 50
CONNECTS_MS: Final = 1
"""How soon it is tried again while the socket is not connected yet: a halt must not wait longer."""


class NoAnswer(TapewireError):
    """A process did not answer. If it was risk, nothing that adds risk is sent meanwhile."""


class Place(Protocol):
    """Where a group is: a `Config`, or a `Launched`."""

    @property
    def run_dir(self) -> Path:
        """Its run directory."""

    @property
    def bus(self) -> Bus:
        """Its sockets."""


class Line:
    """Speaks to the process `role` of a group; use in a `with`. `seq` is where its journal has been
    read to."""

    def __init__(self, group: Place, role: str) -> None:
        self.role = role
        self.seq = 0
        self._requests = 0
        self._token = TokenFile(path_of(group.run_dir, role, roles.CLI))
        self._transport = ZmqTransport()
        self._transport.connect(
            role, "dealer", endpoint(sockets_of(role)[1], group.bus, group.run_dir)
        )
        self._transport.present(role, self._token)

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.close()

    def ask(self, question: Event) -> Event:
        """Send a question and wait for its answer, at most `TIMEOUT_S`; raises `NoAnswer`."""
        reply = self.answer(question)
        if reply is None:
            raise NoAnswer(
                f"{self.role} did not answer within {TIMEOUT_S:.0f} s; is the group up?"
                " `tapewire status` shows it"
            )
        return reply

    def answer(self, question: Event) -> Event | None:
        """The answer to a question, or None if there is none within `TIMEOUT_S`. Raises `NoAnswer`
        if the process refuses our token."""
        request, deadline = wire.encode(question), time.monotonic() + TIMEOUT_S
        shown, sent = b"", False
        while time.monotonic() < deadline:
            if not sent:
                shown, sent = self._token(), self._transport.send(self.role, [request])
            for _, frames in self._transport.poll(POLL_MS if sent else CONNECTS_MS):
                reply = wire.decode_event(frames[-1])
                if not isinstance(reply, RequestRefused):
                    return reply
                if self._token() == shown:
                    raise NoAnswer(f"{self.role} refused it: {reply.reason}")
                sent = False  # it was started again meanwhile, with a new token
        return None

    def from_now(self) -> None:
        """Begin reading its journal at its present end."""
        self.seq = self._catch_up(1).head

    def news(self) -> Iterator[Event]:
        """What its journal has had since the last call."""
        reply = self._catch_up(self.seq + 1)
        batch, _ = wire.decode_batch(reply.body)
        for place, event in enumerate(batch.events):
            if batch.seq + place > self.seq:
                self.seq = batch.seq + place
                if event is not None:
                    yield event

    def _catch_up(self, from_seq: int) -> CatchUpReply:
        self._requests += 1
        reply = self.ask(CatchUp(self._requests, from_seq))
        if not isinstance(reply, CatchUpReply):
            raise NoAnswer(f"{self.role} answered with {type(reply).__name__}; try again")
        return reply
