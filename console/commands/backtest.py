"""`backtest`: the configured strategies on a file of ticks, on a virtual clock in one process."""

import json
import time
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from tapewire.backtest import compare as comparison
from tapewire.backtest.group import CASH
from tapewire.backtest.report import tables
from tapewire.backtest.report.as_json import report
from tapewire.backtest.report.page import page, write
from tapewire.backtest.run import Outcome, run
from tapewire.backtest.scan import Window
from tapewire.common.config.settings import ConfigError
from tapewire.console.commands.common import (
    EXIT_FAILED,
    ConfigOption,
    JsonOption,
    load,
    note,
    tick_file,
)
from tapewire.console.views.terminal import out
from tapewire.strategy.loading.overrides import with_parameters


def backtest(
    ticks: Annotated[Path, typer.Option(help="CSV of ticks, .gz too")],
    start: Annotated[str | None, typer.Option("--from", help="ISO time, UTC")] = None,
    end: Annotated[str | None, typer.Option("--to", help="ISO time, UTC, not included")] = None,
    strategy: Annotated[list[str] | None, typer.Option(help="by name; may be repeated")] = None,
    step_ms: Annotated[int, typer.Option(min=0, help="market data every N ms; 0: each row")] = 0,
    to_file: Annotated[
        Path | None, typer.Option("--report", help="write an HTML report to this file")
    ] = None,
    capital: Annotated[float | None, typer.Option(help="cash of each account at first")] = None,
    benchmark: Annotated[str, typer.Option(help="symbol of the file to compare with")] = "",
    param: Annotated[
        list[str] | None, typer.Option(help="a parameter, as NAME=VALUE; may be repeated")
    ] = None,
    against: Annotated[Path | None, typer.Option("--compare", help="a demo's run folder")] = None,
    full: Annotated[
        bool, typer.Option("--full", help="each row through a TWS and all processes")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run strategies, executor, risk and exchange on the file's own time; print the results.

    Status 0 only if nothing was lost or duplicated and the ledger matches the broker's books.
    """
    if to_file is not None and to_file.is_dir():
        raise ConfigError(f"--report {to_file} is a folder; expected the name of a file")
    file = tick_file(ticks)
    window = Window.between(start, end, ("--from", "--to"))
    run_live = comparison.read_run(against) if against is not None else None
    began_s = time.monotonic()
    outcome = run(
        file, window, with_parameters(load(config), strategy or [], param or []), strategy or [],
        step_ns=step_ms * 1_000_000, full=full, benchmark=benchmark, say=note,
        cash=CASH if capital is None else Decimal(str(capital)),
    )  # fmt: skip
    note(_speed(outcome, time.monotonic() - began_s))
    found = report(outcome)
    pairs: list[comparison.Pair] = []
    if run_live is not None:
        shift_ns = outcome.scan.first_ns - run_live.market_ns
        pairs = comparison.compare(run_live.fills, outcome.results.fills, shift_ns)
        found["comparison"] = comparison.as_json(pairs, str(against), shift_ns)
    if to_file is not None:
        write(page(outcome, f"Back-test of {ticks.name}"), to_file)
        note(f"report: {to_file}")
    if as_json:
        print(json.dumps(found))
    else:
        out.print(tables.shown(outcome))
        if run_live is not None:
            out.print(tables.differences(pairs))
    raise typer.Exit(EXIT_FAILED if outcome.figures["faults"] else 0)


def _speed(outcome: Outcome, seconds: float) -> str:
    published: int = outcome.figures["ticks_published"]
    return f"{published:,} ticks in {seconds:.1f} s, {published / max(seconds, 1e-9):,.0f} ticks/s"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(backtest)
