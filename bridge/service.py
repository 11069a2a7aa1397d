"""The bridge's service: journals are read, and each engine gets what its mirrors ask for."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tapewire.bridge.engine import Engine, Failed, Found, Outcome
from tapewire.bridge.journals import Source
from tapewire.bridge.mirroring import Look, Mirror, Send
from tapewire.common import roles
from tapewire.common.amounts import counted
from tapewire.common.bus.transport import Transport
from tapewire.common.clock import Clock, Now
from tapewire.common.events import ProcessState
from tapewire.common.runtime.journal import JournalError
from tapewire.common.runtime.service import Service

LATE_NS: Final = 5_000_000_000
"""From so much lag on it is a reason in the status."""
LAST_NS: Final = 2_000_000_000
"""So long the end waits for what is under way; the rest goes after the next start."""


class BridgeService(Service):
    """Runs a `Mirror` for each journal at each engine. It has no socket of the group."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        engines: Sequence[Engine],
        transport: Transport,
        clock: Clock,
        *,
        epoch: str,
        starts_over: bool,
    ) -> None:
        super().__init__(roles.BRIDGE, transport, clock, epoch=epoch)
        self._sources = sources
        self._engines = engines
        self.mirrors = {
            (engine.name, role): Mirror(role, f"{epoch} {engine.name}", starts_over=starts_over)
            for engine in engines
            for role in sources
        }
        self._show()

    def on_tick(self, now: Now) -> None:
        """Take in what has come of it, look how far the journals go, and go on."""
        for engine in self._engines:
            for outcome in engine.take():
                self._take_in(engine.name, outcome, now)
        for role, source in self._sources.items():
            self._look_at(role, source, now)
        for engine in self._engines:
            for role in self._sources:
                self._go_on(engine, self.mirrors[engine.name, role], now)

    def on_stop(self, now: Now) -> str:
        """Mirror what the others have written last, but do not wait long for it."""
        while True:
            moment = self.clock.now()
            self.on_tick(moment)
            late = moment.mono_ns - now.mono_ns >= LAST_NS
            behind = [one for one in self.mirrors.values() if one.lag_records]
            if late or not any(one.phase == "GOING" for one in behind):
                break
            self.transport.poll(20)
        for engine in self._engines:
            engine.close(1.0)
        for source in self._sources.values():
            source.close()
        left = sum(one.lag_records for one in behind)
        return f"{counted(left, 'record')} to mirror after the next start" if left else ""

    def readiness(self, now: Now) -> tuple[ProcessState, str]:
        """READY, with a reason where a mirror is late, since nobody waits for it; HALTED where one
        has stopped, which only a person can mend."""
        named = sorted(self.mirrors.items())
        stopped = [f"{engine}: {one.fault}" for (engine, _), one in named if one.is_stopped]
        if stopped:
            return "HALTED", "; ".join(stopped)
        return "READY", "; ".join(filter(None, (self._told(*one, now) for one in named)))

    def detail(self) -> dict[str, Any]:
        """How far each mirror is, by engine and journal."""
        now = self.clock.now()
        found: dict[str, dict[str, Any]] = {engine.name: {} for engine in self._engines}
        for (engine, role), one in self.mirrors.items():
            found[engine][role] = {
                "stream": one.stream,
                "records": one.acked,
                "lag_records": one.lag_records,
                "lag_s": round(one.lag_ns(now) / 1e9, 3),
                "stopped": one.is_stopped,
                "fault": one.fault,
                "note": one.note,
            }
        return {"mirrors": found}

    # ---- inside --------------------------------------------------------------------------------

    def _take_in(self, engine: str, outcome: Outcome, now: Now) -> None:
        mirror = self.mirrors[engine, outcome.role]
        if isinstance(outcome, Failed):
            mirror.on_failure(outcome.why, now)
        elif isinstance(outcome, Found):
            self._compare(mirror, outcome, now)
        else:
            mirror.on_published(outcome, now)

    def _compare(self, mirror: Mirror, found: Found, now: Now) -> None:
        """Give it, beside the end of the stream, what the journal has there."""
        source, tail = self._sources[mirror.role], found.end.tail
        try:
            _, first = source.lines(1, 1)
            here = source.lines(tail[0].seq, len(tail), bytes_max=None)[1] if tail else []
        except JournalError as error:
            mirror.on_failure(str(error), now)
            return
        mirror.on_found(found, first[0].chain if first else "", here, now)

    def _look_at(self, role: str, source: Source, now: Now) -> None:
        mirrors = [self.mirrors[engine.name, role] for engine in self._engines]
        try:
            seq = source.look(now)
        except (JournalError, OSError) as error:
            for one in mirrors:
                one.on_failure(str(error), now)
            return
        for one in mirrors:
            one.on_journal(seq, now)

    def _go_on(self, engine: Engine, mirror: Mirror, now: Now) -> None:
        while (wanted := mirror.next(now)) is not None:
            if isinstance(wanted, Look):
                engine.look(mirror.role, *wanted)
                return
            self._send(engine, mirror, wanted, now)

    def _send(self, engine: Engine, mirror: Mirror, wanted: Send, now: Now) -> None:
        try:
            before, lines = self._sources[mirror.role].lines(*wanted)
        except JournalError as error:
            mirror.on_failure(str(error), now)
            return
        if mirror.sending(before, lines, now):
            engine.publish(mirror.role, mirror.stream, lines)

    def _told(self, place: tuple[str, str], one: Mirror, now: Now) -> str:
        """What a person should know of a mirror that works; empty if it is nothing."""
        late = one.lag_ns(now) >= LATE_NS
        behind = f"{counted(one.lag_records, 'record')} behind" if late else ""
        told = "; ".join(filter(None, [behind, one.fault if late else "", one.note]))
        return f"{place[0]}: mirror of {one.role}: {told}" if told else ""

    def _show(self) -> None:
        by = ("engine", "journal")
        mirrors = self.mirrors
        self.metrics.show(
            "mirror_lag_records", by, lambda: {k: m.lag_records for k, m in mirrors.items()}
        )
        self.metrics.show("mirror_lag_seconds", by, self._lags)
        self.metrics.show(
            "mirror_stopped", by, lambda: {k: m.is_stopped for k, m in mirrors.items()}
        )

    def _lags(self) -> Mapping[tuple[str, ...], float]:
        now = self.clock.now()
        return {place: one.lag_ns(now) / 1e9 for place, one in self.mirrors.items()}
