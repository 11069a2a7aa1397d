"""`logs`: what the processes wrote, as a person reads it."""

import json
import time
from typing import Annotated, Final, Literal

import typer

from tapewire.common.errors import ConfigError
from tapewire.console.commands.common import (
    ConfigOption,
    JsonOption,
    RunDirOption,
    line,
    load_started,
    printing,
    require_starts,
)
from tapewire.console.records import logs as records
from tapewire.console.records.log_entries import Entry, is_at_least

LAST: Final = 50
LINES_MAX: Final = 100_000
POLL_S: Final = 0.2

Level = Literal["debug", "info", "warning", "error"]


def logs(
    processes: Annotated[
        list[str] | None,
        typer.Argument(metavar="PROCESS", help="start of a process's name: strategy, gateway, ..."),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on until Ctrl-C")] = False,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, max=LINES_MAX, help="entries to begin with")
    ] = LAST,
    level: Annotated[Level, typer.Option(help="entries of this level and graver ones")] = "debug",
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the last log entries, of all processes or those named, in order of time.

    Tracebacks are unfolded. Times are in UTC; supervisord's own entries are among them.
    """
    folder = load_started(config, run_dir).run_dir / "logs"
    known = records.processes(folder)
    if not known:
        raise ConfigError(f"no logs in {folder}; `tapewire up` starts a group, which writes them")
    require_starts("PROCESS", processes, known)
    named = [name for name in known if name.startswith(tuple(processes or ("",)))]
    following = records.Following(folder, named if processes else ())
    try:
        with printing():
            shown = records.last(folder, named, lines, level)
            for entry in shown:
                _show(entry, as_json)
            while follow:
                for entry in following.news():
                    # what came while the last entries were read is among both
                    if is_at_least(entry, level) and entry not in shown:
                        _show(entry, as_json)
                shown = []
                time.sleep(POLL_S)
    finally:
        following.close()


def _show(entry: Entry, as_json: bool) -> None:
    if as_json:
        line(json.dumps(entry._asdict()))
        return
    for shown in entry.lines():
        line(shown)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(logs)
