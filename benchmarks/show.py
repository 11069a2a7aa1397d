"""The latency benchmark's figures as tables."""

from typing import Any, Final

from rich.console import Console
from rich.table import Table

COLUMNS: Final = ("p50", "p99", "p999", "max")


def show(figures: dict[str, Any]) -> None:
    """Print all of it."""
    console = Console()
    for one in figures["rates"]:
        console.print(_latencies(one))
        console.print(", ".join(f"{name} {count}" for name, count in one["counts"].items()))
        console.print()
    console.print(_goals(figures["goals"]))
    console.print(f"reading the clock: {figures['clock_ns']} ns")
    for fault in figures["faults"]:
        console.print(f"[red]{fault}[/red]")


def _latencies(one: dict[str, Any]) -> Table:
    table = Table(title=f"{one['rate_per_s']} ticks/s, microseconds", title_justify="left")
    table.add_column("")
    for column in (*COLUMNS, "count"):
        table.add_column(column, justify="right")
    for owner in ("group", "bare"):
        for name, summary in one[f"{owner}_us"].items():
            _add(table, f"{owner}: {name}", summary)
        table.add_section()
    _add(table, "load: late with a write", one["load_late_us"])
    return table


def _add(table: Table, name: str, summary: dict[str, float | None]) -> None:
    cells = ["-" if summary[c] is None else f"{summary[c]:.0f}" for c in (*COLUMNS, "count")]
    table.add_row(name, *cells)


def _goals(goals: list[dict[str, Any]]) -> Table:
    table = Table(title="times the bare chain", title_justify="left")
    for column in ("ticks/s", "", "found", "at most", ""):
        table.add_column(column)
    for goal in goals:
        met = "[green]met[/green]" if goal["met"] else "[red]missed[/red]"
        found = "-" if goal["found"] is None else str(goal["found"])
        table.add_row(str(goal["rate_per_s"]), goal["name"], found, f"{goal['goal_max']}", met)
    return table
