"""A transport in memory for the services: what a test puts in, and all that was sent."""

from collections import deque
from collections.abc import Sequence

from tapewire.common.bus import wire
from tapewire.common.bus.transport import Inbound
from tapewire.common.events import Event, Heartbeat, TradingState
from tapewire.common.runtime.memory_journal import MemoryJournal


class Wires:
    """`log` has sends and appends in their order; a channel in `down` takes nothing."""

    def __init__(self) -> None:
        self.inbound: deque[Inbound] = deque()
        self.sent: list[tuple[str, list[bytes]]] = []
        self.log: list[str] = []
        self.down: set[str] = set()
        self.emptied = True

    def poll(self, timeout_ms: int) -> list[Inbound]:
        taken = list(self.inbound)
        self.inbound.clear()
        return taken

    def send(self, channel: str, frames: Sequence[bytes]) -> bool:
        if channel in self.down:
            return False
        self.sent.append((channel, list(frames)))
        self.log.append(channel)
        return True

    # ---- what comes in ----

    def put(self, channel: str, *frames: bytes) -> None:
        self.inbound.append((channel, list(frames)))

    def ask(self, event: Event, sender: bytes = b"peer") -> None:
        self.put("requests", sender, wire.encode(event))

    def publish(self, source: str, seq: int, *events: Event, epoch: str = "1") -> None:
        body = wire.encode_batch(source, epoch, seq, events)
        self.put(f"{source}.events", wire.topic(source), body)

    def beat(
        self, source: str, ts_ns: int, seq: int = 0, trading: TradingState | None = None,
        epoch: str = "1", risk_seq: int = 0,
    ) -> None:  # fmt: skip
        beat = Heartbeat(ts_ns, "READY", "", seq, "", trading, mono_ns=ts_ns, risk_seq=risk_seq)
        body = wire.encode_batch(source, epoch, seq, [beat])
        self.put(f"{source}.events", wire.topic(f"heartbeat.{source}"), body)

    # ---- what went out ----

    def on(self, channel: str) -> list[list[bytes]]:
        return [frames for sent_on, frames in self.sent if sent_on == channel]

    def events(self, source: str) -> list[Event]:
        frames = [f for f in self.on("events") if f[0] == wire.topic(source)]
        return [event for f in frames for event in wire.decode_batch(f[1])[0].events]

    def beats(self, source: str) -> list[Heartbeat]:
        return self.events(f"heartbeat.{source}")

    def asked(self, source: str) -> list[Event]:
        return [wire.decode_event(f[-1]) for f in self.on(f"{source}.requests")]

    def replies(self) -> list[Event]:
        return [wire.decode_event(f[-1]) for f in self.on("requests")]


class LoggedJournal(MemoryJournal):
    """Notes its appends among what the transport sends."""

    def __init__(self, log: list[str]) -> None:
        super().__init__()
        self.log = log

    def append(self, events: Sequence[Event]) -> int:
        self.log.append("append")
        return super().append(events)
