"""`backtest`: the configured strategies on a file of ticks, on a virtual clock in one process."""

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from tapewire.backtest import comparable, logbook
from tapewire.backtest import compare as comparison
from tapewire.backtest.arguments import with_fills
from tapewire.backtest.report import tables
from tapewire.backtest.report.as_json import report
from tapewire.backtest.report.html import write
from tapewire.backtest.report.page import page
from tapewire.backtest.run import Outcome, run
from tapewire.backtest.scan import Scan, Window
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
ByNameOption = Annotated[list[str] | None, typer.Option(help="by name; may be repeated")]
ParamOption = Annotated[
    list[str] | None, typer.Option(help="a parameter, as NAME=VALUE; may be repeated")
]
LogOption = Annotated[
    Path | None, typer.Option("--log", help="write the strategies' own logs to this file")
]
CompareOption = Annotated[Path | None, typer.Option("--compare", help="a demo's run folder")]
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
    strategy: ByNameOption = None,
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
    param: ParamOption = None,
    to_log: LogOption = None,
    against: CompareOption = None,
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
    live = Live.read(against) if against is not None else None
    fills = {
        "capital": capital, "margin": margin, "latency_ms": latency_ms, "slippage": slippage,
        "commission": commission, "queue": queue, "partial_fills": partial_fills, "at_end": at_end,
    }  # fmt: skip
    loaded = with_fills(with_parameters(configured, strategy or [], param or []), fills)
    arguments = arguments_of(step_ms, benchmark, full)
    if live is not None:
        arguments["check"] = partial(live.require_alike, file, window)
    outcome = _timed(lambda: run(file, window, loaded, strategy or [], say=note, **arguments))
    _write(outcome, file, to_file, to_log)
    _show(outcome, live, as_json=as_json)
    raise typer.Exit(EXIT_FAILED if outcome.figures["faults"] else 0)


class Live(NamedTuple):
    """The demo that a back-test is compared with."""

    run_dir: Path
    run: comparison.LiveRun

    @classmethod
    def read(cls, run_dir: Path) -> "Live":
        """A demo by its run directory; raises `ConfigError` if it cannot be read."""
        return cls(run_dir, comparison.read_run(run_dir))

    def require_alike(self, file: TickFile, window: Window, here: Config, scan: Scan) -> None:
        """Raise `ConfigError` unless the back-test that is to run can be compared with it."""
        comparable.require(self.run_dir, launch.read(self.run_dir), file, window, here, scan)

    def shift_ns(self, outcome: Outcome) -> int:
        """What the demo's times are shifted by."""
        return outcome.scan.first_ns - self.run.market_ns

    def pairs(self, outcome: Outcome) -> list[comparison.Pair]:
        """The orders of both, paired."""
        return comparison.compare(self.run.fills, outcome.results.fills, self.shift_ns(outcome))


def _timed(run_it: Callable[[], Outcome]) -> Outcome:
    """Run it, and say how fast it was."""
    began_s = time.monotonic()
    outcome = run_it()
    note(_speed(outcome, time.monotonic() - began_s))
    return outcome


def _write(outcome: Outcome, file: TickFile, to_file: Path | None, to_log: Path | None) -> None:
    """Write the files that were asked for, and say so."""
    if to_log is not None:
        logbook.write(outcome.log, to_log)
        note(f"log: {to_log}, {counted(len(outcome.log), 'line')}")
    if to_file is not None:
        write(page(outcome, f"Back-test of {file.path.name}"), to_file)
        note(f"report: {to_file}")


def _show(outcome: Outcome, live: Live | None, *, as_json: bool) -> None:
    """Print the figures and, where there is a demo to compare them with, the orders of both."""
    pairs = live.pairs(outcome) if live is not None else []
    if as_json:
        found = report(outcome)
        if live is not None:
            run_dir, shift_ns = str(live.run_dir), live.shift_ns(outcome)
            found["comparison"] = comparison.as_json(pairs, run_dir, shift_ns)
        print(json.dumps(found))
        return
    out.print(tables.shown(outcome))
    if live is not None:
        out.print(tables.differences(pairs))


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
