"""The latency figures as one HTML page that needs nothing else: the chart, the table, in words."""

from html import escape
from typing import Any, Final

from tapewire.benchmarks.load import host
from tapewire.benchmarks.report.show import COLUMNS

_CSS: Final = """
:root { color-scheme: light dark; }
body { font: 14px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 78em; padding: 0 1em; }
h1 { font-size: 1.4em; } h2 { font-size: 1.1em; margin-top: 2em; } p { max-width: 52em; }
svg { width: 100%; height: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .15em .9em; text-align: right; border-bottom: 1px solid #8884; }
th:first-child, td:first-child { text-align: left; }
"""
_METHOD: Final = """\
Ticks go out open loop: what is due in a millisecond is written at its start, however late the \
last answer was. The way there and back is from the write of a tick to TWS's socket to the order \
that the tick leads to on the same socket, both ends stamped by the load's one clock; about 100 \
ticks per second lead to one, and it is on disk (synchronous FULL) before its bytes leave. The \
bare chain is the same hops between processes, and the same commit, with nothing else in them; its \
slices take turns with the group's, so that what the machine does besides hits both.
Each curve has all samples and ends at the slowest of them, of which the share 1 - 1/n was \
faster: nothing is drawn beyond what was measured. The group's own hop, gateway to strategy, is \
from that process's histogram, whose buckets are 3 percent wide and have the warm-up in them; it \
tells p50, p99, p999 and the slowest, and these are the points."""


def page(figures: dict[str, Any], svg: str) -> str:
    """The page; `svg` is the chart as an element."""
    title = "Tapewire: latency by percentile"
    parts = [
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/><title>{title}</title>',
        f"<style>{_CSS}</style></head><body><h1>{title}</h1>",
        svg,
        *(f"<p>{escape(text)}</p>" for text in _METHOD.splitlines()),
        f"<p>Machine: {escape(host.line(figures['machine']))}. Measured"
        f" {figures['seconds']:g} s a rate and chain. The load was itself late with a write by:"
        f" {escape(_lateness(figures))}.</p>",
    ]
    for one in figures["rates"]:
        parts += [f"<h2>{one['rate_per_s']:,} ticks/s, microseconds</h2>", _table(one)]
    return "\n".join([*parts, "</body></html>\n"])


def _lateness(figures: dict[str, Any]) -> str:
    return "; ".join(
        f"at {one['rate_per_s']:,}/s p50 {_us(one['load_late_us']['p50'])} us,"
        f" p99 {_us(one['load_late_us']['p99'])} us"
        for one in figures["rates"]
    )


def _table(one: dict[str, Any]) -> str:
    """The row of every summary, the group's first."""
    columns = (*COLUMNS, "count")
    rows = [["", *columns]]
    for owner in ("group", "bare"):
        for name, summary in one[f"{owner}_us"].items():
            rows.append([f"{owner}: {name}", *(_us(summary[column]) for column in columns)])
    head, *body = (
        "".join(f"<{tag}>{escape(text)}</{tag}>" for text in row)
        for tag, row in zip(["th", *["td"] * len(rows)], rows, strict=False)
    )
    lines = "\n".join(f"<tr>{row}</tr>" for row in body)
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{lines}</tbody></table>"


def _us(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"
