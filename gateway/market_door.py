"""The gateway's market socket: who reads which topic, and what is published of market data."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final

from tapewire.common.bus import derived, scans, wire
from tapewire.common.bus.greeks import GreeksPublisher
from tapewire.common.bus.sequenced import Sequenced
from tapewire.common.bus.streams import TickPublisher
from tapewire.common.bus.transport import Transport
from tapewire.common.clock import Clock, Now
from tapewire.common.events import Event
from tapewire.common.runtime.metrics import Labels, Metrics
from tapewire.gateway.feeds import beside, extras
from tapewire.gateway.feeds.derived import Derived
from tapewire.gateway.feeds.feeds import NS_PER_S, Feeds, FeedSettings
from tapewire.gateway.gateway import Gateway
from tapewire.gateway.greeks import OptionGreeks
from tapewire.gateway.greeks_feed import GreeksFeed
from tapewire.gateway.marks import Marks
from tapewire.gateway.scans import Scans

MARKET: Final = "market"
JOINED: Final = b"\x01"  # XPUB's sign that a reader subscribed; then the topic
BESIDE: Final = frozenset(beside.KINDS.values())
READ: Final = BESIDE | {"tick", "last", "mark", "greeks", "bar", derived.JOINED}
"""What the topics of a symbol begin with for which its line is needed."""


class MarketDoor:
    """Publishes the market data of one login. `complain` takes what a person should know of
    that somebody has asked for in vain."""

    def __init__(
        self,
        role: str,
        epoch: str,
        gateway: Gateway,
        transport: Transport,
        clock: Clock,
        metrics: Metrics,
        complain: Callable[[str], None],
        settings: FeedSettings,
        options: OptionGreeks | None,
    ) -> None:
        self._gateway = gateway
        self._transport = transport
        self._metrics = metrics
        self._complain = complain
        self.marks = Marks()
        self.ticks = TickPublisher(role, epoch)
        self.greeks = GreeksFeed(
            options, gateway.broker, GreeksPublisher(role, epoch), self.ticks.newest,
            need=lambda symbol: self.feeds.ask(symbol, clock.now()),
        )  # fmt: skip
        self.feeds = Feeds(
            gateway.broker, settings, gateway.facts.instruments.known.get,
            own=self._at_stake,
            beside=options.underlying if options is not None else lambda _symbol: "",
            forget=self._forget,
        )  # fmt: skip
        self.derived = Derived(role, epoch, settings.bars, gateway.broker.trades)
        self.scans = Scans(gateway.broker.queries, role, epoch)
        topics = Sequenced(role, epoch)
        self.beside = beside.Beside(topics)
        self.extras = extras.Extras(
            gateway.broker, topics, int(settings.linger_s * NS_PER_S), settings.depth_max_per_s,
            settings.depth_rows,
        )  # fmt: skip
        metrics.show("tick_age_seconds", ("symbol",), partial(_ages, self.ticks, clock))
        metrics.watch("greeks_published", lambda: self.greeks.published, "counter")
        gateway.limits.watch(self.ticks.newest, self.greeks.newest, delayed=settings.delayed_prices)

    def _at_stake(self) -> list[str]:
        """What limits need the prices of; the liquidation gateway has none."""
        return [] if self._gateway.gate.reduce_only else self._gateway.limits.at_stake()

    def _forget(self, symbol: str) -> None:
        self.ticks.forget(symbol)
        self.greeks.forget(symbol)
        self.beside.forget(symbol)

    # ---- who reads what --------------------------------------------------------------------------

    def enter(self, frame: bytes, now: Now) -> None:
        """Somebody reads a topic, or no longer. A prefix opens no line: whoever reads every
        symbol's topics gets what others have asked for."""
        has_joined, topic = frame[:1] == JOINED, wire.topic_name(frame[1:])
        is_whole = frame.endswith(wire.TOPIC_END)
        kind, _, name = topic.partition(".")
        if kind == scans.KIND and is_whole:
            if fault := self.scans.read(name, has_joined=has_joined):
                self._complain(fault)
        elif kind in extras.KINDS and is_whole:
            self._on_extra(topic, has_joined, now)
        elif not is_whole or kind not in READ:
            if has_joined and kind == "greeks":
                self._send(self.greeks.last(""))
        elif has_joined:
            self._joined(kind, name, topic, now)
        else:
            self._left(kind, name, topic)

    def _on_extra(self, topic: str, has_joined: bool, now: Now) -> None:
        if not has_joined:
            self.extras.left(topic)
        elif self.extras.joined(topic, now):
            self._send(self.extras.last(topic))
        else:
            self._complain(f"{topic} is subscribed; its symbol is not configured, or has none here")

    def _left(self, kind: str, name: str, topic: str) -> None:
        asked = self.derived.asked(kind, name)
        self.feeds.left(asked.symbol, topic)
        if kind in BESIDE:
            self.beside.left(topic)
        if asked.is_derived and not asked.fault:
            self.derived.left(kind, name)

    def _joined(self, kind: str, name: str, topic: str, now: Now) -> None:
        asked = self.derived.asked(kind, name)
        if asked.fault:
            self._complain(asked.fault)
        elif not self.feeds.joined(asked.symbol, topic, now):
            self._complain(f"symbol {asked.symbol} is subscribed, not configured")
        elif asked.is_derived:
            self._send(self.derived.joined(kind, name))
        elif kind in BESIDE:
            self._send(self.beside.joined(topic))
            if kind == "generic" and not self._gateway.broker.has_values(name):
                self._complain(
                    f"{topic} is subscribed, and {name} has no generic_ticks in [[instruments]]"
                )
        elif kind == "last":
            self._send([self.ticks.last_values(name)])
        elif kind == "greeks":
            self._send(self.greeks.last(name))

    def _send(self, messages: Iterable[list[bytes]]) -> None:
        for frames in messages:
            self._transport.send(MARKET, frames)

    # ---- once per turn ---------------------------------------------------------------------------

    def tick(self, now: Now) -> Iterator[Event]:
        """Publish what is due; what has become of the lines."""
        self._send(self.scans.tick(now))
        self._send(self.extras.due(now))
        for complaint in (*self.scans.take_complaints(), *self.extras.take_complaints()):
            self._complain(complaint)
        yield from self.feeds.tick(now, connected=self._gateway.is_up)
        if self.greeks.has_options:
            self._send(self.greeks.due(now))
            if complaint := self.greeks.take_complaint():
                self._complain(complaint)

    def publish(self, now: Now) -> None:
        """Publish what the turn brought of ticks, and what follows from them."""
        greeks = self.greeks if self.greeks.has_options else None
        made = self.derived if self.derived else None
        for symbol, ticks in self._gateway.broker.take_ticks():
            self._transport.send(MARKET, self.ticks.publish(symbol, ticks))
            self._metrics.count("ticks_published", len(ticks), symbol)
            self.marks.ticked(symbol)
            if made is not None:
                self._send(made.ticked(symbol, ticks, now))
            if greeks is not None:
                greeks.ticked(symbol)
        if made is not None:
            self._send(made.due(now))
        if came := self._gateway.broker.take_beside():
            self._send(self.beside.came(one for one in came if isinstance(one, beside.NOTED)))
            deep = (one for one in came if not isinstance(one, beside.NOTED))
            self._send(self.extras.came(deep, now))
        ticked = []
        for kind, symbol in self.marks.due(now.mono_ns, self._is_held):
            self._transport.send(MARKET, self.ticks.last_values(symbol, kind))
            if kind == "last":
                ticked.append(symbol)
        self.feeds.ticked(ticked, now)

    def _is_held(self, symbol: str) -> bool:
        return self._gateway.holdings.is_held(self._gateway.broker.accounts, symbol)


def _ages(ticks: TickPublisher, clock: Clock) -> dict[Labels, float]:
    """How old the newest tick of each symbol is, in seconds."""
    now_ns = clock.now().wall_ns
    return {(name,): max(0, now_ns - ns) / NS_PER_S for name, ns in ticks.last_ns().items()}
