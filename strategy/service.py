"""A strategy's service: market data and answers to the runner, its signals to the executor."""

from collections.abc import Sequence
from typing import Any, Final

from msgspec.structs import replace

from tapewire.common import roles
from tapewire.common.bus import wire
from tapewire.common.bus.ports import QUERIES
from tapewire.common.bus.streams import TickReader
from tapewire.common.bus.transport import Transport
from tapewire.common.clock import Clock, Now
from tapewire.common.delivery.letters import Letter
from tapewire.common.events import (
    Bar,
    CircuitChanged,
    Depth,
    Event,
    FlattenCompleted,
    Heartbeat,
    JournalShortened,
    ProcessState,
    QueryAnswer,
    Tick,
)
from tapewire.common.logins import ONLY_LOGIN, Login
from tapewire.common.runtime.checkpoint import Checkpoints, Past
from tapewire.common.runtime.metrics import Labels
from tapewire.common.runtime.service import Service
from tapewire.common.ticks.conflation import Conflation
from tapewire.strategy import feeds
from tapewire.strategy.reports import Reports
from tapewire.strategy.runner import Runner
from tapewire.strategy.silence import Silence
from tapewire.strategy.state import Store
from tapewire.strategy.trigger import Origin, cause_of

MARKET: Final = "market"
"""The channels on which ticks arrive begin with it: one for each login whose symbols it reads."""


def follows(login: Login) -> tuple[str, str, str]:
    """What a strategy follows that trades at this login."""
    return roles.EXECUTOR, login.gateway, roles.RISK


def queries_of(login: Login) -> str:
    """The channel on which the login's gateway is asked about history and options."""
    return f"{login.gateway}.{QUERIES}"


