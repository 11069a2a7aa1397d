"""`init`: a folder to start from."""

from pathlib import Path
from typing import Annotated

import typer

from tapewire.console import starting


def init(
    folder: Annotated[Path, typer.Argument(help="the folder; it is made if it is not there")] = (
        Path()
    ),
) -> None:
    """Make a folder with a configuration, a strategy and a test of it. Overwrites nothing."""
    starting.make(folder)
    print(f"made in {folder.resolve()}:")
    width = max(map(len, starting.FILES))
    for name, purpose in starting.FILES.items():
        print(f"  {name:<{width}}  {purpose}")
    into = "" if folder.resolve() == Path.cwd() else f"cd {folder} && "
    print(f"try it on a made-up market, until Ctrl-C: {into}tapewire run")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(init)
