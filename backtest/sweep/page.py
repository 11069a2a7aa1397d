"""A sweep as one HTML file: the heat map, the best runs, and with walk-forward what was joined."""

from collections.abc import Sequence
from html import escape
from typing import Any, Final

import msgspec
import numpy as np

from tapewire.backtest.report import html, page, page_data, series
from tapewire.backtest.report.performance import Statistics
from tapewire.backtest.report.statistics import depths
from tapewire.backtest.sweep import figures
from tapewire.backtest.sweep.grid import shown as combination
from tapewire.backtest.sweep.grid import size
from tapewire.backtest.sweep.outcome import Outcome, Span, span_text, warning
from tapewire.backtest.sweep.tables import failed
from tapewire.common.amounts import counted

BEST_SHOWN: Final = 50
RUNS_DRAWN_MAX: Final = 50_000


def sweep_page(outcome: Outcome) -> str:
    """The page of a sweep."""
    incomplete = [] if outcome.is_whole else ["it was stopped before all runs were done"]
    notes = [*failed(outcome), *outcome.notes, *_left_out(outcome)]
    return html.framed(
        "sweep",
        outcome.title,
        _subtitle(outcome),
        _data(outcome),
        faults=html.listed(incomplete, "faults", "Not complete"),
        cards=html.cards(_cards(outcome)),
        joined=_joined(outcome),
        best=_best(outcome),
        notes=html.listed(notes, "notes", "Notes"),
    )


def _subtitle(outcome: Outcome) -> str:
    swept = ", ".join(f"{name} ({counted(len(of), 'value')})" for name, of in outcome.grid.items())
    return f"{outcome.name}: {counted(size(outcome.grid), 'combination')} of {swept}"


def _cards(outcome: Outcome) -> list[tuple[str, str]]:
    """Of what was judged on other days, if anything was; of the best otherwise."""
    found = outcome.joined
    if found is not None:
        of = found.performance
        depth = None if of.drawdown is None else of.drawdown.depth
        shown = {
            "return": of.total_return, "sharpe": of.sharpe, "max_drawdown": depth,
            "trades": found.trades,
        }  # fmt: skip
        told = [(figures.label(name), figures.text(name, value)) for name, value in shown.items()]
        return [*told, ("spans judged", str(len([s for s in outcome.spans if s.test])))]
    best = outcome.spans[0].best if outcome.spans else None
    if best is None:
        return []
    names = figures.shown_with(outcome.rank)[:4]
    told = [(figures.label(name), figures.text(name, best.figures.get(name))) for name in names]
    verdict = outcome.spans[0].verdict
    deflated = [] if verdict is None else [("deflated Sharpe", f"{verdict.deflated:.2f}")]
    return [("best", combination(best.parameters)), *told, *deflated]


def _joined(outcome: Outcome) -> str:
    """The section of what was joined, which a plain sweep does not have."""
    found = outcome.joined
    if found is None:
        return ""
    heads = ("judged on", "chosen", *map(figures.label, figures.shown_with(outcome.rank)))
    rows = [
        [
            span_text(span.test.task.window),
            combination(span.test.parameters),
            *figures.cells(span.test, outcome.rank),
        ]
        for span in outcome.spans
        if span.test is not None
    ]
    return (
        '<section aria-labelledby="h-equity"><h2 id="h-equity">Equity, joined</h2>'
        '<p class="quiet">Each part is of the parameters that were best on the span before it.</p>'
        '<div class="chart" id="equity"></div><h3>Drawdown</h3>'
        '<div class="chart" id="drawdown"></div></section>'
        f"<section><h2>Spans</h2>{html.table(heads, rows, ('judged on', 'chosen'))}</section>"
        f'<div class="columns"><section class="statistics"><h2>Statistics, joined</h2>'
        f"{page.statistics_table(found)}</section>"
        f"<section><h2>Monthly returns</h2>{page.months(found)}</section></div>"
    )


def _best(outcome: Outcome) -> str:
    return "".join(_best_of(outcome, span) for span in outcome.spans if span.ranked)


def _best_of(outcome: Outcome, span: Span) -> str:
    several = len(outcome.spans) > 1
    heading = f"The best of {span_text(span.trials[0].task.window)}" if several else "The best"
    shown = span.ranked[: 5 if several else BEST_SHOWN]
    names = list(outcome.grid)
    heads = (*names, *map(figures.label, figures.shown_with(outcome.rank)))
    rows = [
        [*(str(one.parameters[name]) for name in names), *figures.cells(one, outcome.rank)]
        for one in shown
    ]
    told = warning(span)
    warned = f"<p>{told[0].upper()}{told[1:]}.</p>" if told else ""
    return f"<section><h2>{escape(heading)}</h2>{warned}{html.table(heads, rows)}</section>"


def _data(outcome: Outcome) -> dict[str, Any]:
    """What the page's script draws."""
    names = [name for name in figures.DRAWN if _is_known(outcome, name)]
    return {
        "parameters": [
            {"name": name, "values": [str(value) for value in of]}
            for name, of in outcome.grid.items()
        ],
        "figures": [
            {"name": name, "label": figures.label(name), "kind": figures.kind(name)}
            for name in names
        ],
        "rank": outcome.rank,
        "spans": [_span(outcome, span, names) for span in outcome.spans][: _spans_max(outcome)],
        "joined": None if outcome.joined is None else _curve(outcome.joined),
    }


def _span(outcome: Outcome, span: Span, names: Sequence[str]) -> dict[str, Any]:
    places = {
        name: {_key(value): n for n, value in enumerate(of)} for name, of in outcome.grid.items()
    }
    return {
        "label": span_text(span.trials[0].task.window) if span.trials else "",
        "runs": [
            [
                [of[_key(one.parameters[name])] for name, of in places.items()],
                [one.figures.get(name) for name in names],
                one.error,
            ]
            for one in span.trials
        ],
    }


def _key(value: Any) -> bytes:
    """A value of a parameter, as the store has it too."""
    return msgspec.json.encode(value, order="sorted")


def _is_known(outcome: Outcome, name: str) -> bool:
    return any(one.figures.get(name) is not None for one in outcome.trials)


def _spans_max(outcome: Outcome) -> int:
    return max(1, RUNS_DRAWN_MAX // max(1, size(outcome.grid)))


def _left_out(outcome: Outcome) -> list[str]:
    left = len(outcome.spans) - _spans_max(outcome)
    if left <= 0:
        return []
    return [f"the heat map has no runs of the last {counted(left, 'span')}; the results have them"]


def _curve(found: Statistics) -> dict[str, Any]:
    times, values = found.equity.times_ns, found.equity.values
    falls = depths(values)
    places = series.union(series.extremes(values), series.extremes(falls))
    return {
        "t": (times[places] // page_data.MS_NS).tolist(),
        "equity": np.round(values[places], 2).tolist(),
        "drawdown": np.round(falls[places], 6).tolist(),
    }
