"""What the commands of `data` share: how they ask, and how they print the rows of an answer."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tapewire.common.amounts import text
from tapewire.common.events import Query
from tapewire.console.commands.common import gateway_role, line, printing, running

if TYPE_CHECKING:
    from tapewire.console.group.questions import Answer


def asked(query: Query, gateway: str, config: str | None, run_dir: Path | None) -> list[Any]:
    """The rows of a gateway's answer."""
    return [row for page in pages(query, gateway, config, run_dir) for row in page.rows]


def pages(query: Query, gateway: str, config: str | None, run_dir: Path | None) -> list[Any]:
    """The pages of a gateway's answer."""
    from tapewire.console.group import questions

    group = running(config, run_dir)
    named = msgspec.structs.replace(query, id=questions.new_id())
    return questions.pages(group, gateway_role(group.logins, gateway), named)


def answer(
    query: Query, noun: str, gateway: str, config: str | None, run_dir: Path | None
) -> "Answer":
    """What comes of a query whose answer may take long, with a line on a terminal that says how far
    it is; `noun` is what its rows are."""
    from tapewire.console.group import questions
    from tapewire.console.views.progress import ProgressLine

    group = running(config, run_dir)
    named = msgspec.structs.replace(query, id=questions.new_id())
    with ProgressLine(noun) as shown:
        return questions.ask(group, gateway_role(group.logins, gateway), named, shown.show)


def as_json(row: Any) -> str:
    """A row as a JSON object; amounts of money are text."""
    found = msgspec.structs.asdict(row)
    return json.dumps(msgspec.to_builtins(found))


def show(rows: Sequence[Any], columns: Sequence[str], nothing: str, *, json_lines: bool) -> None:
    """Print rows: one JSON object each, or a table of those `columns`, of which those that end in
    `>` stand to the right. `nothing` says that there are none."""
    with printing():
        if json_lines:
            for row in rows:
                line(as_json(row))
            return
        if not rows:
            line(nothing)
            return
        names = [name.rstrip(">") for name in columns]
        cells = [names, *([_cell(getattr(row, name)) for name in names] for row in rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        for row in cells:
            shown = (_aligned(*one) for one in zip(row, columns, widths, strict=True))
            line(" ".join(shown).rstrip())


def _aligned(cell: str, column: str, width: int) -> str:
    """A cell in its column. Nothing is cut: a number without its end is another number."""
    return cell.rjust(width) if column.endswith(">") else cell.ljust(width)


def _cell(value: Any) -> str:
    if value is None or value == "":
        return "-"
    return value if isinstance(value, str) else text(value)
