"""Goals as a table: what was found, what it is held against, and whether it is met."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text


def goal_table(figures: Mapping[str, Mapping[str, Any]]) -> Table:
    """The table of the goals in each benchmark's figures."""
    table = Table(title="goals", title_justify="left")
    for column in ("benchmark", "what", "figure", "ratio", "goal", ""):
        is_number = column in ("figure", "ratio")
        table.add_column(column, justify="right" if is_number else "left", overflow="fold")
    for benchmark, one in figures.items():
        _add(table, one["goals"], benchmark)
    return table


def _add(table: Table, goals: Sequence[Mapping[str, Any]], benchmark: str) -> None:
    """A row a goal. A ratio stands beside the other's figure, anything else is the figure."""
    for goal in goals:
        is_ratio = goal["unit"] == "x"
        figure = _text(goal["figure"] if is_ratio else goal["found"], goal["figure_unit"])
        ratio = _text(goal["found"], "x") if is_ratio else ""
        name = f"{goal['rate_per_s']}/s: {goal['name']}" if "rate_per_s" in goal else goal["name"]
        table.add_row(benchmark, name, figure, ratio, _bound(goal), _met(goal["met"]))


def _bound(goal: Mapping[str, Any]) -> str:
    if goal.get("goal_min") is not None:
        return f"at least {_text(goal['goal_min'], goal['unit'])}"
    return "-" if goal["goal_max"] is None else f"at most {_text(goal['goal_max'], goal['unit'])}"


def _met(met: bool | None) -> Text:
    return {True: Text("met", "green"), False: Text("missed", "red"), None: Text()}[met]


def _text(number: float | None, unit: str) -> str:
    if number is None:
        return "-"
    whole = f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"
    return f"{whole}{'' if unit in ('', '/s', 'x') else ' '}{unit}"
