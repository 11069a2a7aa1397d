"""The data command about scans: the contracts at the top of a ranking of the broker's."""

import time
from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
import typer

from tapewire.common.errors import ConfigError
from tapewire.common.events.scans import RANKED_MAX, Scan, ScanQuery
from tapewire.console.commands import data_queries
from tapewire.console.commands.common import (
    ConfigOption,
    GatewayOption,
    JsonOption,
    RunDirOption,
    gateway_role,
    line,
    note,
    printing,
    running,
)

COLUMNS: Final = ("rank>", "symbol", "local_symbol", "sec_type", "exchange", "currency")
NOTHING: Final = "no contract passes"


def scan(
    code: Annotated[str, typer.Argument(help="TOP_PERC_GAIN, MOST_ACTIVE, ...")],
    instrument: Annotated[str, typer.Option(help="kind of instrument: STK, FUT.US, ...")] = "STK",
    location: Annotated[str, typer.Option(help="where it is traded")] = "STK.US.MAJOR",
    rows: Annotated[int, typer.Option(min=1, max=RANKED_MAX, help="contracts at most")] = 20,
    price_min: Annotated[float, typer.Option(min=0, help="lowest price")] = 0,
    price_max: Annotated[float, typer.Option(min=0, help="highest price")] = 0,
    volume_min: Annotated[int, typer.Option(min=0, help="traded today, at least")] = 0,
    watch: Annotated[bool, typer.Option("--watch", help="print each change until Ctrl-C")] = False,
    gateway: GatewayOption = "",
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """The first contracts of a ranking: those with the highest gain, the most volume, ..."""
    wanted = _checked(Scan(code, instrument, location, rows, price_min, price_max, volume_min))
    page = data_queries.pages(ScanQuery("-", wanted), gateway, config, run_dir)[-1]
    _show(page.rows, page.taken_ns, json_lines=as_json)
    if not watch:
        return
    from tapewire.console.group import scans

    group, shown = running(config, run_dir), page.rows
    with printing():
        for event in scans.follow(group, gateway_role(group.logins, gateway), wanted):
            if event.rows != shown:
                shown = event.rows
                _show(shown, event.ts_ns, json_lines=as_json)


def _show(rows: Sequence[Any], taken_ns: int, *, json_lines: bool) -> None:
    """Print a ranking with its age, which goes beside what a program reads."""
    age_s = max(0, time.time_ns() - taken_ns) // 1_000_000_000
    (note if json_lines else line)(f"as of {age_s} s ago")
    data_queries.show(rows, COLUMNS, NOTHING, json_lines=json_lines)


def _checked(scan: Scan) -> Scan:
    """The scan, as the gateway will read it."""
    try:
        return msgspec.convert(msgspec.to_builtins(scan), Scan)
    except msgspec.ValidationError as error:
        raise ConfigError(f"there is no such scan: {error}") from error
