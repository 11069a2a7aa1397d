"""A back-test: the group on a file's own time, from the first tick to the last fill."""

from collections.abc import Callable, Collection, Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from tapewire.backtest import group
from tapewire.backtest.closing import close_positions
from tapewire.backtest.logbook import Logbook
from tapewire.backtest.report.figures import Figures, strategies_of
from tapewire.backtest.report.notes import Failures, rejections
from tapewire.backtest.report.performance import Statistics, statistics_of
from tapewire.backtest.report.results import Results
from tapewire.backtest.report.sampler import Mark
from tapewire.backtest.scan import (
    Scan,
    Window,
    instruments_of,
    not_trading,
    trading,
    unknown,
)
from tapewire.backtest.watch import Interrupted, watching
from tapewire.backtest.ways import Way, way_of
from tapewire.common import roles
from tapewire.common.amounts import counted
from tapewire.common.config.near import expected
from tapewire.common.config.settings import Config, ConfigError, StrategyConfig
from tapewire.common.events import Event
from tapewire.common.instruments import Instrument
from tapewire.common.ticks.file import TickFile
from tapewire.common.ticks.stamps import iso
from tapewire.strategy.log import LogLine, Said
from tapewire.strategy.runner import Runner
from tapewire.virtual.world import SECOND_NS, World

SETTLE_S = 5  # after the last signal has expired
SYMBOLS_TEXT_MAX = 300

Check = Callable[[Config, Scan], None]
"""Looks at what a back-test is about to run with, and on what."""


class Outcome(msgspec.Struct, frozen=True):
    """The outcome of a back-test. `notes` are what a reader of the figures should know; `loaded`
    is each strategy's class and file, `journals` what each process wrote down, `log` the lines of
    the strategies' own logs."""

    window: Window
    scan: Scan
    instruments: tuple[Instrument, ...]
    figures: dict[str, Any]
    results: Results
    statistics: Statistics
    sample_ns: int
    notes: tuple[str, ...]
    loaded: dict[str, str]
    journals: dict[str, list[Event]] = {}
    log: tuple[LogLine, ...] = ()


def run(
    file: TickFile,
    window: Window,
    config: Config,
    names: Sequence[str],
    *,
    step_ns: int = 0,
    benchmark: str = "",
    full: bool = False,
    check: Check = lambda *_: None,
    say: Callable[[str], None],
) -> Outcome:
    """Run the strategies of `names` (none: all) on the file's window; see `World` for `step_ns`.
    With `full`, and with a step, every row goes through a TWS and all processes; without, through
    the direct lane.

    Orders fill as `config.backtest` says. `benchmark` is the symbol of the file that the strategies
    are compared with: without one, what they traded. `check` may refuse what the run would be of.

    Raises `ConfigError` for an unknown strategy or benchmark, ValueError for a broken file.
    """
    wanted = chosen(config, names)
    runners = _loaded(wanted, say)
    way = way_of(file, window, config.days().of(""), wanted, step_ns=step_ns, full=full)
    found = way.scan
    _require_benchmark(benchmark, found.ticks)
    instruments = instruments_of(found, config)
    strategies = trading(config, wanted, found.ticks)
    say(f"{found.rows:,} rows of {counted(len(instruments), 'symbol')}; running")
    derived = group.derived(config, instruments, strategies)
    check(derived, found)
    settings = group.simulator_settings(derived)
    heard = _Heard(say)
    world = way.build(derived, settings, heard.take)
    _require_one_started(world)
    if reason := way.obstacle():
        say(f"every row is run in turns, about as slowly as with --full: {reason}")
    lifetime_ns = max(s.signal_ttl_ms for s in strategies) * 1_000_000
    end_ns = found.last_ns + step_ns + lifetime_ns + SETTLE_S * SECOND_NS
    stopped = _run(way, world, end_ns, closes=config.backtest.at_end == "close")
    if ran := way.ran():
        say(ran)
    hints = [hint for runner in runners for hint in runner.hints]
    known = [*file.notes, *hints, *_notes(found, config, instruments, wanted)]
    loaded = {runner.name: runner.loaded for runner in runners}
    ended = _Ended(window, config, instruments, way, world, heard, known, loaded, stopped)
    return ended.outcome(settings.cash * len(settings.accounts), benchmark)


