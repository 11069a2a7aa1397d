"""The data commands about the past: bars and ticks, as lines or in a file."""

import time
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tapewire.common.amounts import counted, text
from tapewire.common.errors import ConfigError
from tapewire.common.events import HistoryBar, HistoryQuery, HistoryTick, Query, TicksQuery
from tapewire.common.events.queries import Show, TickShow
from tapewire.console.commands import data_download, data_queries
from tapewire.console.commands.common import (
    ConfigOption,
    GatewayOption,
    JsonOption,
    RunDirOption,
    note,
    printing,
)

SymbolArgument = Annotated[str, typer.Argument(help="AAPL, EUR.USD, or an OCC name of an option")]
FromOption = Annotated[
    str | None, typer.Option("--from", help="begin at TIME (UTC), or a span back: -3h, -30d")
]
UntilOption = Annotated[str | None, typer.Option("--until", help="end at TIME; now without it")]
FileOption = Annotated[
    Path | None, typer.Option("--to", "-o", help="write to this file, .csv or .parquet")
]
TimeoutOption = Annotated[
    float, typer.Option(min=0.1, max=600, help="seconds to wait for each part of the answer")
]
RegularOption = Annotated[bool, typer.Option("--regular-hours", help="only of the regular session")]
BAR_AMOUNTS: Final = ("open", "high", "low", "close", "volume", "average")
BAR_SHOWN: Final = BAR_AMOUNTS[:-1]
TICK_AMOUNTS: Final = ("price", "size", "bid", "ask", "bid_size", "ask_size")
EXIT_STOPPED: Final = 130


def history(
    symbol: SymbolArgument,
    bars: Annotated[
        str, typer.Option(help="bar size, as TWS writes it: 1 min, 5 mins, ...")
    ] = "1 min",
    back: Annotated[str, typer.Option(help="how far back: 3600 S, 2 D, 1 Y, ...")] = "1 D",
    since: FromOption = None,
    until: UntilOption = None,
    show: Annotated[Show, typer.Option(help="what the bars show")] = "TRADES",
    regular_hours: RegularOption = False,
    to: FileOption = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="keep them with what is recorded; asks for the rest only")
    ] = False,
    timeout: TimeoutOption = 60,
    gateway: GatewayOption = "",
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bars of the past, the oldest first: one line each, a file, or kept."""
    start_ns, end_ns = _span(since, until)
    query = HistoryQuery(
        "-", symbol, bars, back, end_ns, show, regular_hours, int(timeout * 1000), start_ns
    )
    if keep and to is not None:
        raise ConfigError("--keep and --to are two places for the same bars; name one of them")
    if keep:
        data_download.download(query, gateway, config, run_dir, as_json=as_json)
        return
    found = _rows(query, "bars", to, (gateway, config, run_dir))
    _give(found, to, f"bar of {symbol}", (*BAR_AMOUNTS, "count"), BAR_SHOWN, json_lines=as_json)


def ticks(
    symbol: SymbolArgument,
    since: FromOption = None,
    until: UntilOption = None,
    show: Annotated[TickShow, typer.Option(help="what the ticks are")] = "TRADES",
    regular_hours: RegularOption = False,
    to: FileOption = None,
    timeout: TimeoutOption = 60,
    gateway: GatewayOption = "",
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ticks of the past, the oldest first: all since `--from`, or without it the last thousand."""
    start_ns, end_ns = _span(since, until)
    if start_ns and not end_ns:
        end_ns = time.time_ns()
    query = TicksQuery(
        "-", symbol, start_ns, end_ns, show=show, regular_hours=regular_hours,
        timeout_ms=int(timeout * 1000),
    )  # fmt: skip
    found = _rows(query, "ticks", to, (gateway, config, run_dir))
    _give(found, to, f"tick of {symbol}", TICK_AMOUNTS, TICK_AMOUNTS, json_lines=as_json)


Group = tuple[str, str | None, Path | None]


def _span(since: str | None, until: str | None) -> tuple[int, int]:
    """When it begins and ends; 0 for what is not said."""
    from tapewire.console.views import times

    now_ns = time.time_ns()
    start_ns = times.parse("--from", since, now_ns) or 0
    return start_ns, times.parse("--until", until, now_ns) or 0


def _rows(query: Query, noun: str, to: Path | None, group: Group) -> "Found":
    """The rows that have come, and why they are not all. Without a file a part of them is of no
    use, so what is missing is an error."""
    from tapewire.console.group.questions import QueryRefused

    if to is not None and to.suffix not in (".csv", ".parquet"):
        raise ConfigError(f"--to {to}: expected a name that ends in .csv or .parquet")
    answer = data_queries.answer(query, noun, *group)
    rows = [row for page in answer.pages for row in page.rows]
    if answer.reason and (to is None or not rows):
        raise QueryRefused(answer.reason)
    return Found(rows, answer.reason, answer.up_to_ns)


class Found:
    """Rows, and where they are not all the reason and up to when they are."""

    def __init__(self, rows: Sequence[Any], reason: str = "", up_to_ns: int = 0) -> None:
        self.rows, self.reason, self.up_to_ns = rows, reason, up_to_ns


def _give(
    found: Found,
    to: Path | None,
    noun: str,
    columns: Sequence[str],
    shown: Sequence[str],
    *,
    json_lines: bool,
) -> None:
    """Write the rows to a file, or print them."""
    from tapewire.console.records.export import iso_ns

    if to is not None:
        _write(to, found.rows, columns)
        note(f"wrote {_counted(len(found.rows), noun)} to {to}")
        if found.reason:
            note(f"{found.reason}; the file has all of them before {iso_ns(found.up_to_ns)[:19]}Z")
            raise typer.Exit(EXIT_STOPPED if found.reason == "stopped" else 1)
        return
    with printing():
        for row in found.rows:
            if json_lines:
                print(data_queries.as_json(row))
            else:
                known = (getattr(row, name) for name in shown)
                numbers = digits(value for value in known if value is not None)
                print(f"{iso_ns(row.ts_ns)[:19]}Z {numbers}")


def _counted(number: int, noun: str) -> str:
    """`2,000 bars of AAPL`."""
    kind, _, rest = noun.partition(" ")
    return f"{counted(number, kind)} {rest}"


def _write(path: Path, rows: Iterable[HistoryBar | HistoryTick], names: Sequence[str]) -> None:
    from tapewire.console.records import export
    from tapewire.console.records.ledger import Column

    columns = [
        Column("time", "time"),
        *(Column(name, "count" if name == "count" else "amount") for name in names),
    ]
    plain = ({"time": row.ts_ns, **_values(row, names)} for row in rows)
    export.write(path, path.suffix[1:], columns, plain)


def _values(row: HistoryBar | HistoryTick, names: Sequence[str]) -> dict[str, Any]:
    """What export writes as plain digits."""
    found = {name: getattr(row, name) for name in names}
    return {
        name: decimal(value) if isinstance(value, float | int) and name != "count" else value
        for name, value in found.items()
    }


def digits(values: Iterable[float]) -> str:
    """Numbers as plain digits, all of them."""
    return " ".join(text(decimal(value)) for value in values)


def decimal(value: float) -> Decimal:
    """A float stands for its shortest text."""
    return Decimal(repr(value))
