"""A hostile network in front of an engine: batches and answers are lost, late, or come twice."""

import itertools
from collections.abc import Sequence
from random import Random

from tapewire.bridge.engine import TAIL, End, Found, Line, Published
from tapewire.bridge.mirroring import Look, Mirror, Send
from tapewire.common.clock import Now
from tapewire.common.runtime.journal import GENESIS, link

MS_NS = 1_000_000
SECOND_NS = 1_000_000_000


def lines_of(count: int, name: str = "a") -> list[Line]:
    """A journal of so many records."""
    found, chain = [], GENESIS
    for seq in range(1, count + 1):
        record = f"{name}{seq}".encode()
        chain = link(chain, record)
        found.append(Line(seq, chain, record))
    return found


class Stream:
    """Takes a record only behind its last one, as JetStream does."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def write(self, record: bytes) -> None:
        """Somebody else's, without any condition."""
        self.lines.append(Line(len(self.lines) + 1, "", record))

    def publish(self, line: Line) -> bool:
        fits = line.seq == len(self.lines) + 1
        if fits:
            self.lines.append(line)
        return fits

    def end(self, stream: str = "tapewire-risk-1", generation: int = 1, tail: int = TAIL) -> End:
        if not self.lines:
            return End(stream, generation)
        seq = len(self.lines)
        return End(stream, generation, seq, self.lines[0].chain, self.lines[-tail:])


def here(end: End, journal: Sequence[Line]) -> Sequence[Line]:
    """The journal's records of the numbers that a stream's tail has."""
    return journal[end.seq - len(end.tail) : end.seq]


class Hostile:
    """Runs a mirror against a stream, whatever happens in between."""

    def __init__(self, seed: int, journal: Sequence[Line]) -> None:
        self.random = Random(seed)
        self.journal = journal
        self.stream = Stream()
        self.mirror = Mirror("risk", "seed", starts_over=False)
        self.strays: list[Sequence[Line]] = []
        self.now = Now(0, 0)

    def run(self, steps: int, *, calm_from: int, stranger_at: int = -1) -> None:
        for step in range(steps):
            calm = step >= calm_from
            if step == stranger_at:
                self.stream.write(b"mine")
            self.now = Now(
                self.random.randint(-SECOND_NS, SECOND_NS), self.now.mono_ns + 20 * MS_NS
            )
            self.mirror.on_journal(min(len(self.journal), 7 * step), self.now)
            self._strays_arrive()
            for wanted in iter(lambda: self.mirror.next(self.now), None):
                self._do(wanted, calm=calm)

    def _do(self, wanted: Look | Send, *, calm: bool) -> None:
        if isinstance(wanted, Look):
            self._look(wanted.tail, calm=calm)
            return
        lines = self.journal[wanted.seq - 1 : wanted.seq - 1 + self.random.randint(1, wanted.limit)]
        before = self.journal[wanted.seq - 2].chain if wanted.seq > 1 else GENESIS
        if self.mirror.sending(before, lines, self.now):
            self._publish(lines, calm=calm)

    def _look(self, tail: int, *, calm: bool) -> None:
        if not calm and self.random.random() < 0.3:
            self.mirror.on_failure("no answer in time", self.now)
            return
        end = self.stream.end(tail=tail)
        if not calm and end.seq and self.random.random() < 0.3:  # a leader that was deposed
            stale = Stream()
            stale.lines = self.stream.lines[: self.random.randint(1, end.seq)]
            end = stale.end(tail=tail)
        found = Found("risk", end, tail)
        self.mirror.on_found(found, self.journal[0].chain, here(end, self.journal), self.now)

    def _publish(self, lines: Sequence[Line], *, calm: bool) -> None:
        fate = 1.0 if calm else self.random.random()
        if fate < 0.2:  # it lies somewhere, and arrives later
            self.strays.append(lines)
            self._answer(0, "away")
            return
        cut = len(lines) if fate > 0.4 else self.random.randint(0, len(lines))
        took = [self.stream.publish(line) for line in lines[:cut]]
        if fate < 0.5:  # the leader dies, and its answers with it
            self._answer(0, "away")
            return
        taken = list(itertools.takewhile(lambda one: one[1], zip(lines, took, strict=False)))
        acked = taken[-1][0].seq if taken else 0
        refused = cut < len(lines) or not all(took)
        self._answer(acked, "order" if refused else None)

    def _answer(self, seq: int, kind: str | None) -> None:
        self.mirror.on_published(Published("risk", seq, kind, "why"), self.now)  # type: ignore[arg-type]

    def _strays_arrive(self) -> None:
        arriving = [one for one in self.strays if self.random.random() < 0.3]
        for one in arriving:
            for line in one:
                self.stream.publish(line)
            if self.random.random() < 0.7:  # or it comes once more
                self.strays.remove(one)
