"""`query`: SQL over what was traded and recorded."""

import json
from typing import Annotated, Any

import typer

from tapewire.common import extras
from tapewire.console.commands.common import (
    ConfigOption,
    JsonOption,
    RunDirOption,
    load_started,
    note,
)


def query(
    sql: Annotated[str, typer.Argument(help="one SELECT over the views of docs/query.md")],
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="rows to print at most")] = 1000,
    timeout: Annotated[
        float, typer.Option(min=0.1, max=3600, help="seconds that the query may take")
    ] = 30,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask in SQL, over positions, orders, fills, trips, pnl, equity, events, ticks and more.

    The answer says up to which event of each journal it is true. Nothing can be changed.
    """
    for module in ("duckdb", "pyarrow"):
        extras.require("tapewire query", module, "data")
    from tapewire.console.records import query as queries
    from tapewire.console.views import answer

    found = queries.ask(load_started(config, run_dir), sql, limit, timeout)
    for fault in found.faults:
        note(fault)
    if as_json:
        whole: dict[str, Any] = {
            "columns": found.columns, "rows": queries.listed(found), "is_cut": found.is_cut,
            "as_of": found.as_of,
        }  # fmt: skip
        print(json.dumps(whole))
        return
    answer.show(found.columns, [[queries.plain(value) for value in row] for row in found.rows])
    if found.is_cut:
        note(f"only the first {limit:,} rows; --limit prints more")
    if found.as_of:
        note("as of " + ", ".join(f"{source} {seq:,}" for source, seq in found.as_of.items()))


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(query)
