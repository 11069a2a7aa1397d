"""The lane's way through a file: ahead while all is at rest, in turns while it is not."""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from tapewire.common.events import Event
from tapewire.common.events.accounts import AccountUpdated
from tapewire.common.runtime.journal import events_of
from tapewire.common.ticks.rows import Row
from tapewire.common.ticks.table import Rows
from tapewire.virtual.direct.exchange import DirectExchange
from tapewire.virtual.lane.catch_up import Passed, catch_up
from tapewire.virtual.lane.flow import RECENT_NS, Flow, Places
from tapewire.virtual.lane.rest import Rest, obstacle
from tapewire.virtual.lane.stretch import FLIGHT_NS, Stretch
from tapewire.virtual.lane.valuations import Valuations
from tapewire.virtual.network import HOP_NS
from tapewire.virtual.world import World

LOOK_MIN_NS: Final = 1_000_000
LOOK_MAX_NS: Final = 250_000_000
LOOK_GROWS: Final = 4
WORTH_NS: Final = 3_000_000_000
WORTH_ROWS: Final = 12
"""A stretch that is shorter, and has fewer rows, costs more than its turns."""


class Source(Iterator[Row]):
    """The rows of a flow for the exchange, from any place on. `place` is that of the next one; a
    `first` row goes ahead of them."""

    def __init__(self, flow: Flow, first: Row) -> None:
        self._flow = flow
        self._all = Rows(flow.table)
        self._rows: Iterator[Row] = iter([first])
        self.place = -1

    def __next__(self) -> Row:
        row = next(self._rows, None)
        if row is None and self.place < 0:
            self.move(0)
            return next(self)
        if row is None:
            self.place = len(self._flow.table) + 1
            raise StopIteration
        self.place += self.place >= 0
        return row

    def move(self, place: int) -> None:
        """Go on from a row."""
        self.place, self._rows = place, self._all.begin(place)


class Lane:
    """Runs `world`, which has its market from `source`, the rows of `flow`."""

    def __init__(self, world: World, flow: Flow, source: Source, exchange: DirectExchange) -> None:
        self._world = world
        self._flow = flow
        self._source = source
        self._exchange = exchange
        self._valuations = Valuations(world, flow, exchange)
        self._rest = Rest(world, flow, self._valuations)
        self._stretch = Stretch(flow, world)
        self._heads: dict[str, int] = {}
        self.obstacle = "the file has rows of odd values" if flow.odd else obstacle(world)
        """Why it never goes ahead; empty if it does."""
        self._look_ns = LOOK_MIN_NS
        self._due_ns = 0  # when somebody had something to do, at the last look
        self.look: Callable[[int], None] = lambda _rows: None
        """Gets, again and again, how many rows are done; it may raise to end it."""
        self.skipped = 0
        """How many rows have been run as columns."""
        self.jumps = 0
        """How often the world was put to a later moment."""
        self.jumped_ns = 0
        """For how long nobody had a turn."""

    @property
    def place(self) -> int:
        """The first row that the exchange has not taken."""
        return max(0, min(self._source.place - 1, len(self._flow.table)))

    def run_until(self, end_ns: int) -> None:
        """As `Scheduler.run_until`."""
        clock = self._world.clock
        while clock.mono_ns() < end_ns:
            self.look(self.place)
            if not self._go_ahead(end_ns):
                self._run_turns(end_ns)

    # ---- in turns --------------------------------------------------------------------------------

    def _run_turns(self, end_ns: int) -> None:
        """Turns until it is worth while to look again: once the next thing was due, and less and
        less often."""
        until_ns = max(self._world.clock.mono_ns() + self._look_ns, self._due_ns + FLIGHT_NS)
        self._look_ns = min(LOOK_GROWS * self._look_ns, LOOK_MAX_NS)
        self._world.scheduler.run_until(min(until_ns, end_ns))
        self._note_activity()

    def _note_activity(self) -> None:
        for role, node in self._world.nodes.items():
            seq, known = node.records.head.seq, self._heads.get(role, 0)
            if seq != known:
                self._heads[role] = seq
                news = list(events_of(node.records, known + 1))
                if any(map(_is_activity, news)):
                    self._look_ns = LOOK_MIN_NS

    # ---- ahead -----------------------------------------------------------------------------------

    def _go_ahead(self, end_ns: int) -> bool:
        """Run a stretch, if all is at rest; whether time has passed."""
        clock = self._world.clock
        now_ns = clock.mono_ns()
        self._due_ns = 0
        if self.obstacle or self._source.place < 0:
            return False
        start = self.place
        until_ns = self._due_ns = min(end_ns, self._rest.until_ns(clock.now(), start))
        stop = self._flow.table.place(until_ns - FLIGHT_NS, start)
        if until_ns - now_ns < WORTH_NS and stop - start < WORTH_ROWS:
            return False
        self._valuations.begin(start)
        given = self._stretch.deliver(start, max(start, stop), until_ns, self.look)
        due_ns = until_ns if given.cause_ns is None else given.cause_ns
        # Risk is to know the prices that it would know, where a rule looks at them.
        latest_ns = due_ns - 1 - (RECENT_NS if self._rest.looks_at_marks else 0)
        moment_ns, row = self._moment(latest_ns, start, now_ns)
        if moment_ns <= now_ns:
            moment_ns, row = now_ns, start
        self.jumped_ns += moment_ns - now_ns
        self.jumps += 1
        valued_ns = self._valuations.heard_ns(moment_ns)
        self._valuations.end(moment_ns)
        self._resume(start, row, moment_ns, valued_ns)
        self._stretch.hold(int(self._flow.first_tick[row]), given.ticks)
        if given.acted is not None:
            node, given.acted.runner.acted_ns = self._world.nodes[given.acted.role], due_ns
            self._world.scheduler.at(due_ns, self._world.turn, node)
        self._look_ns = LOOK_MIN_NS
        reached_ns = due_ns + 2 * HOP_NS + FLIGHT_NS
        self._world.scheduler.run_until(min(end_ns, reached_ns))
        self._note_activity()
        return True

    def _moment(self, latest_ns: int, start: int, now_ns: int) -> tuple[int, int]:
        """A moment, not after `latest_ns`, at which no row, heartbeat or report is on its way; and
        the first row that is still to come then."""
        times, moment_ns = self._flow.table.ts_ns, latest_ns
        while moment_ns > now_ns:
            since_ns = moment_ns - self._world.last_idle_ns(moment_ns)
            if since_ns < FLIGHT_NS:
                moment_ns -= since_ns + 1
            if (free_ns := self._valuations.before(moment_ns)) < moment_ns:
                moment_ns = free_ns
                continue
            row = int(np.searchsorted(times, moment_ns - FLIGHT_NS))
            if row >= len(times) or times[row] > moment_ns:
                return moment_ns, max(row, start)
            moment_ns = int(times[row]) - 1
        return now_ns, start

    def _resume(self, start: int, row: int, moment_ns: int, valued_ns: Places) -> None:
        catch_up(self._world, Passed(self._flow, start, row), moment_ns, valued_ns)
        if row != start:
            self._source.move(row)
            self._exchange.market_moved()
            self.skipped += row - start


def _is_activity(event: Event) -> bool:
    return not isinstance(event, AccountUpdated)
