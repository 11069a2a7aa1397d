"""A back-test as one HTML file that needs nothing else: no network, no other file.

The tables that are short are HTML; charts and the table of trades are drawn by `assets/` from the
data, which is JSON in the page. All text from outside is escaped: names of strategies and symbols,
notes, file names. The page forbids itself to load anything (Content-Security-Policy).
"""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Any, Final

from tapewire.backtest.report import series, summary
from tapewire.backtest.report.formats import duration, money
from tapewire.backtest.report.page_data import left_out, page_data
from tapewire.backtest.report.performance import Statistics
from tapewire.backtest.report.results import Result
from tapewire.backtest.run import Outcome
from tapewire.common.ticks.stamps import iso
from tapewire.common.whole_file import whole

HERE: Final = Path(__file__).parent
ASSETS: Final = HERE / "assets"
VENDOR: Final = HERE / "vendor"
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NAMES: Final = ("strategy", "symbol")
CARDS: Final = ("return", "CAGR", "Sharpe", "max drawdown", "win rate", "trades")
HEADS: Final = (
    "strategy", "symbol", "trades", "quantity", "gross", "fees", "net", "wins", "drawdown",
    "holding",
)  # fmt: skip
STRONGEST: Final = 0.10
"""A month with this return, or more, has the strongest colour."""
UNSAFE: Final = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&"}
"""What could end a script in HTML; in JSON it is the same text."""


def page(outcome: Outcome, title: str) -> str:
    """The report of a back-test."""
    results, stats = outcome.results, outcome.statistics
    rows = [*results.rows, *results.strategies, results.total]
    return Template(_asset(ASSETS / "report.html")).substitute(
        title=escape(title),
        subtitle=escape(_subtitle(outcome)),
        faults=_list(outcome.figures["faults"], "faults", "Faults"),
        cards=_cards(stats),
        statistics=_statistics(stats),
        months=_months(series.years(stats.equity.days, stats.equity.closes)),
        results=_table(HEADS, [_result(row) for row in rows]),
        notes=_list([*outcome.notes, *left_out(outcome)], "notes", "Notes"),
        data=embedded(page_data(outcome)),
        css=_asset(ASSETS / "report.css"),
        js=_asset(ASSETS / "charts.js") + _asset(ASSETS / "report.js"),
        chart_css=_asset(VENDOR / "uPlot.min.css"),
        chart_js=_asset(VENDOR / "uPlot.iife.min.js"),
    )


def write(html: str, path: Path) -> None:
    """Write a report, all of it or nothing; the folder is made if it is missing.

    Raises `OSError`, or `ConfigError` where the path is a folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as beside:
        beside.write_text(html, encoding="utf-8", errors="replace")  # names may be any bytes


def embedded(data: Any) -> str:
    """Data as JSON that may stand in a script element."""
    return json.dumps(data, separators=(",", ":"), allow_nan=False).translate(UNSAFE)


@cache
def _asset(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _subtitle(outcome: Outcome) -> str:
    scan = outcome.scan
    first, last = (iso(ts_ns)[:19].replace("T", " ") for ts_ns in (scan.first_ns, scan.last_ns))
    return f"{first} to {last} UTC, {scan.rows:,} rows; {summary.basis(outcome.statistics)}"


def _cards(stats: Statistics) -> str:
    rows = {row.name: row for row in (*summary.compared(stats), *summary.of_trades(stats))}
    return "".join(
        f'<div class="card"><span class="quiet">{name}</span><b{_tone(rows[name].value)}>'
        f"{rows[name].value}</b></div>"
        for name in CARDS
    )


def _statistics(stats: Statistics) -> str:
    compared = [[row.name, row.value, row.benchmark] for row in summary.compared(stats)]
    of_trades = [[row.name, row.value, ""] for row in summary.of_trades(stats)]
    return _table(("", "strategies", summary.benchmark_name(stats)), [*compared, *of_trades])


def _months(years: Sequence[series.Year]) -> str:
    """A row per year, each month coloured by its return."""
    if not years:
        return "<p>No trading day.</p>"
    rows = []
    for one in reversed(years):
        cells = "".join(_month(value) for value in (*one.months, one.total))
        rows.append(f'<tr><th scope="row">{one.year}</th>{cells}</tr>')
    head = "".join(f'<th scope="col">{name}</th>' for name in ("", *MONTHS, "year"))
    return (
        f'<div class="scroll" tabindex="0"><table class="months"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _month(value: float | None) -> str:
    if value is None:
        return "<td></td>"
    strength = min(abs(value) / STRONGEST, 1)
    kind = "gain" if value >= 0 else "loss"
    return f'<td class="{kind}" style="--strength:{strength:.2f}">{value * 100:z,.1f}</td>'


def _result(one: Result) -> list[str]:
    return [
        one.strategy or "all",
        one.symbol or "all",
        f"{one.trades:,}",
        f"{one.quantity.normalize():,f}" if one.symbol else "",
        money(one.gross),
        money(one.fees),
        money(one.net),
        "-" if one.win_rate is None else f"{one.win_rate:.0%}",
        money(one.max_drawdown),
        "-" if one.holding_s is None else duration(one.holding_s),
    ]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col"{_text(h)}>{escape(h)}</th>' for h in heads)
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{_text(head) or _tone(text)}>{escape(text)}</td>"
            for head, text in zip(heads, row, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _text(head: str) -> str:
    """Columns of names are aligned to the left."""
    return ' class="text"' if head in NAMES else ""


def _tone(text: str) -> str:
    """Amounts and shares below 0 are red."""
    return ' class="minus"' if text.startswith("-") and text[1:2].isdigit() else ""


def _list(sentences: Sequence[str], name: str, heading: str) -> str:
    if not sentences:
        return ""
    items = "".join(f"<li>{escape(one)}</li>" for one in sentences)
    return f'<section class="{name}"><h2>{heading}</h2><ul>{items}</ul></section>'
