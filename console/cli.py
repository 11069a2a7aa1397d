"""`tapewire`: start, watch, steer and try the group."""

import sys
from typing import NoReturn

import typer

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

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
for kind in (lifecycle, scale, steer, trading, journals, tail, demo, backtest, doctor):
    kind.register(app)


def main() -> NoReturn:
    """Run the command line; what goes wrong is one sentence and an exit status."""
    try:
        app(standalone_mode=True)
    except (ConfigError, GroupError, NoAnswer, JournalError, ValueError, OSError) as error:
        err.print(f"tapewire: {error}", style="red", highlight=False, markup=False, soft_wrap=True)
        sys.exit(EXIT_USAGE if isinstance(error, ConfigError) else EXIT_FAILED)
    sys.exit(0)


if __name__ == "__main__":
    main()
