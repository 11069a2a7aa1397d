"""The latency benchmark's figures as tables."""

from typing import Any, Final

from rich.console import Console
from rich.table import Table

from tapewire.benchmarks.report.goal_table import goal_table

COLUMNS: Final = ("p50", "p99", "p999", "max")


def show(figures: dict[str, Any]) -> None:
    """Print all of it."""
    console = Console(markup=False)
    for one in figures["rates"]:
        console.print(_latencies(one))
        growth = {name: us and round(us) for name, us in one["growth_us"].items()}
        for line in (growth, one["counts"]):
            console.print(", ".join(f"{name} {value}" for name, value in line.items()))
        console.print()
    console.print(goal_table({figures["benchmark"]: figures}))
    console.print(f"reading the clock: {figures['clock_ns']} ns")
    for fault in figures["faults"]:
        console.print(fault, style="red")


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
