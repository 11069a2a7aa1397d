"""`simulator`: a TWS for any client, as `python -m tapewire.simulator` is."""

from typing import Any, Final

import typer

from tapewire.simulator import __main__ as alone

COMMAND: Final = "tapewire simulator"
AS_IT_IS: Final[dict[str, Any]] = {"allow_extra_args": True, "ignore_unknown_options": True}


def simulator(context: typer.Context) -> None:
    """Serve a simulated TWS on a port, until Ctrl-C. It needs no configuration."""
    alone.main(context.args, COMMAND)


def register(app: typer.Typer) -> None:
    """Add the command; its options are those of the simulator's own parser."""
    options = alone.parser(COMMAND).format_help().partition("exit\n")[2]  # behind that of -h
    app.command(context_settings=AS_IT_IS, epilog=f"\b\n{options}")(simulator)
