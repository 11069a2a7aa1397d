"""Channels: the sockets of a bus by their names, opened as a role of the group is to use them."""

from collections.abc import Sequence
from pathlib import Path

from tapewire.common import roles
from tapewire.common.bus.access import right_of
from tapewire.common.bus.endpoints import Bus, endpoint, server_of, sockets_of
from tapewire.common.bus.ports import QUERIES, SIGNALS
from tapewire.common.bus.transport import ZmqTransport
from tapewire.common.bus.wire import topic
from tapewire.common.runtime.tokens import TokenFile, path_of


class Channels:
    """Opens channels of `transport` for a role, with the tokens that it has to present."""

    def __init__(self, role: str, transport: ZmqTransport, bus: Bus, run_dir: Path) -> None:
        self.transport = transport
        self._role = role
        self._bus = bus
        self._run_dir = run_dir

    def endpoint(self, name: str) -> str:
        """The address of the socket `name`."""
        return endpoint(name, self._bus, self._run_dir)

    def serve_stream(self) -> None:
        """Open the two sockets of a role that journals: its stream, and the door to it."""
        publish, requests = sockets_of(self._role)
        self.transport.bind("events", "pub", self.endpoint(publish))
        self.transport.bind("requests", "router", self.endpoint(requests))

    def follow(self, *sources: str) -> tuple[str, ...]:
        """Open the two sockets to each source that this role follows.

        Answers before events, since a poll takes from its sockets in this order: what was missed,
        then what came after it. The other way round a reader whose turns are slow would drop the
        newest events each time, and never catch up.
        """
        for source in sources:
            publish, requests = sockets_of(source)
            topics = (topic(source), topic(f"heartbeat.{source}"))
            self.transport.connect(f"{source}.requests", "dealer", self.endpoint(requests))
            self._present(f"{source}.requests", source)
            self.transport.connect(f"{source}.events", "sub", self.endpoint(publish), topics)
        return sources

    def connect(
        self,
        channel: str,
        kind: str,
        name: str,
        topics: Sequence[bytes] = (),
        batch_max: int | None = None,
    ) -> None:
        """Open `channel` to the bus's socket `name`."""
        self.transport.connect(channel, kind, self.endpoint(name), topics, batch_max)
        if name.partition(".")[0] in (SIGNALS, QUERIES):
            self._present(channel, server_of(name))

    def _present(self, channel: str, server: str) -> None:
        """Show on `channel` the token that this role has for `server`, if it may ask anything."""
        if right_of(self._role, server) is not None:
            file = path_of(self._run_dir, server, roles.kind_of(self._role))
            self.transport.present(channel, TokenFile(file))