class _Heard:
    """What is heard of the strategies while they run."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.failures, self.logbook = Failures(say), Logbook()

    def take(self, said: Said) -> None:
        if isinstance(said, LogLine):
            self.logbook.add(said)
        else:
            self.failures.add(said)


class _Ended(NamedTuple):
    """A run that is over, and what was known of it before: `known` are notes, `loaded` each
    strategy's class and file, `stopped` says how far it went where it was stopped."""

    window: Window
    config: Config
    instruments: tuple[Instrument, ...]
    way: Way
    world: World
    heard: _Heard
    known: list[str]
    loaded: dict[str, str]
    stopped: list[str]

    def outcome(self, capital: Decimal, benchmark: str) -> Outcome:
        """What came of it, for accounts that had this much cash together."""
        figures = Figures(self.world)
        figures.faults[:0] = self.stopped
        results = Results(figures.journals, _marks(self.way, self.world))
        day_of = self.config.days().of("")
        return Outcome(
            window=self.window,
            scan=self.way.scan,
            instruments=self.instruments,
            figures=figures.as_json(),
            results=results,
            statistics=statistics_of(results, capital, day_of, benchmark),
            sample_ns=self.way.every_ns,
            notes=(*self.known, *self._notes(figures, results)),
            loaded=self.loaded,
            journals={role: self.world.events(role) for role in roles.JOURNALED},
            log=tuple(self.heard.logbook.lines),
        )

    def _notes(self, figures: Figures, results: Results) -> Iterator[str]:
        """What a reader should know of how it went."""
        yield from rejections(self.world.events(roles.EXECUTOR), figures.events)
        yield from self.heard.failures.notes()
        yield from _not_closed(results, self.config)
        yield from self.heard.logbook.notes()


def _loaded(wanted: Sequence[StrategyConfig], say: Callable[[str], None]) -> list[Runner]:
    """Each strategy, loaded once before anything runs; says from which file."""
    runners = [Runner(one, one.symbols, "", lambda _failure: None) for one in wanted]
    for runner in runners:
        say(f"strategy {runner.name}: {runner.loaded}")
    return runners


def _marks(way: Way, world: World) -> dict[str, list[Mark]]:
    """The samples up to where it was run."""
    now_ns = world.clock.now_ns()
    return {name: [one for one in each if one[0] <= now_ns] for name, each in way.marks().items()}


def _run(way: Way, world: World, end_ns: int, *, closes: bool) -> list[str]:
    """Run it to the end, or until a person presses Ctrl-C; then says how far it went."""
    with watching(way.scan.rows) as watch:
        try:
            way.run_until(end_ns, watch.look)
            if closes:
                close_positions(world, lambda until_ns: way.run_until(until_ns, watch.look), end_ns)
        except Interrupted:
            at = iso(min(world.clock.now_ns(), way.scan.last_ns))
            return [f"it was stopped at {at}; these figures are incomplete"]
    return []


def chosen(config: Config, names: Sequence[str]) -> list[StrategyConfig]:
    """The configured strategies of these names; all of them where no name is given."""
    known = {s.name: s for s in config.strategies}
    for name in names:
        if name not in known:
            raise ConfigError(f"strategy {name} is not in [[strategies]]; {expected(name, known)}")
    if not known:
        raise ConfigError("no strategy is configured; expected at least one in [[strategies]]")
    return [known[name] for name in dict.fromkeys(names)] or list(known.values())


def _require_benchmark(symbol: str, symbols: Collection[str]) -> None:
    if symbol and symbol not in symbols:
        raise ConfigError(
            f"the benchmark is {symbol}, which the file does not have; {expected(symbol, symbols)}"
        )


def _require_one_started(world: World) -> None:
    """Raise before the file is run if every strategy has stopped already.

    If only some have, the others run, and each stopped one is a fault of the back-test.
    """
    runners = [service.runner for service in strategies_of(world).values()]
    if all(runner.stopped for runner in runners):
        raise ConfigError("\n".join(f"{one.fault}; correct that line" for one in runners))


def _not_closed(results: Results, config: Config) -> Iterator[str]:
    if config.backtest.at_end == "close":
        for one in results.open_trades:
            yield f"{one.strategy} still holds {one.symbol}: it could not be closed at the end"


def _notes(
    found: Scan,
    config: Config,
    instruments: Sequence[Instrument],
    wanted: Sequence[StrategyConfig],
) -> Iterator[str]:
    stocks = ", ".join(unknown(found, config))[:SYMBOLS_TEXT_MAX]
    if stocks:
        yield f"not in [[instruments]]: {stocks}; taken as US stocks, multiplier 1"
    yield from found.data_quality.notes(instruments)
    currencies = sorted({i.currency for i in instruments})
    if len(currencies) > 1:
        yield f"totals add {', '.join(currencies)} as if they were one currency"
    yield from not_trading(wanted, found.ticks)
    for strategy in wanted:
        if strategy.feeds:
            yield f"{strategy.name}: a back-test reads no feeds; on_external is never called"