class StrategyService(Service):
    """Runs a `Runner` that is started; it binds nothing and journals nothing.

    With `latest`, the strategy receives only the newest quote and trade of a symbol for which more
    than one message waits. `store` keeps what the strategy saves, `schedule` what was
    called of its schedules. `symbols` are the names behind
    `tick.`, with a filter if there is one, and `made` the topics of bars and books. With
    `silent_after_ms` it is not READY while a process that it follows has been silent for so long.
    """

    def __init__(
        self,
        runner: Runner,
        transport: Transport,
        clock: Clock,
        *,
        epoch: str,
        symbols: Sequence[str],
        made: Sequence[str] = (),
        latest: bool = False,
        store: Store | None = None,
        schedule: Store | None = None,
        checkpoints: Checkpoints | None = None,
        login: Login = ONLY_LOGIN,
        silent_after_ms: int | None = None,
    ) -> None:
        role = roles.strategy_role(runner.name)
        super().__init__(role, transport, clock, epoch=epoch, follows=follows(login))
        self._gateway = login.gateway
        self._queries = queries_of(login)
        self.runner = runner
        self.readers = {symbol: TickReader(symbol) for symbol in symbols}
        self.made = {topic: TickReader(topic) for topic in made}
        self._topics: dict[bytes, tuple[str, str, str, TickReader]] = {}  # by frame, once seen
        self._hop = self.metrics.hops["gateway_to_strategy"]
        self._piled = Conflation() if latest else None
        self._store = store
        self._schedule = schedule
        self._reports = Reports()
        self._silence = Silence(self.followers, silent_after_ms)
        self.metrics.watch("missed", self._missed, "counter")
        self.metrics.show("strategy_position", ("symbol",), self._positions)
        self._read_past(Past(role, None, checkpoints))

    def _read_past(self, past: Past) -> None:
        """Fold what it follows, up to the checkpoint."""
        now = self.clock.now()
        for source in self.followers:
            for record in past.alone(source):
                self._tell(source, record.event, record.seq, now)
        past.finish(self.followers, self.dead_letter)

    # ---- input ---------------------------------------------------------------------------------

    def on_event(self, event: Event, source: str, now: Now) -> None:
        """Answers of the executor, executions from the gateway, flattens of risk."""
        if type(event) is CircuitChanged:
            self._reports.journaled(event)
        self._tell(source, event, self.followers[source].next_seq - 1, now)

    def _tell(self, source: str, event: Event, seq: int, now: Now) -> None:
        """Pass an event on. What the strategy keeps knows one gateway, that of its account."""
        if type(event) is JournalShortened and event.gateway != self._gateway:
            return
        if type(event) is FlattenCompleted and event.gateway_seqs:
            event = replace(event, gateway_seq=event.seq_of(self._gateway), gateway_seqs=())
        self.runner.on_event(roles.kind_of(source), event, seq, now)

    def on_heartbeat(self, source: str, beat: Heartbeat, now: Now) -> None:
        """A process that it follows lives."""
        self._silence.heard(source, beat, now)

    def following(self) -> tuple[ProcessState, str]:
        """READY once the past is known, and while nobody that it follows is silent."""
        state = super().following()
        if state[0] != "READY" or not self._silence.matters:
            return state
        silent = self._silence.reason(self.clock.mono_ns())
        return ("WAITING", silent) if silent else state

    def on_frames(self, channel: str, frames: list[bytes], now: Now) -> None:
        """Ticks, last values for a joiner, and messages of external feeds."""
        known = self._topics.get(frames[0]) if channel.startswith(MARKET) else None
        if known is None:
            if channel.startswith(feeds.PREFIX):
                self._on_external(channel.removeprefix(feeds.PREFIX), frames)
                return
            if channel == self._queries:
                self._on_answer(frames[-1])
                return
            topic = wire.topic_name(frames[0])
            kind, _, symbol = topic.partition(".")
            if topic in self.made:
                self._on_made(self.made[topic], frames[1])
                return
            known = self._topics[frames[0]] = topic, kind, symbol, self.readers[symbol]
        topic, kind, symbol, reader = known
        batch = wire.decode_ticks(frames[1])
        if kind != "tick":
            ticks: list[Tick] = reader.on_last(batch)
            self.metrics.count("last_values", len(ticks), symbol)
        else:
            ticks = reader.on_batch(batch)
            self.metrics.count("ticks_received", len(ticks), symbol)
            if ticks:
                self._hop.record(now.wall_ns - ticks[-1].ts_ns, len(ticks))
        origin: Origin = (batch, topic)
        if self._piled is None or kind != "tick":
            self.runner.on_ticks(origin, ticks, self.clock.now())
        else:
            self._piled.add(symbol, cause_of(origin), ticks)

    def _on_made(self, reader: TickReader, body: bytes) -> None:
        """Bars and books that the gateway has made."""
        batch, dead = wire.decode_batch(body)
        self.letters.add_all(dead)
        for event in reader.on_batch(batch):
            if isinstance(event, Bar):
                self.runner.on_bar(event, self.clock.now())
            elif isinstance(event, Depth):
                self.runner.on_depth(event, self.clock.now())

    def _on_answer(self, body: bytes) -> None:
        answer = wire.decode_event(body)
        if isinstance(answer, QueryAnswer):
            self.runner.on_answer(answer, self.clock.now())

    def _on_external(self, feed: str, frames: list[bytes]) -> None:
        topic, body = frames
        values, dead = feeds.values_of(body)
        for letter in dead:
            self.dead_letter(f"{feeds.PREFIX}{feed}", letter.reason, letter.body)
        for value in values:
            self.metrics.count("external", label=feed)
            self.runner.on_external(feed, wire.topic_name(topic), value, self.clock.now())

    # ---- once per turn -------------------------------------------------------------------------

    def on_tick(self, now: Now) -> None:
        """Deliver the newest of what has piled up, call what is due, and send."""
        if self._piled is not None:
            self._deliver_newest(self._piled)
        self.runner.tick(self.clock.now(), now.wall_ns if self.transport.emptied else 0)
        self._say_what_failed(now)
        self._write_state()
        self._send_due()

    @property
    def due_ns(self) -> int | None:
        """See `Service.due_ns`: a timer, or the end of a bar."""
        return self.runner.due_ns(self.clock.now())

    def on_stop(self, now: Now) -> str:
        """The strategy's own end; what it signals there still goes out."""
        self.runner.stop()
        self._say_what_failed(now)
        self._write_state()
        self._send_due()
        waiting = ", ".join(self.runner.waiting)
        return f"unanswered signals, which may still be traded: {waiting}" if waiting else ""

    def _say_what_failed(self, now: Now) -> None:
        """News that the strategy did not take, and the steps of its circuit breaker."""
        for news, reason in self.runner.callbacks.take_lost():
            self.dead_letter(f"strategy.{news.callback}", reason, wire.encode(news.event))
        for name, change in self.runner.take_changes():
            self.circuits.changed(name, change, now)

    def on_circuit(self, change: CircuitChanged) -> None:
        """It is the executor that writes it down: a strategy has no journal."""
        self._reports.add(change)

    def on_letter(self, letter: Letter, now: Now) -> str:
        """News that the strategy failed on may be given to it again."""
        if not letter.origin.startswith("strategy."):
            return super().on_letter(letter, now)
        callback = letter.origin.removeprefix("strategy.")
        return self.runner.callbacks.hand_back(callback, wire.decode_event(letter.body))

    def _deliver_newest(self, piled: Conflation) -> None:
        messages, skipped = piled.take()
        for symbol, ticks in skipped.items():
            self.metrics.count("conflated", ticks, symbol)
        for origin, newest in messages:
            self.runner.on_ticks(origin, newest, self.clock.now())

    def _write_state(self) -> None:
        """Write what the strategy saved and what of its schedule was called, before the signals of
        the same turn leave."""
        context = self.runner.context
        self._write("state", self._store, context.state.take())
        self._write("schedule", self._schedule, context.schedules.take())

    def _write(self, what: str, store: Store | None, data: bytes | None) -> None:
        if data is None or store is None:
            return
        try:
            store.write(data)
        except OSError as error:
            self.dead_letter(what, f"the strategy's {what} is not on disk: {error}", b"")

    def _send_due(self) -> None:
        if self.runner.ahead:  # what it did came with a later tick, and leaves with that
            return
        if self.runner.acted_ns > self.clock.mono_ns():
            return
        self.runner.live = self.following()[0] == "READY"
        now = self.clock.now()
        for signal in self.runner.due(now):
            if not self.transport.send("signals", [wire.encode(signal)]):
                break  # the executor is not there: no other would be taken
            self.runner.sent(signal, now)
            self.metrics.count("signals_sent")
        asking = self.runner.context.asking
        for query in () if asking.is_idle else asking.due():
            if not self.transport.send(self._queries, [wire.encode(query)]):
                break
            asking.sent(query)
        for change in self._reports.due(now):
            if self.transport.send("signals", [wire.encode(change)]):
                self._reports.sent(change, now)

    # ---- what is known -------------------------------------------------------------------------

    def readiness(self, now: Now) -> tuple[ProcessState, str]:
        """READY when the past is known and every symbol's topic was received; the reason names
        what the strategy has raised so far."""
        if self.runner.stopped:
            return "HALTED", f"{self.runner.fault}; {self._until_when()}"
        state = self.following()
        if state[0] != "READY":
            return state
        silent = [s for s, reader in self.readers.items() if not reader.epoch]
        if silent:
            return "WAITING", f"waiting to join the ticks of {', '.join(silent)}"
        return "READY", self.runner.fault

    def _until_when(self) -> str:
        if self.runner.is_set_up:
            return "it is tried again after a pause"
        return "it gets nothing more until it is restarted"

    def detail(self) -> dict[str, Any]:
        """What was loaded, what was received of each topic, and what was missed."""
        return {
            "loaded": self.runner.loaded,
            "hints": self.runner.hints,
            "signals": self.runner.signals,
            "failures": self.runner.failures,
            "stopped": self.runner.fault if self.runner.stopped else "",
            "was_stopped": self.runner.fault if self.runner.was_stopped else "",
            "unanswered": len(self.runner.waiting),
            "missed": self._missed(),
            "patterns": self.runner.patterns.left_out(),
            "topics": {
                s: {"epoch": r.epoch, "first_seq": r.first_seq, "last_seq": r.last_seq}
                for s, r in self.readers.items()
            },
        }

    def _positions(self) -> dict[Labels, float]:
        held, symbols = self.runner.context.portfolio, self.runner.strategy.symbols
        return {(symbol,): float(held.position(symbol)) for symbol in symbols}

    def _missed(self) -> dict[str, int]:
        return {name: one.missed for name, one in (self.readers | self.made).items()}
