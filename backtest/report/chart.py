"""The chart of one symbol: its price with entries and exits, and the equity below it."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import matplotlib as mpl
import matplotlib.dates as mdates
import msgspec
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tapewire.backtest.report.equity import Curve
from tapewire.backtest.report.round_trips import RoundTrip
from tapewire.backtest.report.sampler import Mark

WIDTH_IN: Final = 11.0
HEIGHT_IN: Final = 6.5
DPI: Final = 110
SVG_DPI: Final = 72
DAY_NS: Final = 86_400 * 10**9
CROWD: Final = 100  # with more round trips the marks are drawn smaller
COLOURS: Final = ("#1f77b4", "#9467bd", "#8c564b", "#e377c2", "#17becf", "#bcbd22")

STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",  # text stays text: small, searchable, in the reader's own font
    "svg.hashsalt": "tapewire",  # the same picture has the same bytes
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "axes.edgecolor": "#999999",
    "axes.spines.top": False,
    "axes.spines.right": False,
}


class Chart(msgspec.Struct, frozen=True):
    """The contents of one symbol's chart; `curves` are net P&L by strategy."""

    symbol: str
    marks: Sequence[Mark]
    round_trips: Sequence[RoundTrip]
    curves: dict[str, Curve]


def png(chart: Chart) -> bytes:
    """The chart as a PNG of about 1200 by 700 pixels."""
    return _written(chart, "png", dpi=DPI, metadata={"Software": None})


def svg(chart: Chart) -> bytes:
    """The chart as SVG; its marks are in groups with the ids that `mark_ids` returns."""
    return _written(chart, "svg", dpi=SVG_DPI, metadata={"Date": None, "Creator": None})


def mark_ids(chart: Chart) -> dict[str, list[str]]:
    """The sentences for the marks of each SVG group, by its id, in the order drawn."""
    return {name: [title for *_, title in points] for name, points in _marks(chart).items()}


def _written(chart: Chart, kind: str, **options: Any) -> bytes:
    with mpl.rc_context(STYLE):
        buffer = io.BytesIO()
        _figure(chart).savefig(buffer, format=kind, **options)
    return buffer.getvalue()


def _figure(chart: Chart) -> Figure:
    figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN), layout="constrained")
    top, below = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
    top.set_title(chart.symbol, loc="left", fontweight="bold", fontsize=12)
    _draw_price(top, chart)
    _draw_equity(below, chart)
    _time_axis(below, chart.marks)
    return figure


def _draw_price(axes: Axes, chart: Chart) -> None:
    times, prices = _xy(chart.marks)
    axes.plot(times, prices, color="#7f8c9a", linewidth=0.9, zorder=1)
    size = 6 if len(chart.round_trips) <= CROWD else 5
    for name, points in _marks(chart).items():
        if points:
            marker, face, edge, zorder, label = _LOOKS[name]
            axes.plot(
                [_days(ts) for ts, _, _ in points], [price for _, price, _ in points],
                linestyle="none", marker=marker, label=label, gid=name, zorder=zorder,
                markersize=size, markerfacecolor=face, markeredgecolor=edge, markeredgewidth=0.7,
            )  # fmt: skip
    axes.set_ylabel("price")
    axes.ticklabel_format(axis="y", useOffset=False, style="plain")
    if chart.round_trips:
        _legend(axes)


_LOOKS: Final = {
    "marks-long": ("^", "#2ca02c", "white", 4, "entry, long"),
    "marks-short": ("v", "#d62728", "white", 4, "entry, short"),
    "marks-exit": ("o", "white", "#222222", 3, "exit"),
}


def _marks(chart: Chart) -> dict[str, list[tuple[int, float, str]]]:
    """Entries and exits, each with its time, price and sentence, by group id."""
    groups: dict[str, list[tuple[int, float, str]]] = {
        f"marks-{kind}": [] for kind in ("long", "short", "exit")
    }
    for trip in chart.round_trips:
        size = f"{trip.quantity.normalize():f} {chart.symbol}"
        who = f"{trip.strategy}: {trip.direction.lower()} {size}"
        entry = f"{who}, in at {trip.entry_price:.10g} at {_moment(trip.entry_ns):%H:%M:%S} UTC"
        point = (trip.entry_ns, float(trip.entry_price), entry)
        groups[f"marks-{trip.direction.lower()}"].append(point)
        if trip.exit_ns is not None and trip.exit_price is not None:
            title = f"{who}, out at {trip.exit_price:.10g} at {_moment(trip.exit_ns):%H:%M:%S} UTC"
            title += f", net {trip.net:,.2f}"
            groups["marks-exit"].append((trip.exit_ns, float(trip.exit_price), title))
    return groups


def _draw_equity(axes: Axes, chart: Chart) -> None:
    axes.axhline(0, color="#999999", linewidth=0.8)
    for number, (strategy, curve) in enumerate(sorted(chart.curves.items())):
        times, values = _xy(curve)
        colour = COLOURS[number % len(COLOURS)]
        axes.step(times, values, where="post", color=colour, linewidth=1.2, label=strategy)
    axes.set_ylabel("net P&L")
    axes.ticklabel_format(axis="y", useOffset=False, style="plain")
    axes.margins(x=0.01)
    if chart.curves:
        _legend(axes)


def _legend(axes: Axes) -> None:
    """The legend goes above the axes at the right, where it covers nothing."""
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=4, frameon=False, borderaxespad=0.2)


def _time_axis(axes: Axes, marks: Sequence[Mark]) -> None:
    # matplotlib.dates is not typed
    locator = mdates.AutoDateLocator(tz=UTC, minticks=5, maxticks=10)  # type: ignore[no-untyped-call]
    formatter = mdates.ConciseDateFormatter(locator, tz=UTC, show_offset=False)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(formatter)
    if marks:
        first, last = _moment(marks[0][0]), _moment(marks[-1][0])
        axes.set_xlabel(f"UTC, {first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S}")


def _xy(points: Sequence[Mark]) -> tuple[list[float], list[float]]:
    return [_days(ts) for ts, _ in points], [float(value) for _, value in points]


def _days(ts_ns: int) -> float:
    """Days since 1970: the unit of matplotlib's dates."""
    return ts_ns / DAY_NS


def _moment(ts_ns: int) -> datetime:
    return datetime.fromtimestamp(ts_ns / 1e9, UTC)
