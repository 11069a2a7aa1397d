"""`sweep`: many back-tests of one strategy with other parameters, on several cores."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from tapewire.backtest.arguments import with_fills
from tapewire.backtest.sweep import run, tables
from tapewire.backtest.sweep.cluster import connected
from tapewire.backtest.sweep.fingerprint import fingerprint
from tapewire.backtest.sweep.grid import grid_of
from tapewire.backtest.sweep.saved import REPORT, as_json, save
from tapewire.backtest.sweep.store import stored
from tapewire.backtest.sweep.trial import Settings
from tapewire.backtest.sweep.walk import walk_of
from tapewire.backtest.sweep.workers import Cores, Workers
from tapewire.common import extras
from tapewire.console.commands.backtest import (
    BarsOption,
    BenchmarkOption,
    FromOption,
    FullOption,
    ReportOption,
    StepOption,
    TicksOption,
    ToOption,
    arguments_of,
    file_of,
    require_no_folder,
    window_of,
)
from tapewire.console.commands.common import (
    EXIT_FAILED,
    ConfigOption,
    JsonOption,
    load_strategies,
    note,
)
from tapewire.console.commands.fill_options import (
    AtEndOption,
    CapitalOption,
    CommissionOption,
    LatencyOption,
    MarginOption,
    PartialFillsOption,
    QueueOption,
    SlippageOption,
)
from tapewire.console.commands.tick_files import BarTimeOption, SymbolsOption, TimezoneOption
from tapewire.console.views.terminal import out

GridOption = Annotated[
    list[str], typer.Option(help="NAME=FROM:TO:STEP or NAME=VALUE,VALUE; one per parameter")
]
OneOption = Annotated[str, typer.Option(help="its name, where there are several")]
WalkOption = Annotated[
    str, typer.Option(help="TRAIN:TEST, such as 90d:30d: choose on one, judge on the next")
]
JobsOption = Annotated[int | None, typer.Option(min=1, max=256, help="runs at a time")]
RayOption = Annotated[
    bool, typer.Option("--ray", help="on the Ray cluster that this machine is in")
]
FolderOption = Annotated[
    Path, typer.Option("--out", help="sweeps are kept here, each in a folder of its own")
]


def sweep(
    param: GridOption,
    ticks: TicksOption = None,
    start: FromOption = None,
    end: ToOption = None,
    symbol: SymbolsOption = None,
    bars: BarsOption = "",
    timezone: TimezoneOption = "",
    bar_time: BarTimeOption = "start",
    strategy: OneOption = "",
    walk_forward: WalkOption = "",
    rank: Annotated[str, typer.Option(help="the figure to rank by")] = "",
    jobs: JobsOption = None,
    ray: RayOption = False,
    folder: FolderOption = Path("sweeps"),
    step_ms: StepOption = 0,
    to_file: ReportOption = None,
    capital: CapitalOption = None,
    margin: MarginOption = None,
    latency_ms: LatencyOption = None,
    slippage: SlippageOption = None,
    commission: CommissionOption = None,
    queue: QueueOption = None,
    partial_fills: PartialFillsOption = None,
    at_end: AtEndOption = None,
    benchmark: BenchmarkOption = "",
    full: FullOption = False,
    config: ConfigOption = None,
    as_json_object: JsonOption = False,
) -> None:
    """Run a strategy with every combination of the parameters; print the best.

    Ctrl-C keeps what is done, and the same command goes on. Status 0 once all runs are done and
    one of them went well.
    """
    require_no_folder(to_file)
    fills = {
        "capital": capital, "margin": margin, "latency_ms": latency_ms, "slippage": slippage,
        "commission": commission, "queue": queue, "partial_fills": partial_fills, "at_end": at_end,
    }  # fmt: skip
    workers = _workers(jobs, ray=ray)
    walk = walk_of(walk_forward) if walk_forward else None
    window, loaded = window_of(start, end), with_fills(load_strategies(config), fills)
    own = run.only(loaded, [strategy] if strategy else [])
    grid = grid_of(param, own)
    file = file_of(loaded, window, ticks, symbol, bars, timezone, bar_time)
    settings = Settings(file, loaded, own.name, arguments_of(step_ms, benchmark, full))
    plan = run.planned(settings, window, grid, walk, rank, f"Sweep of {file.path.name}")
    place = folder / f"{own.name}-{fingerprint(plan.settings, window, frozenset(grid), '')}"
    _swept(plan, place, workers, to_file, as_json_object=as_json_object)


def _workers(jobs: int | None, *, ray: bool) -> Callable[[], AbstractContextManager[Workers]]:
    """What begins those who do the runs."""
    if ray:
        extras.require("--ray", "ray", "ray")
        return lambda: connected(jobs, note)
    return lambda: nullcontext(Cores(run.jobs_of(jobs)))


def _swept(
    plan: run.Plan,
    place: Path,
    begin: Callable[[], AbstractContextManager[Workers]],
    to_file: Path | None,
    *,
    as_json_object: bool,
) -> NoReturn:
    """Do what is left of a sweep, keep it in `place` and print it."""
    with stored(place) as store:
        with begin() as workers:
            found = run.sweep(plan, store, workers, note)
        save(found, place, to_file or place / REPORT, note)
    if as_json_object:
        print(json.dumps({"folder": str(place), **as_json(found)}))
    else:
        out.print(tables.shown(found))
    is_good = found.is_whole and any(span.ranked for span in found.spans)
    raise typer.Exit(0 if is_good else EXIT_FAILED)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(sweep)
