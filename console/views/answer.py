"""The rows of an answer whose columns nobody knows beforehand, such as those of a query."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from tapewire.console.views.terminal import out

UNBOUNDED: Final = 1_000_000
"""More characters than any row has."""


def show(columns: Sequence[str], rows: Sequence[Sequence[object]], console: Console = out) -> None:
    """Print rows as a table of which no cell is cut or goes over several lines: a number without
    its end is another number. A terminal that is too narrow for it gets one record below the other;
    what is not a terminal has no width."""
    cells = [["" if value is None else str(value) for value in row] for row in rows]
    table = _table(columns, cells)
    wide = console.options.update(max_width=UNBOUNDED)
    needed = console.measure(table, options=wide).maximum
    if needed <= console.width:
        console.print(table)
    elif console.is_terminal:
        console.print(_records(columns, cells), end="")
    else:
        for line in console.render_lines(table, wide.update(width=needed), pad=False):
            print("".join(segment.text for segment in line).rstrip(), file=console.file)


def _table(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> RenderableType:
    table = Table(box=None)
    for name in columns:
        table.add_column(Text(name), overflow="fold")
    for row in cells:
        table.add_row(*map(Text, row))
    return table


def _records(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> RenderableType:
    """Each value behind the name of its column; only a value longer than a line is folded."""
    table = Table.grid(padding=(0, 2))
    table.add_column(overflow="fold", style="bold")
    table.add_column(overflow="fold")
    for number, row in enumerate(cells, 1):
        table.add_row(f"row {number:,}", "", style="dim")
        for name, value in zip(columns, row, strict=True):
            table.add_row(Text(name), Text(value))
    return table
