"""What a run has broken: the journals, and what was sent, compared with the broker's side.

The watch of the simulation judges here too. It sees what the processes have sent, as their tapes
have it, and what the simulator has done, in the order of time: the machine's wall clock is in both,
and nobody sets it.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

from tapewire.common import roles
from tapewire.common.accounting.compare import total
from tapewire.common.bus import wire
from tapewire.common.clock import VirtualClock, wall_ahead_ns
from tapewire.common.config.settings import Config
from tapewire.common.events import Event, Fill
from tapewire.common.instruments import Instrument
from tapewire.common.runtime.memory_journal import MemoryJournal
from tapewire.console.records import books, verification
from tapewire.simulator.audit import Line
from tests import replay
from tests.chaos.points import Taped
from tests.model.journals import strange_moves
from tests.pipeline.audited import Audit
from tests.simulation import invariants
from tests.simulation.both import BothWatch
from tests.simulation.watch import Watch

JUDGED: Final = ("order", "status", "execution")


class Verdict(NamedTuple):
    """What was found. `breaches` are sentences, each beginning with the guarantee that was broken;
    the other figures are parts of G1 to G3 by themselves."""

    orders: int
    fills: int
    duplicates: int
    fills_lost: int
    position_difference: Decimal
    pnl_difference: Decimal
    breaches: list[str]


class Past:
    """The journals of a run directory, read once."""

    def __init__(self, run_dir: Path, config: Config) -> None:
        self.instruments: Sequence[Instrument] = config.all_instruments()
        self.gateways = config.logins().gateways
        journaled = roles.journaled(self.gateways)
        self.journals = {role: books.read_journal(run_dir, role) for role in journaled}

    def events(self, role: str) -> list[Event]:
        """All events of a role's journal."""
        return self.journals[role]


def judge(
    config: Config, run_dir: Path, audits: Sequence[Path], tapes: Sequence[Taped], limit: Decimal
) -> Verdict:
    """Compare both sides of a run that has ended, in which everything was closed. Each broker of
    the group has an audit."""
    past, brokers = Past(run_dir, config), [Audit(one).read() for one in audits]
    theirs = {line["exec_id"] for one in brokers for line in one.executions}
    placed = sum((one.placed for one in brokers), Counter[str]())
    fills = [e.exec_id for role in past.gateways for e in past.events(role) if isinstance(e, Fill)]
    traded = books.Traded(config, run_dir)
    apart = books.differences(traded, map(books.broker_books, audits))
    again = sum(count - 1 for count in placed.values())
    breaches = [*_watched(config, past, audits, tapes, limit), *_written(past, run_dir)]
    breaches += [f"{'G2' if one.kind == 'execution' else 'G3'}: {one}" for one in apart]
    return Verdict(
        placed.total(), len(theirs), again + int(total(apart, "duplicate")),
        len(theirs.symmetric_difference(fills)), total(apart, "position"),
        total(apart, "realised", "fees"), breaches,
    )  # fmt: skip


def _written(past: Past, run_dir: Path) -> Iterator[str]:
    """What the journals alone say."""
    yield from invariants.once_each(past)
    yield from invariants.orders_end(past)
    for one in verification.findings(run_dir):
        if not one.sound:
            yield f"G6: {one.role}: {one.verdict}"
    yield from (f"the model: {move}" for move in strange_moves(run_dir))


def _watched(
    config: Config, past: Past, audits: Sequence[Path], tapes: Sequence[Taped], limit: Decimal
) -> Iterator[str]:
    """What a watch saw of it, and what can be judged with what it knows."""
    seen = _Seen(config, past)
    beyond: dict[str, None] = {}
    for one in _in_time(tapes, audits):
        if isinstance(one, Taped):
            seen.sent(one)
        else:
            seen.done(one)
            beyond |= dict.fromkeys(invariants.beyond_limit(seen.watch, limit))
    yield from seen.watch.faults
    yield from beyond
    yield from invariants.executions_agree(past, seen.watch)
    yield from invariants.ledger_agrees(past, seen.watch)
    yield from invariants.exposure_within(past, seen.watch, limit)
    yield from _replayed(config, past, seen.watch)


class _Seen:
    """A watch with the clock and the risk journal that it needs, as far as they had come."""

    def __init__(self, config: Config, past: Past) -> None:
        self.watch = BothWatch(config) if len(config.logins()) > 1 else Watch(config)
        self._decided = past.events(roles.RISK)
        self._clock, self._risk = VirtualClock(), MemoryJournal()
        self._ahead_ns = wall_ahead_ns()
        self._clock.step_wall(self._ahead_ns)
        self.watch.follow(self._clock, self._risk)

    def sent(self, one: Taped) -> None:
        """A message of a process of the group."""
        self._clock.advance_to(one.ts_ns - self._ahead_ns)
        if (one.role, one.channel) == (roles.RISK, "events"):
            batch = wire.decode_batch(one.frames[1])[0]
            known = self._risk.head.seq
            self._risk.append(self._decided[known : batch.seq + len(batch.events) - 1])
        self.watch.sent(one.role, one.channel, one.frames)

    def done(self, line: Line) -> None:
        """Something that the broker did."""
        self._clock.advance_to(line["ts_ns"] - self._ahead_ns)
        self.watch.audited([line])


def _in_time(tapes: Iterable[Taped], audits: Iterable[Path]) -> list[Taped | Line]:
    """What was sent and what the brokers did, as it came."""
    done = list[Line]()
    for audit in audits:
        with audit.open() as lines:
            done += [json.loads(line) for line in lines if '"message_' not in line[:40]]
    judged: list[Taped | Line] = [one for one in done if one["kind"] in JUDGED]
    return sorted([*tapes, *judged], key=_ts_ns)


def _ts_ns(one: Taped | Line) -> int:
    return one.ts_ns if isinstance(one, Taped) else int(one["ts_ns"])


def _replayed(config: Config, past: Past, watch: Watch) -> Iterator[str]:
    """G6: executor and risk, from the journals alone, hold what the broker does."""
    of = {
        roles.EXECUTOR: replay.executor(config, past.journals).ledger.book,
        roles.RISK: replay.risk(config, past.journals).accounts.book,
    }
    for role, book in of.items():
        for key, quantity in watch.broker.positions.items():
            held = book.positions[key].quantity if key in book.positions else Decimal(0)
            if held != quantity:
                yield f"G6: a replay of {role} holds {held} of {key}, the broker {quantity}"
