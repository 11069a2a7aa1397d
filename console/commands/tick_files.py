"""Files of ticks as arguments of commands: how one is named, and how it is to be read."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tapewire.common.errors import ConfigError

if TYPE_CHECKING:
    from tapewire.common.ticks.file import TickFile

SymbolOption = Annotated[str, typer.Option(help="of a file that names none")]
TimezoneOption = Annotated[
    str, typer.Option(help="zone of the file's times that name none, such as America/New_York")
]
BarTimeOption = Annotated[
    Literal["start", "end"], typer.Option("--bar-time", help="which end of a bar its time is")
]
FILE_HELP = "CSV or Parquet of ticks or bars, .csv.gz too"


def tick_file(
    path: Path,
    option: str = "--ticks ",
    *,
    symbol: str = "",
    timezone: str = "",
    bar_time: Literal["start", "end"] = "start",
) -> "TickFile":
    """The file of ticks; raises `ConfigError` if there is none, ValueError if it is broken."""
    from tapewire.common.ticks.file import TickFile

    if path.is_dir():
        raise ConfigError(f"{option}{path} is a folder; expected a CSV of ticks")
    if not path.is_file():
        raise ConfigError(f"{option}{path}: no such file; expected a CSV of ticks")
    file = TickFile(path, symbol, timezone=timezone, bar_time=bar_time)
    if symbol and file.only_symbol is None:
        raise ConfigError(
            f"--symbol is {symbol}, but {path} names the symbol of each row; leave --symbol away"
        )
    return file
