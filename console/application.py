"""`tapewire`: start, watch, control and try the group."""

import copy
import importlib
import os
from typing import Annotated, Any, Final

import typer
from typer.exceptions import TyperException

from tapewire.common.errors import ConfigError

COMMANDS: Final = {
    "init": "init",
    "up": "lifecycle",
    "down": "lifecycle",
    "status": "lifecycle",
    "run": "lifecycle",
    "web": "web",
    "scale": "scale",
    "halt": "steer",
    "resume": "steer",
    "flatten": "steer",
    "fills": "trading",
    "positions": "trading",
    "blotter": "trading",
    "trace": "events",
    "reconcile": "reconcile",
    "tail": "tail",
    "watch": "watch",
    "query": "query",
    "logs": "logs",
    "demo": "demo",
    "backtest": "backtest",
    "sweep": "sweep",
    "simulator": "simulator",
    "doctor": "doctor",
    "events": "events",
    "risk": "risk",
    "ledger": "ledger",
    "data": "data",
    "orders": "orders",
    "journals": "journals",
    "keys": "keys",
    "mirror": "mirror",
    "dead-letters": "dead_letters",
    "notices": "notices",
}
"""Each command with the module of `tapewire.console.commands` that it is in; groups are the last.

Only the module of the command that was called is loaded: no command waits for another's charts.
"""


def application(asked: str | None = None) -> typer.Typer:
    """The command line with only the command `asked`; with all of them if that is not known."""
    app = typer.Typer(
        add_completion=True,
        help=__doc__,
        rich_markup_mode=None,  # help is plain text: `[[strategies]]` is not markup
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    names = [asked] if asked in COMMANDS else [*COMMANDS]
    for module in dict.fromkeys(COMMANDS[name] for name in names):
        importlib.import_module(f"tapewire.console.commands.{module}").register(app)
    app.registered_commands = [
        one for one in app.registered_commands if getattr(one.callback, "__name__", "") in names
    ]
    app.registered_groups = [one for one in app.registered_groups if one.name in names]
    return app


def _show_version(asked: bool) -> None:
    if asked:
        from importlib import metadata

        print(f"tapewire {metadata.version('tapewire')}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_show_version,
            is_eager=True,
            expose_value=False,
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    """`tapewire`: start, watch, control and try the group."""


def run(arguments: list[str]) -> int:
    """Run one command; returns its exit status. Wrong arguments raise `ConfigError`."""
    words = _begun() or arguments
    asked = next((word for word in words if not word.startswith("-")), None)
    command: Any = typer.main.get_command(application(asked))
    _take_version_everywhere(command, command.params[0])
    try:
        return command.main(arguments, prog_name="tapewire", standalone_mode=False) or 0
    except TyperException as error:
        raise ConfigError(_misused(error)) from error


def _begun() -> list[str]:
    """The words of the line that a shell wants completed; none where this is a command."""
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS") or ""
    return line.split()[1:] if "_TAPEWIRE_COMPLETE" in os.environ else []


def _take_version_everywhere(group: Any, option: Any) -> None:
    """`--version` after a command shows the version too; help lists it once, at the top."""
    hidden = copy.copy(option)
    hidden.hidden = True
    for command in group.commands.values():
        command.params.append(hidden)
        if hasattr(command, "commands"):
            _take_version_everywhere(command, option)


def _misused(error: TyperException) -> str:
    """What is wrong with the arguments, and where to look them up."""
    from pydantic import ValidationError

    from tapewire.common.config import faults

    text, cause, parameter = error.format_message(), error.__cause__, getattr(error, "param", None)
    if isinstance(cause, ValidationError) and parameter is not None:
        fault = cause.errors()[0]
        name = max(parameter.opts, key=len)
        name = name if name.startswith("-") else name.upper()
        given = repr(fault["input"])
        text = f"{name} is {given}, must be {faults.wanted(fault).removeprefix(f'{given} is not ')}"
    context = getattr(error, "ctx", None)
    return f"{text.rstrip('.')}; see `{context.command_path if context else 'tapewire'} --help`"
