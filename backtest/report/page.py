"""A back-test as one self-contained HTML page: SVG charts and tables, no script."""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Final

from tapewire.backtest.report.chart import Chart, mark_ids
from tapewire.backtest.report.formats import duration, money, price
from tapewire.backtest.report.results import Result
from tapewire.backtest.report.round_trips import RoundTrip
from tapewire.common import amounts
from tapewire.common.ticks.stamps import iso

_CSS: Final = """
body { font: 14px/1.45 system-ui, sans-serif; color: #222; margin: 2em auto; max-width: 72em;
  padding: 0 1em; }
h1 { font-size: 1.4em; } h2 { font-size: 1.15em; margin-top: 2em; }
svg { width: 100%; height: auto; }
table { border-collapse: collapse; margin: .5em 0 1em; font-variant-numeric: tabular-nums; }
th, td { padding: .15em .7em; text-align: right; border-bottom: 1px solid #e6e6e6;
  white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
.bad { color: #b00; } .scroll { overflow-x: auto; max-height: 30em; overflow-y: auto; }
"""
_HEADS: Final = (
    "strategy", "symbol", "trades", "quantity", "gross", "fees", "net", "wins", "drawdown",
    "holding",
)  # fmt: skip
_TRADE_HEADS: Final = (
    "strategy", "direction", "quantity", "entry (UTC)", "price", "exit (UTC)", "price", "gross",
    "fees", "net",
)  # fmt: skip
_USE: Final = re.compile(r"<use ([^>]*?)/>")


def page(
    title: str,
    results: Sequence[Result],
    charts: Mapping[str, tuple[Chart, bytes]],
    notes: Iterable[str],
) -> str:
    """The page, as well-formed XML; `charts` has the chart of each symbol and its SVG."""
    parts = [
        '<!DOCTYPE html>\n<html lang="en" xmlns="http://www.w3.org/1999/xhtml">',
        f'<head><meta charset="utf-8"/><title>{escape(title)}</title>',
        f"<style>{_CSS}</style></head>",
        f"<body><h1>{escape(title)}</h1>",
        _table(_HEADS, [_result(r) for r in results]),
        *(f"<p>{escape(note)}</p>" for note in notes),
    ]
    for number, (symbol, (chart, svg)) in enumerate(charts.items(), 1):
        parts.append(f'<h2 id="chart{number}">{escape(symbol)}</h2>')
        parts.append(_inlined(svg, mark_ids(chart), f"c{number}-"))
        if chart.round_trips:
            rows = [_trade(t) for t in chart.round_trips]
            parts.append(f'<div class="scroll">{_table(_TRADE_HEADS, rows)}</div>')
    parts.append("</body></html>\n")
    return "\n".join(parts)


def _inlined(svg: bytes, marks: Mapping[str, Sequence[str]], prefix: str) -> str:
    """An SVG as an element: without an XML header, with unique ids, and a title on each mark."""
    text = svg.decode()
    text = text[text.index("<svg") :]
    for group, titles in marks.items():
        if titles:
            text = _titled(text, group, titles)
    text = re.sub(r'\bid="', f'id="{prefix}', text)
    text = re.sub(r'(href="#|url\(#)', rf"\g<1>{prefix}", text)
    return re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)


def _titled(svg: str, group: str, titles: Sequence[str]) -> str:
    """Give each mark of a group its sentence, which browsers show as a tooltip."""
    start = svg.index(f'<g id="{group}">')
    first = svg.index("<use ", start)
    end = svg.index("</g>", first)
    left = iter(titles)

    def with_title(found: re.Match[str]) -> str:
        return f"<use {found[1]}><title>{escape(next(left, ''))}</title></use>"

    return svg[:first] + _USE.sub(with_title, svg[first:end]) + svg[end:]


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


def _trade(one: RoundTrip) -> list[str]:
    return [
        one.strategy,
        one.direction.lower(),
        f"{one.quantity.normalize():,f}",
        _time(one.entry_ns),
        price(one.entry_price),
        "open" if one.exit_ns is None else _time(one.exit_ns),
        "" if one.exit_price is None else price(one.exit_price),
        amounts.money(one.gross),
        amounts.money(one.fees),
        amounts.money(one.net),
    ]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(h)}</th>" for h in heads)
    lines = [f"<table><thead><tr>{head}</tr></thead><tbody>"]
    for row in rows:
        lines.append("<tr>" + "".join(_cell(text) for text in row) + "</tr>")
    return "\n".join([*lines, "</tbody></table>"])


def _cell(text: str) -> str:
    bad = ' class="bad"' if text.startswith("-") and len(text) > 1 else ""
    return f"<td{bad}>{escape(text)}</td>"


def _time(ts_ns: int) -> str:
    return iso(ts_ns)[:23].replace("T", " ")
