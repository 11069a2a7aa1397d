"""The chart folder: a PNG for each symbol, and one page with all of them."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tapewire.backtest.report.equity import Curve
from tapewire.backtest.report.round_trips import RoundTrip
from tapewire.backtest.report.sampler import Mark
from tapewire.backtest.run import Outcome
from tapewire.common import extras

CHARTS_MAX: Final = 50
PAGE: Final = "index.html"


def require_library() -> None:
    """Raise `ConfigError` if matplotlib is missing: before a run, not after it."""
    extras.require("--chart", "matplotlib", "charts")


def write(outcome: Outcome, folder: Path, title: str) -> list[Path]:
    """Write the charts of the symbols that were traded, or of every symbol if none was.

    Returns the files. Raises `ConfigError` if matplotlib is missing, `OSError` if the folder
    cannot be written.
    """
    require_library()
    from tapewire.backtest.report import chart as drawing
    from tapewire.backtest.report.page import page

    folder.mkdir(parents=True, exist_ok=True)
    symbols = charted(outcome)
    charts, files = {}, []
    for symbol in symbols[:CHARTS_MAX]:
        one = drawing.Chart(symbol, *_parts(outcome, symbol))
        charts[symbol] = (one, drawing.svg(one))
        files.append(folder / f"{file_name(symbol)}.png")
        files[-1].write_bytes(drawing.png(one))
    results = outcome.results
    rows = [*results.rows, *results.strategies, results.total]
    notes = list(outcome.notes)
    if len(symbols) > CHARTS_MAX:
        notes.append(f"charts of the first {CHARTS_MAX} of {len(symbols)} symbols")
    files.append(folder / PAGE)
    files[-1].write_text(page(title, rows, charts, notes), encoding="utf-8")
    return files


def charted(outcome: Outcome) -> list[str]:
    """The symbols that get a chart."""
    traded = sorted({row.symbol for row in outcome.results.rows})
    return traded or sorted(outcome.results.marks)


def file_name(symbol: str) -> str:
    """A symbol as a file name."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", symbol).lstrip(".") or "_"


Parts = tuple[Sequence[Mark], list[RoundTrip], dict[str, Curve]]


def _parts(outcome: Outcome, symbol: str) -> Parts:
    """Marks, trades and each strategy's curve of one symbol."""
    results = outcome.results
    trips = [t for t in (*results.trades, *results.open_trades) if t.symbol == symbol]
    curves = {k[0]: c for k, c in results.curves.by_key.items() if k[1] == symbol}
    return results.marks.get(symbol, []), trips, curves
