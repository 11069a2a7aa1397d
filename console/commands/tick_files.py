"""Files of ticks as arguments of commands: how one is named, and how it is to be read."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tapewire.common import extras
from tapewire.common.errors import ConfigError
from tapewire.console.commands.common import require_known

if TYPE_CHECKING:
    from tapewire.backtest.scan import Window
    from tapewire.common.config.settings import Config
    from tapewire.common.ticks.file import TickFile
    from tapewire.common.ticks.memory import InColumns
    from tapewire.recorder.folder import Folder

SymbolOption = Annotated[str, typer.Option(help="of a file that names none")]
TimezoneOption = Annotated[
    str, typer.Option(help="zone of the file's times that name none, such as America/New_York")
]
BarTimeOption = Annotated[
    Literal["start", "end"], typer.Option("--bar-time", help="which end of a bar its time is")
]
SymbolsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--symbol", help="of a file that names none; without a file, what to read of what is"
        " recorded, and may be repeated",
    ),
]  # fmt: skip
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


def only(symbols: list[str] | None) -> str:
    """The one symbol of a file; empty where none is given."""
    if symbols and len(symbols) > 1:
        raise ConfigError("--symbol is there twice; a file that names no symbols is of one")
    return symbols[0] if symbols else ""


def recorded(
    config: "Config", symbols: list[str] | None, window: "Window", bars: str = ""
) -> "TickFile":
    """What is recorded of some symbols (all of them where none is named) within a window, in place
    of a file; with `bars`, the downloaded ones of that size. Raises `ConfigError` where that is
    nothing."""
    extras.require("recorded ticks", "pyarrow", "data")
    from tapewire.common.ticks.file import TickFile
    from tapewire.recorder.folder import Folder

    folder = Folder(config.recorded().absolute())
    found = _bars(folder, bars, symbols, window) if bars else _ticks(folder, symbols, window)
    if not len(found.table()):
        raise ConfigError(
            f"nothing is recorded of that time in {folder.path}; `tapewire data list` shows what"
            " is, and --ticks names a file"
        )
    return TickFile(found)


def _ticks(folder: "Folder", symbols: list[str] | None, window: "Window") -> "InColumns":
    from tapewire.common.ticks.memory import InColumns
    from tapewire.recorder.columns import table_of_store
    from tapewire.recorder.store import Store

    store = Store(folder)
    wanted = _known(symbols, store.symbols())
    table = table_of_store(store, wanted, window.from_ns, window.to_ns)
    return InColumns("what is recorded", lambda: table)


def _bars(folder: "Folder", size: str, symbols: list[str] | None, window: "Window") -> "InColumns":
    from tapewire.common.ticks import ohlc
    from tapewire.common.ticks.memory import InColumns
    from tapewire.recorder.bars import symbols_of
    from tapewire.recorder.columns import table_of_bars

    kinds = symbols_of(folder, " ".join(size.split()))
    if not kinds:
        raise ConfigError(
            f"--bars is {size!r:.40}: there are no such bars in {folder.path}; `tapewire data"
            " history --keep` downloads them"
        )
    wanted = {symbol: kinds[symbol] for symbol in _known(symbols, [*kinds])}
    table = table_of_bars(folder, wanted, window.from_ns, window.to_ns)
    return InColumns("what is recorded", lambda: table, [ohlc.NOTE])


def _known(symbols: list[str] | None, known: list[str]) -> list[str]:
    for symbol in symbols or ():
        require_known("--symbol", symbol, known)
    return symbols or known
