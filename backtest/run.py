"""A back-test: the group on a file's own time, from the first tick to the last fill."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

import msgspec

from tapewire.backtest.failures import Failures
from tapewire.backtest.report.figures import Figures, strategies_of
from tapewire.backtest.report.rejections import untraded
from tapewire.backtest.report.results import Results
from tapewire.backtest.report.sampler import Sampler, every_ns
from tapewire.backtest.scan import (
    Survey,
    Window,
    instruments_of,
    not_trading,
    survey,
    trading,
    unknown,
)
from tapewire.common.config.near import expected
from tapewire.common.config.settings import Config, ConfigError, StrategyConfig
from tapewire.common.instruments import Instrument
from tapewire.common.ticks.file import TickFile
from tapewire.common.ticks.rows import Row
from tapewire.simulator.settings import SimulatorSettings
from tapewire.strategy.loading.faults import Failure
from tapewire.strategy.runner import Runner
from tapewire.virtual.world import SECOND_NS, World

IDLE_NS = SECOND_NS
HEARTBEAT_MS = 1_000
LEASE_MS = 4_000
LEAD_S = 30  # for every process to be READY before the first tick
REQUESTS_PER_S = 20  # to TWS, at the least, while the group joins: two for each symbol
SETTLE_S = 5  # after the last signal has expired
FAR_S = 10**8
JOIN_MAX_S = 600


class Outcome(msgspec.Struct, frozen=True):
    """What a back-test came to. `notes` are what a reader of its figures should know; `loaded`
    is each strategy's class and file."""

    window: Window
    survey: Survey
    instruments: tuple[Instrument, ...]
    figures: dict[str, Any]
    results: Results
    sample_ns: int
    notes: tuple[str, ...]
    loaded: dict[str, str]


def run(
    file: TickFile,
    window: Window,
    config: Config,
    names: Sequence[str],
    *,
    step_ns: int = 0,
    say: Callable[[str], None],
) -> Outcome:
    """Run the strategies of `names` (none: all) on the file's window; see `World` for `step_ns`.

    Raises `ConfigError` for a strategy that is not there, ValueError for a file that is broken.
    """
    wanted = chosen(config, names)
    runners = [Runner(one, one.symbols, "", lambda _raised: None) for one in wanted]
    loaded = {runner.name: runner.loaded for runner in runners}
    for name, what in loaded.items():
        say(f"strategy {name}: {what}")
    found = survey(file, window)
    instruments = instruments_of(found, config)
    strategies = trading(config, wanted, found.ticks)
    plural = "s" * (len(instruments) != 1)
    say(f"{found.rows:,} rows of {len(instruments)} symbol{plural}; running")
    failures = Failures(say)
    sampler = Sampler(found.first_ns, every_ns(found.last_ns - found.first_ns))
    rows = sampler.watch(file.rows(window.from_ns, window.to_ns))
    world = build(config, instruments, strategies, rows, found.first_ns, step_ns, failures.add)
    _require_one_started(world)
    lifetime_ns = max(s.signal_ttl_ms for s in strategies) * 1_000_000
    end_ns = found.last_ns + step_ns + lifetime_ns + SETTLE_S * SECOND_NS
    world.run(end_ns - world.clock.now_ns())
    figures = Figures(world)
    multipliers = {i.symbol: i.multiplier for i in instruments}
    return Outcome(
        window=window,
        survey=found,
        instruments=instruments,
        figures=figures.told(),
        results=Results(figures.events, multipliers, sampler.marks),
        sample_ns=sampler.every_ns,
        notes=(
            *file.notes,
            *(hint for runner in runners for hint in runner.hints),
            *_notes(found, config, instruments, wanted),
            *untraded(world.events("executor"), figures.events),
            *failures.notes(),
        ),
        loaded=loaded,
    )


