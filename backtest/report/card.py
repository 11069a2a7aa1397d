"""The card of a back-test: a small piece of HTML for a notebook's cell, with a picture drawn in it.

It has no script, no style sheet and no address of another place, so it shows in any notebook, also
one that was saved and opened elsewhere. Colours take the notebook's own for text and lines.
"""

from collections.abc import Iterator
from html import escape
from typing import Final

import numpy as np

from tapewire.backtest.report import summary
from tapewire.backtest.report.performance import Statistics
from tapewire.backtest.report.series import extremes, in_force
from tapewire.backtest.report.statistics import Floats, Times
from tapewire.backtest.run import Outcome
from tapewire.common import amounts
from tapewire.common.ticks.stamps import iso

WIDTH: Final = 560
HEIGHT: Final = 130
FLAT: Final = 20
"""A benchmark that moves so many times as much is not drawn: beside it the equity would be flat."""
POINTS: Final = 200
"""So many parts of a curve have a lowest and a highest point in the picture."""
SENTENCES_MAX: Final = 5
_OURS, _THEIRS, _FAULT = "#1f77b4", "#999999", "#c62828"
_CELL: Final = "padding:1px 10px 1px 0;text-align:left;border:0"


def card(outcome: Outcome, title: str) -> str:
    """The figures and a picture of the equity beside the benchmark."""
    stats, total = outcome.statistics, outcome.results.total
    head = (
        f"{amounts.counted(total.trades, 'trade')}, net {amounts.money(total.net)},"
        f" {iso(outcome.scan.first_ns)[:16]} to {iso(outcome.scan.last_ns)[:16]} UTC"
    )
    parts = [
        f"<strong>{escape(title)}</strong><br><small>{escape(head)}</small>",
        _picture(stats),
        f"<small>{escape(summary.basis(stats))}</small>",
        '<div style="display:flex;flex-wrap:wrap;gap:24px">',
        _table(stats),
        _table_of_trades(stats),
        "</div>",
        *_sentences(outcome),
    ]
    return f'<div style="max-width:{WIDTH}px">{"".join(parts)}</div>'


# ---- figures -------------------------------------------------------------------------------------


def _table(stats: Statistics) -> str:
    header = _row("", "strategy", summary.benchmark_name(stats))
    rows = [_row(one.name, one.value, one.benchmark) for one in summary.compared(stats)]
    return _as_table([header, *rows])


def _table_of_trades(stats: Statistics) -> str:
    return _as_table([_row(one.name, one.value) for one in summary.of_trades(stats)])


def _as_table(rows: list[str]) -> str:
    return f'<table style="border:0;font-size:90%"><tbody>{"".join(rows)}</tbody></table>'


def _row(*cells: str) -> str:
    shown = "".join(f'<td style="{_CELL}">{escape(cell)}</td>' for cell in cells)
    return f'<tr style="border:0;background:none">{shown}</tr>'


def _sentences(outcome: Outcome) -> Iterator[str]:
    """The faults, then the notes, as many as there is room for."""
    faults = [(f"FAULT: {one}", _FAULT) for one in outcome.figures["faults"]]
    found = [*faults, *((f"note: {one}", "inherit") for one in outcome.notes)]
    for text, colour in found[:SENTENCES_MAX]:
        yield f'<div style="color:{colour};font-size:85%">{escape(text)}</div>'
    if (more := len(found) - SENTENCES_MAX) > 0:
        yield f"<small>{more} more in result.notes and result.faults</small>"


# ---- the picture ---------------------------------------------------------------------------------


def _picture(stats: Statistics) -> str:
    times, values = stats.equity.times_ns, stats.equity.values
    if values.size < 2:
        return ""
    places = extremes(values, POINTS)
    times, values = times[places], values[places]
    curves = [(_OURS, 1.6, values)]
    if stats.held is not None:
        held = in_force(stats.held.times_ns, stats.held.values, times, float(stats.capital))
        if np.ptp(held) <= FLAT * np.ptp(values):
            curves.insert(0, (_THEIRS, 1.0, held))
    every = np.concatenate([curve for _, _, curve in curves])
    low, high = float(every.min()), float(every.max())
    lines = [_line(colour, width, times, curve, low, high) for colour, width, curve in curves]
    labels = f"{_label(high, 11)}{_label(low, HEIGHT - 4)}"
    return (
        f'<svg role="img" aria-label="equity" viewBox="0 0 {WIDTH} {HEIGHT}"'
        f' style="width:100%;display:block" fill="none">{"".join(lines)}{labels}</svg>'
    )


def _line(colour: str, width: float, times: Times, values: Floats, low: float, high: float) -> str:
    span = max(1, int(times[-1] - times[0]))
    across = (times - times[0]) / span * (WIDTH - 4) + 2
    down = HEIGHT - 4 - (values - low) / ((high - low) or 1.0) * (HEIGHT - 8)
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, down, strict=True))
    return f'<polyline points="{points}" stroke="{colour}" stroke-width="{width}"/>'


def _label(value: float, y: float) -> str:
    text = f"{value:,.0f}"
    return f'<text x="2" y="{y}" font-size="10" fill="currentColor" opacity="0.7">{text}</text>'
