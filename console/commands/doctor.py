"""`doctor`: checks of everything that trading needs."""

import json
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from tapewire.console.commands.common import EXIT_FAILED, ConfigOption, JsonOption
from tapewire.console.doctor import Finding, examine
from tapewire.console.doctor.broker import TIMEOUT_S
from tapewire.console.views.terminal import out

MARKS = {True: ("ok", "green"), False: ("FAIL", "red"), None: ("?", "yellow")}


def doctor(
    timeout: Annotated[
        float, typer.Option(min=0.1, max=600, help="seconds each check waits for TWS")
    ] = (TIMEOUT_S),
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check configuration, machine and TWS, and say what to do. Status 1 if a check fails.

    It places no order. A `?` marks a check that was skipped or has no clear result.
    """
    findings = examine(config, timeout)
    if as_json:
        print(json.dumps([finding._asdict() for finding in findings]))
    else:
        out.print(_table(findings))
    raise typer.Exit(EXIT_FAILED if any(f.ok is False for f in findings) else 0)


def _table(findings: list[Finding]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for _ in ("mark", "check"):
        table.add_column()
    table.add_column(overflow="fold")  # a path must stay whole to be copied
    for finding in findings:
        mark, colour = MARKS[finding.ok]
        found = Text(finding.found)
        if finding.advice:
            found.append(f"\n-> {finding.advice}", style="bold")
        table.add_row(Text(mark, style=colour), finding.check, found)
    return table


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)
