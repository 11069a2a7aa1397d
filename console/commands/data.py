"""`data`: history, option chains, accounts and scans, from the gateway and its broker."""

import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from tapewire.common.amounts import counted, text
from tapewire.common.errors import ConfigError
from tapewire.common.events import ChainQuery, HistoryBar, HistoryQuery, OptionChain
from tapewire.common.events.queries import Show
from tapewire.console.commands import data_accounts, data_queries, data_scan
from tapewire.console.commands.common import (
    ConfigOption,
    GatewayOption,
    JsonOption,
    RunDirOption,
    line,
    note,
    printing,
)

SymbolArgument = Annotated[str, typer.Argument(help="AAPL, EUR.USD, or an OCC name of an option")]
AMOUNTS: Final = ("open", "high", "low", "close", "volume", "average")

data = typer.Typer(
    help="Ask the broker about history, options, accounts and scans.", rich_markup_mode=None
)


@data.command("history")
def history(
    symbol: SymbolArgument,
    bars: Annotated[
        str, typer.Option(help="bar size, as TWS writes it: 1 min, 5 mins, ...")
    ] = "1 min",
    back: Annotated[str, typer.Option(help="how far back: 3600 S, 2 D, 1 W, ...")] = "1 D",
    show: Annotated[Show, typer.Option(help="what the bars show")] = "TRADES",
    regular_hours: Annotated[
        bool, typer.Option("--regular-hours", help="only of the regular session")
    ] = False,
    to: Annotated[
        Path | None, typer.Option("--to", "-o", help="write to this file, .csv or .parquet")
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.1, max=600, help="seconds to wait")] = 60,
    gateway: GatewayOption = "",
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bars of the past, the oldest first: one line each, or a file."""
    if to is not None and to.suffix not in (".csv", ".parquet"):
        raise ConfigError(f"--to {to}: expected a name that ends in .csv or .parquet")
    query = HistoryQuery(
        "-", symbol, bars, back, show=show, regular_hours=regular_hours,
        timeout_ms=int(timeout * 1000),
    )  # fmt: skip
    found: list[HistoryBar] = data_queries.asked(query, gateway, config, run_dir)
    if to is not None:
        _write(to, found)
        note(f"wrote {counted(len(found), 'bar')} of {symbol} to {to}")
        return
    from tapewire.console.records.export import iso_ns

    with printing():
        for bar in found:
            if as_json:
                print(json.dumps(msgspec.structs.asdict(bar)))
            else:
                known = (bar.open, bar.high, bar.low, bar.close, bar.volume)
                numbers = _digits(value for value in known if value is not None)
                print(f"{iso_ns(bar.ts_ns)[:19]}Z {numbers}")


@data.command("chain")
def chain(
    symbol: SymbolArgument,
    gateway: GatewayOption = "",
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Expiries and strikes of the options on a symbol, by class and exchange."""
    found: list[OptionChain] = data_queries.asked(ChainQuery("-", symbol), gateway, config, run_dir)
    for one in found:
        if as_json:
            line(json.dumps(msgspec.structs.asdict(one)))
        else:
            line(f"{one.trading_class} at {one.exchange}, multiplier {one.multiplier}")
            line(f"  expiries {' '.join(one.expiries)}")
            line(f"  strikes {_digits(one.strikes)}")
    if not found:
        (note if as_json else line)(f"there are no options on {symbol}")


def _write(path: Path, bars: Iterable[HistoryBar]) -> None:
    from tapewire.console.records import export
    from tapewire.console.records.ledger import Column

    columns = [
        Column("time", "time"),
        *(Column(name, "amount") for name in AMOUNTS),
        Column("count", "count"),
    ]
    rows = ({"time": bar.ts_ns, "count": bar.count, **_amounts(bar)} for bar in bars)
    export.write(path, path.suffix[1:], columns, rows)


def _amounts(bar: HistoryBar) -> dict[str, Decimal | None]:
    """What export writes as plain digits."""
    found = {name: getattr(bar, name) for name in AMOUNTS}
    return {name: None if value is None else _decimal(value) for name, value in found.items()}


def _digits(values: Iterable[float]) -> str:
    """Numbers as plain digits, all of them."""
    return " ".join(text(_decimal(value)) for value in values)


def _decimal(value: float) -> Decimal:
    """A float stands for its shortest text."""
    return Decimal(repr(value))


def register(app: typer.Typer) -> None:
    """Add `data` to the command line."""
    for name, command in data_accounts.COMMANDS.items():
        data.command(name)(command)
    data.command("scan")(data_scan.scan)
    app.add_typer(data, name="data")
