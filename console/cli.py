"""`tapewire`: start, watch, steer and try the group."""

import sys
from typing import NoReturn

import typer
from pydantic import ValidationError
from typer.exceptions import TyperException

from common import faults
from common.config import ConfigError
from common.journal import JournalError
from console.commands import (
    backtest,
    demo,
    doctor,
    journals,
    lifecycle,
    scale,
    steer,
    tail,
    trading,
)
from console.commands.common import EXIT_FAILED, EXIT_USAGE, err
from console.control import NoAnswer
from console.group import GroupError

app = typer.Typer(add_completion=False, help=__doc__)
for kind in (lifecycle, scale, steer, trading, journals, tail, demo, backtest, doctor):
    kind.register(app)


def main() -> NoReturn:
    """Run the command line; what goes wrong is one sentence and an exit status."""
    try:
        status = app(sys.argv[1:] or ["--help"], prog_name="tapewire", standalone_mode=False)
        sys.exit(status)
    except TyperException as error:
        _say(_misused(error))
        sys.exit(EXIT_USAGE)
    except (ConfigError, GroupError, NoAnswer, JournalError, ValueError, OSError) as error:
        _say(str(error))
        sys.exit(EXIT_USAGE if isinstance(error, ConfigError) else EXIT_FAILED)


def _say(sentence: str) -> None:
    err.print(f"tapewire: {sentence}", style="red", soft_wrap=True)


def _misused(error: TyperException) -> str:
    """What is wrong with the arguments, and where to read which there are."""
    said, cause, parameter = error.format_message(), error.__cause__, getattr(error, "param", None)
    if isinstance(cause, ValidationError) and parameter is not None:
        fault = cause.errors()[0]
        name = max(parameter.opts, key=len)
        name = name if name.startswith("-") else name.upper()
        said = f"{name} is {fault['input']!r}, must be {faults.wanted(fault)}"
    context = getattr(error, "ctx", None)
    return f"{said.rstrip('.')}; see `{context.command_path if context else 'tapewire'} --help`"


if __name__ == "__main__":
    main()
