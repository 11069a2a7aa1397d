"""A sweep on a terminal: the best runs, the spans of a walk-forward, what failed, what to think."""

from collections.abc import Iterable, Iterator
from typing import Final

from rich.console import Group as Rows
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from tapewire.backtest.report import summary
from tapewire.backtest.report.performance import Statistics
from tapewire.backtest.sweep import figures
from tapewire.backtest.sweep.grid import shown as combination
from tapewire.backtest.sweep.outcome import Outcome, Span, span_text, warning
from tapewire.common.amounts import counted

BEST_SHOWN: Final = 10


def shown(outcome: Outcome) -> RenderableType:
    """The whole sweep."""
    parts: list[RenderableType] = []
    if any(span.test is not None for span in outcome.spans):
        parts += [_walk(outcome), Text("")]
        parts += [] if outcome.joined is None else list(_joined(outcome.joined))
    else:
        parts += [one for span in outcome.spans for one in _best(outcome, span)]
    parts += [Text(one, style="red") for one in failed(outcome)]
    parts += [Text(f"note: {note}", style="yellow") for note in outcome.notes]
    if not outcome.is_whole:
        parts.append(Text("it was stopped; the same command goes on", style="red"))
    return Rows(*parts)


def _best(outcome: Outcome, span: Span) -> Iterator[RenderableType]:
    if not span.ranked:
        yield Text("no run went well", style="red")
        return
    table = _table([*outcome.grid, *map(figures.label, figures.shown_with(outcome.rank))])
    for one in span.ranked[:BEST_SHOWN]:
        table.add_row(*map(str, one.parameters.values()), *figures.cells(one, outcome.rank))
    yield table
    if len(span.ranked) > BEST_SHOWN:
        yield Text(f"the best {BEST_SHOWN} of {counted(len(span.ranked), 'run')}")
    if told := warning(span):
        is_confident = span.verdict is not None and span.verdict.is_confident
        yield Text(told, style="green" if is_confident else "yellow")


def _walk(outcome: Outcome) -> Table:
    """A row per span: what was chosen, and what became of it on the next one."""
    rank = figures.label(outcome.rank)
    table = _table(["judged on", "chosen", f"{rank} before", rank, "return", "trades"])
    for span in outcome.spans:
        best, test = span.best, span.test
        if best is None or test is None:
            continue
        table.add_row(
            span_text(test.task.window),
            combination(best.parameters),
            figures.text(outcome.rank, best.figures[outcome.rank]),
            *(
                figures.text(name, test.figures.get(name))
                for name in (outcome.rank, "return", "trades")
            ),
        )
    return table


def _joined(found: Statistics) -> Iterator[RenderableType]:
    rows = [*summary.compared(found), *summary.of_trades(found)]
    yield Text("joined, on days on which nothing was chosen:")
    yield Text(", ".join(f"{row.name} {row.value}" for row in rows))
    yield Text(summary.basis(found))


def failed(outcome: Outcome) -> list[str]:
    """A sentence on the runs that failed, with the first of them; none where none did."""
    found = [one for one in outcome.all_runs if one.error]
    if not found:
        return []
    first = combination(found[0].parameters)
    return [f"{counted(len(found), 'run')} of {outcome.runs:,} failed; {first}: {found[0].error}"]


def _table(heads: Iterable[str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for head in heads:
        table.add_column(head, justify="right")
    return table
