"""`backtest`: the configured strategies on a file of ticks, on a virtual clock in one process."""

import json
import time
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from tapewire.backtest import comparable, logbook
from tapewire.backtest import compare as comparison
from tapewire.backtest.arguments import with_fills
from tapewire.backtest.report import tables
from tapewire.backtest.report.as_json import report
from tapewire.backtest.report.html import write
from tapewire.backtest.report.page import page
from tapewire.backtest.run import Outcome, run
from tapewire.backtest.scan import Window
from tapewire.common.amounts import counted
from tapewire.common.config.settings import Config, ConfigError
from tapewire.common.ticks.file import BarTime, TickFile
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
from tapewire.console.commands.tick_files import (
    FILE_HELP,
    BarTimeOption,
    SymbolsOption,
    TimezoneOption,
    only,
    recorded,
    tick_file,
)
from tapewire.console.group import launch
from tapewire.console.views.terminal import out
from tapewire.strategy.loading.overrides import with_parameters

TicksOption = Annotated[
    Path | None, typer.Option(help=f"{FILE_HELP}; without one, what is recorded")
]
BarsOption = Annotated[
    str, typer.Option(help="without a file, the downloaded bars of this size: 1 min, 1 day")
]
FromOption = Annotated[str | None, typer.Option("--from", help="ISO time, UTC")]
ToOption = Annotated[str | None, typer.Option("--to", help="ISO time, UTC, not included")]
StepOption = Annotated[int, typer.Option(min=0, help="market data every N ms; 0: each row")]
ReportOption = Annotated[
    Path | None, typer.Option("--report", help="write an HTML report to this file")
]
BenchmarkOption = Annotated[str, typer.Option(help="symbol of the file to compare with")]
FullOption = Annotated[
    bool, typer.Option("--full", help="each row through a TWS and all processes")
]


def backtest(
    ticks: TicksOption = None,
    start: FromOption = None,
    end: ToOption = None,
    symbol: SymbolsOption = None,
    bars: BarsOption = "",
    timezone: TimezoneOption = "",
    bar_time: BarTimeOption = "start",
    strategy: Annotated[list[str] | None, typer.Option(help="by name; may be repeated")] = None,
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
    param: Annotated[
        list[str] | None, typer.Option(help="a parameter, as NAME=VALUE; may be repeated")
    ] = None,
    to_log: Annotated[
        Path | None, typer.Option("--log", help="write the strategies' own logs to this file")
    ] = None,
    against: Annotated[Path | None, typer.Option("--compare", help="a demo's run folder")] = None,
    full: FullOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run strategies, executor, risk and exchange on the file's own time; print the results.

    Status 0 only if nothing was lost or duplicated and the ledger matches the broker's books.
    """
    require_no_folder(to_file)
    require_no_folder(to_log, "--log")
    window, configured = window_of(start, end), load_strategies(config)
    file = file_of(configured, window, ticks, symbol, bars, timezone, bar_time)
    run_live = comparison.read_run(against) if against is not None else None
    began_s = time.monotonic()
    fills = {
        "capital": capital, "margin": margin, "latency_ms": latency_ms, "slippage": slippage,
        "commission": commission, "queue": queue, "partial_fills": partial_fills, "at_end": at_end,
    }  # fmt: skip
    loaded = with_parameters(configured, strategy or [], param or [])
    arguments = arguments_of(step_ms, benchmark, full)
    if against is not None:
        arguments["check"] = partial(
            comparable.require, against, launch.read(against), file, window
        )
    outcome = run(
        file, window, with_fills(loaded, fills), strategy or [], say=note, **arguments
    )  # fmt: skip
    note(_speed(outcome, time.monotonic() - began_s))
    found = report(outcome)
    pairs: list[comparison.Pair] = []
    if run_live is not None:
        shift_ns = outcome.scan.first_ns - run_live.market_ns
        pairs = comparison.compare(run_live.fills, outcome.results.fills, shift_ns)
        found["comparison"] = comparison.as_json(pairs, str(against), shift_ns)
    if to_log is not None:
        logbook.write(outcome.log, to_log)
        note(f"log: {to_log}, {counted(len(outcome.log), 'line')}")
    if to_file is not None:
        write(page(outcome, f"Back-test of {file.path.name}"), to_file)
        note(f"report: {to_file}")
    if as_json:
        print(json.dumps(found))
    else:
        out.print(tables.shown(outcome))
        if run_live is not None:
            out.print(tables.differences(pairs))
    raise typer.Exit(EXIT_FAILED if outcome.figures["faults"] else 0)


def arguments_of(step_ms: int, benchmark: str, full: bool) -> dict[str, Any]:
    """What `run` takes beside the file, the configuration and the strategies."""
    return {"step_ns": step_ms * 1_000_000, "benchmark": benchmark, "full": full}


def file_of(
    config: Config,
    window: Window,
    ticks: Path | None,
    symbols: list[str] | None,
    bars: str,
    timezone: str,
    bar_time: BarTime,
) -> TickFile:
    """The file of ticks; what is recorded where none is named."""
    if ticks is None:
        return recorded(config, symbols, window, bars)
    if bars:
        raise ConfigError("--bars is for what is recorded; leave it away with --ticks")
    return tick_file(ticks, symbol=only(symbols), timezone=timezone, bar_time=bar_time)


def window_of(start: str | None, end: str | None) -> Window:
    """The part of the file that is run."""
    return Window.between(start, end, ("--from", "--to"))


def require_no_folder(file: Path | None, option: str = "--report") -> None:
    """Refuse a folder as the name of a file to be written."""
    if file is not None and file.is_dir():
        raise ConfigError(f"{option} {file} is a folder; expected the name of a file")


def _speed(outcome: Outcome, seconds: float) -> str:
    published: int = outcome.figures["ticks_published"]
    return f"{published:,} ticks in {seconds:.1f} s, {published / max(seconds, 1e-9):,.0f} ticks/s"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(backtest)
