"""`demo`: the whole group on a file of ticks."""

import json
import os
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from tapewire.common.config.settings import ConfigError
from tapewire.console import demo as demo_run
from tapewire.console.commands.common import (
    EXIT_FAILED,
    ConfigOption,
    JsonOption,
    as_on_ctrl_c,
    load,
    load_strategies,
    note,
)
from tapewire.console.commands.tick_files import FILE_HELP, tick_file
from tapewire.console.views import tables
from tapewire.console.views.terminal import out

SpeedOption = Annotated[str, typer.Option(help="times real time, or max")]
KeepOption = Annotated[bool, typer.Option("--keep", help="keep the run directory")]


def demo(
    ticks: Annotated[Path, typer.Option(help=FILE_HELP)],
    start: Annotated[str | None, typer.Option("--from", help="ISO time, UTC")] = None,
    seconds: Annotated[float, typer.Option(min=0, help="of real time; 0: to the file's end")] = 0,
    speed: SpeedOption = "1",
    keep: KeepOption = False,
    strategy: Annotated[list[str] | None, typer.Option(help="by name; may be repeated")] = None,
    chain: Annotated[
        str, typer.Option("--chain", help="trade spreads of the options on this symbol instead")
    ] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run the whole group on a file of ticks and print its figures.

    With --chain it reads the options on a symbol that are near the money, and trades vertical
    spreads of them as combo orders, in place of the configured strategies.

    Status 0 only without any discrepancy, also with the simulator's books.
    """
    if chain and strategy:
        raise ConfigError("--chain brings a strategy of its own; leave --strategy away")
    (load if chain else load_strategies)(config)
    named = os.environ.get("TAPEWIRE_RUN_DIR")
    with as_on_ctrl_c():
        found = demo_run.run(
            tick_file(ticks), start, seconds, speed_of(speed), note, keep, chain,
            strategies=strategy or (), run_dir=Path(named) if named else None,
        )  # fmt: skip
    show(found, as_json)


def show(found: dict[str, Any], as_json: bool) -> NoReturn:
    """Print a run's figures, and end with status 0 only without any discrepancy."""
    if as_json:
        print(json.dumps(found))
    else:
        out.print(tables.figures(found))
    raise typer.Exit(EXIT_FAILED if found["faults"] else 0)


def speed_of(text: str) -> float:
    """Market seconds per second; 0 for `max`, as fast as possible."""
    try:
        return 0.0 if text == "max" else float(text)
    except ValueError:
        raise ConfigError(f"--speed is {text!r}, must be a number or `max`") from None


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)
