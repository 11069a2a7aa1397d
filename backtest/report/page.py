"""A back-test as one HTML file that needs nothing else: no network, no other file.

The tables that are short are HTML; charts and the table of trades are drawn by `assets/` from the
data, which is JSON in the page.
"""

from typing import Final

from tapewire.backtest.report import html, series, summary
from tapewire.backtest.report.formats import duration, money
from tapewire.backtest.report.page_data import left_out, page_data
from tapewire.backtest.report.performance import Statistics
from tapewire.backtest.report.results import Result
from tapewire.backtest.run import Outcome
from tapewire.common.ticks.stamps import iso

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NAMES: Final = ("strategy", "symbol")
CARDS: Final = ("return", "CAGR", "Sharpe", "max drawdown", "win rate", "trades")
HEADS: Final = (
    "strategy", "symbol", "trades", "quantity", "gross", "fees", "net", "wins", "drawdown",
    "holding",
)  # fmt: skip
STRONGEST: Final = 0.10
"""A month with this return, or more, has the strongest colour."""


def page(outcome: Outcome, title: str) -> str:
    """The report of a back-test."""
    results, stats = outcome.results, outcome.statistics
    rows = [*results.rows, *results.strategies, results.total]
    return html.framed(
        "report",
        title,
        _subtitle(outcome),
        page_data(outcome),
        faults=html.listed(outcome.figures["faults"], "faults", "Faults"),
        cards=html.cards(_cards(stats)),
        statistics=statistics_table(stats),
        months=months(stats),
        results=html.table(HEADS, [_result(row) for row in rows], NAMES),
        notes=html.listed([*outcome.notes, *left_out(outcome)], "notes", "Notes"),
    )


def _subtitle(outcome: Outcome) -> str:
    scan = outcome.scan
    first, last = (iso(ts_ns)[:19].replace("T", " ") for ts_ns in (scan.first_ns, scan.last_ns))
    return f"{first} to {last} UTC, {scan.rows:,} rows; {summary.basis(outcome.statistics)}"


def _cards(stats: Statistics) -> list[tuple[str, str]]:
    rows = {row.name: row for row in (*summary.compared(stats), *summary.of_trades(stats))}
    return [(name, rows[name].value) for name in CARDS]


def statistics_table(stats: Statistics) -> str:
    """All statistics, beside those of the benchmark where there is one."""
    rows = [[row.name, row.value, row.benchmark] for row in summary.compared(stats)]
    rows += [[row.name, row.value, ""] for row in summary.of_trades(stats)]
    heads = ["", "strategies", summary.benchmark_name(stats)]
    shown = len(heads) if stats.benchmark_of else 2
    return html.table(heads[:shown], [row[:shown] for row in rows])


def months(stats: Statistics) -> str:
    """A row per year, each month coloured by its return."""
    years = series.years(stats.equity.days, stats.equity.closes)
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
