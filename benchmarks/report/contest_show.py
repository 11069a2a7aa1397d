"""A contest's figures as a table."""

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tapewire.benchmarks.contest import where_of
from tapewire.benchmarks.report.goal_table import goal_table


def show(figures: dict[str, Any]) -> None:
    """Print all of it."""
    console = Console(markup=False)
    for run in figures["runs"]:
        console.print(_table(run))
    console.print(goal_table({figures["benchmark"]: figures}))
    for fault in figures["faults"]:
        console.print(fault, style="red")


def _table(run: dict[str, Any]) -> Table:
    table = Table(title=where_of(run), title_justify="left")
    for column in ("", "ticks/s", "Tapewire is times", "CPU ns per tick", "lost"):
        table.add_column(column, justify="right" if column else "left")
    for name, one in run["contenders"].items():
        if "skipped" in one:
            table.add_row(name, "-", "-", escape(one["skipped"]), "-")
            continue
        times = run["ratios"].get(name)
        cpu = ", ".join(f"{process} {ns}" for process, ns in one["cpu_ns_per_tick"].items())
        lost = str(one["sent"] - one["ticks"])
        table.add_row(name, f"{one['ticks_per_s']:,}", f"{times or '-'}", cpu, lost)
    return table
