"""A gateway in this process, with a real socket to a TWS; this process is its risk as well."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tapewire.common import roles
from tapewire.common.bus.transport import ZmqTransport
from tapewire.common.clock import SystemClock
from tapewire.common.config.tws_address import TwsAddress
from tapewire.common.events import Event, Heartbeat
from tapewire.common.instruments import Instrument
from tapewire.common.runtime.journal import events_of
from tapewire.common.runtime.memory_journal import MemoryJournal
from tapewire.gateway.gateway import Gateway
from tapewire.gateway.orders.waits import Waits
from tapewire.gateway.service import BROKER, GatewayService
from tapewire.gateway.tws.adapter import TwsBroker
from tapewire.gateway.tws.reconnect import Reconnect
from tapewire.gateway.tws.socket import TwsSocket


class GatewayHere:
    """One gateway, turned by hand. `broker` are further settings of its adapter."""

    def __init__(
        self,
        address: TwsAddress,
        instruments: Sequence[Instrument],
        waits: Waits,
        reconnect: Reconnect,
        **broker: Any,
    ) -> None:
        self.clock, self.transport = SystemClock(), ZmqTransport()
        for channel, kind in (("events", "pub"), ("requests", "router"), ("market", "xpub")):
            self.transport.bind(channel, kind, f"inproc://{channel}")
        adapter = TwsBroker(instruments, **broker)
        self.stream = TwsSocket(lambda: address, reconnect, self.clock)
        adapter.flushed = lambda: not self.stream.wants_write()
        self.transport.attach(BROKER, self.stream)
        self.gateway = Gateway(adapter, waits=waits, instruments=instruments)
        self.gateway.gate.decisions_known = True
        self._journal = MemoryJournal()
        self.service = GatewayService(
            roles.GATEWAY, self.gateway, self.transport, self.clock, self._journal,
            epoch="1", follows=(), hang_up=self.stream.close,
        )  # fmt: skip

    def turn(self) -> None:
        """Let it do what is due; risk says that trading is ACTIVE."""
        now = self.clock.now()
        self.gateway.on_risk(Heartbeat(now.wall_ns, "READY", "", 0, "", "ACTIVE", now.mono_ns))
        self.service.turn(10)

    def waited_for(self, condition: Callable[[], object], timeout_s: float) -> bool:
        """Turn until it is so; whether it was, within this time."""
        until_ns = self.clock.mono_ns() + int(timeout_s * 1_000_000_000)
        while self.clock.mono_ns() <= until_ns:
            self.turn()
            if condition():
                return True
        return False

    def readiness(self) -> tuple[str, str]:
        """Its state, and why."""
        return self.service.readiness(self.clock.now())

    def obey(self, command: Any) -> Any:
        """Give it a command, as the executor would; its answer."""
        answer, events = self.gateway.obey(command, self.clock.now())
        self.service.emit(*events)
        return answer

    def events(self) -> Iterator[Event]:
        """What it has journaled."""
        return events_of(self._journal)

    def close(self) -> None:
        """Hang up."""
        self.stream.close()
        self.transport.close(0)