def chosen(config: Config, names: Sequence[str]) -> list[StrategyConfig]:
    """The configured strategies of these names, all where none is named."""
    known = {s.name: s for s in config.strategies}
    for name in names:
        if name not in known:
            raise ConfigError(f"strategy {name} is not in [[strategies]]; {expected(name, known)}")
    if not known:
        raise ConfigError("no strategy is configured; expected at least one in [[strategies]]")
    return [known[name] for name in dict.fromkeys(names)] or list(known.values())


def _require_one_started(world: World) -> None:
    """Refuse to read a file for nobody; beside one that trades, a stopped one is a fault."""
    runners = [service.runner for service in strategies_of(world).values()]
    if all(runner.stopped for runner in runners):
        raise ConfigError("\n".join(f"{one.fault}; correct that line" for one in runners))


def build(
    config: Config,
    instruments: tuple[Instrument, ...],
    strategies: Sequence[StrategyConfig],
    rows: Iterator[Row],
    first_ns: int,
    step_ns: int,
    say: Callable[[Failure], None],
) -> World:
    """A world whose clock shows `first_ns` when TWS sends the first of `rows`.

    A row of no symbol goes before them, for TWS's market begins with its first row when the first
    client asks for data: so the group has `lead` to be READY in.
    """
    lead_ns = (LEAD_S + 2 * len(instruments) // REQUESTS_PER_S) * SECOND_NS
    start_ns = first_ns - lead_ns - _joined_after_ns(config, instruments)
    if start_ns < 0:
        raise ValueError("the file's first time is in 1970, expected UTC since the epoch")
    return _world(
        config, instruments, strategies, chain([_silence(first_ns - lead_ns)], rows),
        start_ns, step_ns, say,
    )  # fmt: skip


def _world(
    config: Config,
    instruments: tuple[Instrument, ...],
    strategies: Sequence[StrategyConfig],
    rows: Iterator[Row],
    start_ns: int,
    step_ns: int,
    say: Callable[[Failure], None],
) -> World:
    return World(
        instruments,
        strategies,
        rows,
        start_ns=start_ns,
        max_contracts=config.risk.max_contracts,
        idle_ns=IDLE_NS,
        heartbeat_ms=HEARTBEAT_MS,
        lease_ms=LEASE_MS,
        step_ns=step_ns,
        settings=SimulatorSettings(lines_max=len(instruments), rows_max_per_tick=10**9),
        say=say,
    )


def _joined_after_ns(config: Config, instruments: tuple[Instrument, ...]) -> int:
    """How long after its start a world asks for market data: tried with a strategy that does
    nothing, for it is the same with any."""
    nothing = StrategyConfig(name="nothing", strategy="tapewire.strategy.base:Strategy")
    market = iter([_silence(0), _silence(FAR_S * SECOND_NS)])
    world = _world(config, instruments, [nothing], market, 0, 0, lambda _raised: None)
    for _ in range(JOIN_MAX_S):
        due_ns = world.server.next_due_ns()
        if due_ns is not None:
            return due_ns % (FAR_S * SECOND_NS)
        world.run(SECOND_NS)
    raise ValueError(f"no market data was asked for within {JOIN_MAX_S} s of a start")


def _silence(ts_ns: int) -> Row:
    return Row(ts_ns, "", None, None, None, None, None, None)


def _notes(
    found: Survey,
    config: Config,
    instruments: Sequence[Instrument],
    wanted: Sequence[StrategyConfig],
) -> Iterator[str]:
    stocks = unknown(found, config)
    if stocks:
        yield (
            f"not in [[instruments]]: {', '.join(stocks)[:300]}; taken as US stocks, multiplier 1"
        )
    yield from found.oddities.notes(instruments)
    currencies = sorted({i.currency for i in instruments})
    if len(currencies) > 1:
        yield f"totals add {', '.join(currencies)} as if they were one currency"
    yield from not_trading(wanted, found.ticks)
    for strategy in wanted:
        if strategy.feeds:
            yield f"{strategy.name}: its feeds are not read here, on_external is never called"
