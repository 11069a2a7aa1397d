"""The web console's service: reads the groups, and publishes what has changed to those who look.

It follows nobody and nobody follows it: it can die without anyone noticing but its viewers.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from threading import Lock
from typing import Any, Final

from tapewire.common import roles
from tapewire.common.bus.transport import Transport
from tapewire.common.clock import Clock, Now
from tapewire.common.events import ProcessState
from tapewire.common.runtime.metrics import Labels
from tapewire.common.runtime.service import Service
from tapewire.console.model.earnings import Sum
from tapewire.console.model.reading import Reading
from tapewire.web.hub import Hub
from tapewire.web.server import Server

PUBLISH_EVERY_NS: Final = 125_000_000
"""From one message to the next. A page is behind by no more than this and what it takes to send."""
RETRY_NS: Final = 5_000_000_000
MARKET: Final = "market."


class WebService(Service):
    """Feeds the models of the groups and the hub; `wait` passes the time between two turns.

    A channel `market.NUMBER` brings the ticks of the group of that number.
    """

    def __init__(
        self,
        readings: Sequence[Reading],
        hub: Hub,
        server: Server,
        lock: Lock,
        transport: Transport,
        clock: Clock,
        *,
        epoch: str,
        url: str,
        wait: Callable[[float], object],
    ) -> None:
        super().__init__(roles.WEB, transport, clock, epoch=epoch)
        self._readings = readings
        self._hub = hub
        self._server = server
        self._lock = lock
        self._url = url
        self._wait = wait
        self._publish_ns = 0
        self._retry_ns = 0
        show, of = self.metrics.show, ("strategy", "currency")
        show("strategy_realised_pnl", of, lambda: self._by_strategy(lambda one: one.realised))
        show("strategy_commission", of, lambda: self._by_strategy(lambda one: one.commission))

    def _by_strategy(self, amount: Callable[[Sum], Decimal]) -> dict[Labels, float]:
        """An amount of each strategy of the own group, by the ledger; the others have a console of
        their own."""
        earned = self._readings[0].model.by_strategy
        return {of: float(amount(one)) for of, one in earned.items()}

    def turn(self, timeout_ms: int) -> None:
        """Wait the whole time, or until pages are due, then take all that came in it: they are not
        shown each tick. What a turn has computed is not part of the time between two messages."""
        until_due_s = (self._publish_ns - self.clock.mono_ns()) / 1e9
        self._wait(max(0.0, min(timeout_ms / 1000, until_due_s)))
        super().turn(0)

    def on_frames(self, channel: str, frames: list[bytes], now: Now) -> None:
        """Ticks of a group."""
        number = int(channel.removeprefix(MARKET))
        self._readings[number].model.prices.on_frames(frames)

    def on_tick(self, now: Now) -> None:
        """Read on, and publish what is new; see to the server."""
        is_due = now.mono_ns >= self._publish_ns
        if is_due:
            self._publish_ns = now.mono_ns + PUBLISH_EVERY_NS
        for reading in self._readings:
            try:
                self._look(reading, now, publishes=is_due)
            except Exception as error:  # noqa: BLE001 - what is wrong with one group costs it alone
                self.dead_letter(f"group {reading.name}", repr(error), b"")
                self._warn(reading.name, error, now)
        if now.mono_ns >= self._retry_ns and not self._server.is_serving:
            self._retry_ns = now.mono_ns + RETRY_NS
            self._server.try_start()

    def _look(self, reading: Reading, now: Now, *, publishes: bool) -> None:
        with self._lock:
            reading.look(now)
            if not publishes:
                return
            reading.model.prices.look(now)
            tables = reading.model.tables(now)
        self._hub.publish(reading.name, tables, now)

    def _warn(self, group: str, error: Exception, now: Now) -> None:
        """Say that what is shown of a group is old. It can still be halted, so it is shown even if
        nothing of it could be read."""
        known = self._hub.tables(group)
        why = f"this group cannot be read, and what is shown of it is old: {error!r}"
        tables = {
            **known,
            "desk": {**known.get("desk", {}), "trading": {"state": "UNKNOWN", "reason": why}},
            "warnings": {"reading": {"level": "bad", "text": why}},
        }
        self._hub.publish(group, tables, now)

    def on_stop(self, now: Now) -> str:
        """Hang up."""
        self._server.stop()
        for reading in self._readings:
            reading.close()
        return ""

    def readiness(self, now: Now) -> tuple[ProcessState, str]:
        """READY, with the reason where no page is served: nobody else waits for that."""
        return "READY", "" if self._server.is_serving else self._server.fault

    def detail(self) -> dict[str, Any]:
        """Where its pages are, and how many look."""
        return {
            "url": self._url if self._server.is_serving else "",
            "viewers": len(self._hub.viewers),
            "groups": [one.name for one in self._readings],
            "events_read": {one.name: one.model.loaded for one in self._readings},
        }
