"""The loop: turns a service whenever something has come for it, on an asyncio loop.

No thread and no poll: the descriptors of ZeroMQ's sockets wake it. Such a descriptor does not say
that a message is there, only that it is time to look. It stays quiet about what came before
everything was taken, and about what came while something was sent. So after a turn in which
anything was taken or sent there is another one, until one finds nothing.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from tapewire.client.service import ClientService
from tapewire.common.bus.transport import Inbound, ZmqTransport

WAIT_S: Final = 0.05
"""How soon there is a turn though nothing comes, while something waits to be sent again."""


class Watched(Protocol):
    """A transport as the loop needs it. `is_active`: something was taken or sent."""

    is_active: bool
    emptied: bool

    def descriptors(self) -> list[int]:
        """What to wait for."""

    def close(self) -> None:
        """Close all channels."""


class WatchedTransport(ZmqTransport):
    """Notes whether anything was taken or sent."""

    def __init__(self, messages_max: int, batch_max: int) -> None:
        super().__init__(messages_max, batch_max)
        self.is_active = False

    def poll(self, timeout_ms: int) -> list[Inbound]:
        """See `Transport.poll`."""
        inbound = super().poll(timeout_ms)
        self.is_active |= bool(inbound)
        return inbound

    def send(self, channel: str, frames: Sequence[bytes]) -> bool:
        """See `Transport.send`."""
        was_sent = super().send(channel, frames)
        self.is_active |= was_sent
        return was_sent


class Loop:
    """Turns `service` on the running loop, from `start` to `stop`. `failed` gets what ends it."""

    def __init__(
        self,
        service: ClientService,
        transport: Watched,
        failed: Callable[[BaseException], None],
    ) -> None:
        self._service = service
        self._transport = transport
        self._failed = failed
        self._loop = asyncio.get_running_loop()
        self._descriptors: list[int] = []
        self._is_on = False
        self._soon: asyncio.Handle | None = None
        self._later: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Look whenever something may have come."""
        self._is_on = True
        self._descriptors = self._transport.descriptors()
        for descriptor in self._descriptors:
            self._loop.add_reader(descriptor, self.wake)
        self.wake()

    def wake(self) -> None:
        """There is something to do: turn as soon as the loop gets to it."""
        if self._soon is None and self._is_on:
            self._soon = self._loop.call_soon(self._turn)

    def stop(self) -> None:
        """No turn any more."""
        self._is_on = False
        for descriptor in self._descriptors:
            self._loop.remove_reader(descriptor)
        for handle in (self._soon, self._later):
            if handle is not None:
                handle.cancel()

    def _turn(self) -> None:
        self._soon = None
        if self._later is not None:
            self._later.cancel()
            self._later = None
        self._transport.is_active = False
        try:
            self._service.turn(0)
        except Exception as error:  # noqa: BLE001 - who waits for the client has to know
            self.stop()
            self._failed(error)
            return
        if self._transport.is_active or not self._transport.emptied:
            self.wake()
        elif self._service.waits and self._is_on:
            self._later = self._loop.call_later(WAIT_S, self.wake)
