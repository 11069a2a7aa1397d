"""The two ways to run a back-test's rows: through everything, or on columns where it is quiet."""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from tapewire.backtest import group
from tapewire.backtest.columns import marks_of, survey
from tapewire.backtest.report.sampler import Mark, Sampler, every_ns
from tapewire.backtest.scan import Scan, Window, raise_empty, scan
from tapewire.common.accounting.trading_days import Days
from tapewire.common.config.settings import Config, StrategyConfig
from tapewire.common.ticks.cache import table_of_file
from tapewire.common.ticks.file import TickFile
from tapewire.simulator.settings import SimulatorSettings
from tapewire.virtual.lane.flow import Flow
from tapewire.virtual.lane.lane import Lane
from tapewire.virtual.world import World

Look = Callable[[int], None]
SLICES: Final = 2_000


class Way(Protocol):
    """A window of a file, and how it is run."""

    scan: Scan
    every_ns: int

    def build(
        self, config: Config, settings: SimulatorSettings, on_failure: group.OnFailure
    ) -> World:
        """The world of a derived configuration; `settings` are those of the broker."""

    def run_until(self, end_ns: int, look: Look) -> None:
        """Let time pass up to `end_ns`, UTC. `look` gets, now and then, how many rows are done, and
        may raise to end it."""

    def marks(self) -> dict[str, list[Mark]]:
        """Each symbol's samples."""

    def obstacle(self) -> str:
        """Why no row can be run on columns; empty if some can, or nobody wanted it."""

    def ran(self) -> str:
        """How much was run on columns so far; empty where nobody wanted it."""


class InTurns:
    """Every row through TWS's bytes and all processes, as `tapewire up` has them. `why` says that
    this is not what was asked for, but what the strategies need."""

    def __init__(
        self, file: TickFile, window: Window, day_of: Days, step_ns: int, why: str = ""
    ) -> None:
        self.scan = scan(file, window)
        self.every_ns = every_ns(self.scan.last_ns - self.scan.first_ns)
        self._file, self._step_ns, self._why = file, step_ns, why
        self._sampler = Sampler(self.scan.first_ns, self.every_ns, day_of)
        self._rows = self._sampler.watch(file.rows(window.from_ns, window.to_ns))
        self._world: World

    def build(
        self, config: Config, settings: SimulatorSettings, on_failure: group.OnFailure
    ) -> World:
        """See `Way.build`."""
        first_ns, step_ns = self.scan.first_ns, self._step_ns
        world = group.build(config, self._rows, first_ns, step_ns, on_failure, settings, self._file)
        self._world = world
        return world

    def run_until(self, end_ns: int, look: Look) -> None:
        """See `Way.run_until`."""
        world, done_ns = self._world, self._world.clock.mono_ns()
        slice_ns = max(1, (end_ns - done_ns) // SLICES)
        while done_ns < end_ns:
            done_ns = min(done_ns + slice_ns, end_ns)
            world.scheduler.run_until(done_ns)
            look(world.server.counters["rows"])

    def marks(self) -> dict[str, list[Mark]]:
        """See `Way.marks`."""
        return self._sampler.marks

    def obstacle(self) -> str:
        """See `Way.obstacle`."""
        return self._why

    def ran(self) -> str:
        """See `Way.ran`."""
        return ""


class Direct:
    """The direct lane; see `tapewire.virtual.lane`."""

    def __init__(self, file: TickFile, window: Window, day_of: Days) -> None:
        table = table_of_file(file).between(window.from_ns, window.to_ns)
        found = survey(table)
        if found is None:
            raise_empty(file, window)
        self.scan = found
        self.every_ns = every_ns(found.last_ns - found.first_ns)
        self._file, self._day_of = file, day_of
        self._flow = Flow(table)
        self._lane: Lane

    def build(
        self, config: Config, settings: SimulatorSettings, on_failure: group.OnFailure
    ) -> World:
        """See `Way.build`."""
        first_ns = self.scan.first_ns
        world, self._lane = group.build_lane(
            config, self._flow, first_ns, on_failure, settings, self._file
        )
        return world

    def run_until(self, end_ns: int, look: Look) -> None:
        """See `Way.run_until`."""
        self._lane.look = look
        self._lane.run_until(end_ns)

    def marks(self) -> dict[str, list[Mark]]:
        """See `Way.marks`."""
        return marks_of(self._flow, self.every_ns, self._day_of)

    def obstacle(self) -> str:
        """See `Way.obstacle`."""
        return self._lane.obstacle

    def ran(self) -> str:
        """See `Way.ran`."""
        return f"{self._lane.skipped:,} rows were run on columns, the others in turns"


def way_of(
    file: TickFile,
    window: Window,
    day_of: Days,
    strategies: Sequence[StrategyConfig],
    *,
    step_ns: int,
    full: bool,
) -> Way:
    """By the direct lane, unless everything is wanted, or strategies read what TWS alone makes."""
    if full or step_ns:
        return InTurns(file, window, day_of, step_ns)
    if why := _made_by_tws(strategies):
        return InTurns(file, window, day_of, 0, why)
    return Direct(file, window, day_of)


def _made_by_tws(strategies: Sequence[StrategyConfig]) -> str:
    for one in strategies:
        if one.broker_bars:
            return f"{one.name} has broker_bars = true, and TWS makes those bars"
        if one.depth:
            return f"{one.name} has depth, and TWS makes books of the quotes"
    return ""
