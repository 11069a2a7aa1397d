"""A client without sockets: what a test puts on its wires, and what it has sent."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import Any

from tapewire.client.client import Client
from tapewire.client.feeds import Feeds
from tapewire.client.service import ClientService
from tapewire.common.bus import wire
from tapewire.common.clock import VirtualClock
from tapewire.common.delivery.signals import SignalMaker
from tapewire.common.events import (
    AnySignal,
    Event,
    Fill,
    OrderCreated,
    OrderStateChanged,
    Query,
    QueryAnswer,
    Quote,
    SubmitOrder,
)
from tapewire.console.group import launch
from tests.gateway.wires import Wires

MS = 1_000_000
SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND
TTL_NS = 10 * SECOND
CALL, FURTHER = "AAPL  301220C00110000", "AAPL  301220C00115000"
CONFIG = {
    "instruments": [{"symbol": "AAPL"}, {"symbol": CALL}, {"symbol": FURTHER}],
    "strategies": [{"name": "dip", "strategy": "own.dip:Dip"}],
}
SOURCES = ("executor", "gateway", "risk")


def on_a_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run a test as the main coroutine of a loop, with a connected client that it is given."""

    @wraps(test)
    def run(*arguments: Any, **given: Any) -> None:
        async def main() -> None:
            bench = Bench()
            try:
                await test(bench, *arguments, **given)
            finally:
                await bench.client.close()

        asyncio.run(main())

    whole = signature(test)
    parameters = [*whole.parameters.values()][1:]  # the bench is not a fixture
    run.__signature__ = whole.replace(parameters=parameters)  # type: ignore[attr-defined]
    return run


class WatchedWires(Wires):
    """Wires that need no descriptor: a test turns the client itself."""

    def __init__(self) -> None:
        super().__init__()
        self.is_active = False
        self.topics: list[bytes] = []
        self.is_closed = False

    def descriptors(self) -> list[int]:
        return []

    def subscribe(self, _channel: str, topic: bytes) -> None:
        self.topics.append(topic)

    def unsubscribe(self, _channel: str, topic: bytes) -> None:
        self.topics.remove(topic)

    def close(self) -> None:
        self.is_closed = True


class Bench:
    """A client of the name `mine`, with what it stands on; a group that answers, unless a test
    says otherwise."""

    def __init__(self, *, ready: bool = True, heartbeat_ms: int = 250) -> None:
        self.wires, self.clock = WatchedWires(), VirtualClock(T0)
        config = launch.of(CONFIG, Path("run"))
        self.service = ClientService(
            "mine", self.wires, self.clock, epoch="e1", logins=config.logins(),
            feeds=Feeds(self.wires.subscribe, self.wires.unsubscribe), ttl_ns=TTL_NS,
            heartbeat_ms=heartbeat_ms,
        )  # fmt: skip
        numbers = iter(range(1, 100))
        maker = SignalMaker("mine", lambda _now: f"mine-e1-{next(numbers)}", TTL_NS)
        lock = open(os.devnull)  # noqa: SIM115 - the client closes it
        self.client = Client("mine", config, "", self.service, self.wires, maker, lock)
        self._seqs = dict.fromkeys(SOURCES, 0)
        if ready:
            self.beat()
            self.service.turn(0)

    # ---- the group -----------------------------------------------------------------------------

    def beat(self, *sources: str, epoch: str = "1") -> None:
        for source in sources or SOURCES:
            self.wires.beat(source, self.clock.mono_ns(), self._seqs[source], epoch=epoch)

    def publish(self, source: str, *events: Event) -> None:
        self.wires.publish(source, self._seqs[source] + 1, *events)
        self._seqs[source] += len(events)

    async def settle(self, ms: int = 0) -> None:
        """Let `ms` pass, turn the client, and let everybody go on who waited for it."""
        self.clock.advance_to(self.clock.mono_ns() + ms * MS)
        for _ in range(5):
            self.service.turn(0)
            await asyncio.sleep(0)

    def signals(self) -> list[AnySignal]:
        return [wire.decode_event(frames[0]) for frames in self.wires.on("signals")]  # type: ignore[misc]

    def queries(self) -> list[Query]:
        return [wire.decode_event(frames[0]) for frames in self.wires.on("gateway.queries")]  # type: ignore[misc]

    def answer(self, answer: QueryAnswer) -> None:
        self.wires.put("gateway.queries", wire.encode(answer))

    def market(self, kind: str, seq: int, *events: Event, symbol: str = "AAPL") -> None:
        body = wire.encode_batch("gateway", "g1", seq, events)
        self.wires.put("market", wire.topic(f"{kind}.{symbol}"), body)

    # ---- what the executor says of an order ------------------------------------------------------

    def created(self, signal: AnySignal) -> None:
        order = SubmitOrder(
            f"{signal.id}/1", T0, "DU1", "mine", signal.symbol, signal.terms, T0,
            signal_id=signal.id,
        )  # fmt: skip
        self.publish("executor", OrderCreated(T0, signal.id, order))

    def moved(self, signal_id: str, state: str, filled: int = 0) -> None:
        price = Decimal(5) if filled else None
        event = OrderStateChanged(
            T0, "DU1", f"{signal_id}/1", "mine", state, Decimal(filled), "", price
        )  # fmt: skip
        self.publish("executor", event)

    def filled(self, signal_id: str, quantity: int, number: int = 1) -> None:
        fill = Fill(
            T0, "DU1", f"x.{number}.01", "p1", "AAPL", "BUY", Decimal(quantity), Decimal(5),
            f"{signal_id}/1", "mine",
        )  # fmt: skip
        self.publish("gateway", fill)


def quote(bid: float, symbol: str = "AAPL") -> Quote:
    return Quote(symbol, T0, bid, 1.0, bid + 0.01, 1.0)
