"""The latency chart: microseconds by percentile, the nines evenly spaced, one panel per rate."""

import io
import math
import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter

from tapewire.benchmarks.report.curves import Point

PANEL_IN: Final = 4.2
LEAST_IN: Final = 7.0
HEIGHT_IN: Final = 5.0
DPI: Final = 110
SVG_DPI: Final = 72
INK: Final = "#1b1c1d"  # a colour nothing else has: on the page it becomes the text's own


class Look(NamedTuple):
    """How a series is drawn; points that are few are marked."""

    label: str
    colour: str
    dash: str = "-"
    marker: str = ""


LOOKS: Final = {
    "group: whole": Look("group, TWS's socket and back", "#d9621e"),
    "group: gateway_to_strategy": Look("group, gateway to strategy", "#d9621e", "none", "o"),
    "bare: whole": Look("bare chain, there and back", "#3f86d0"),
    "bare: whole_without_fsync": Look("bare chain without fsync", "#3f86d0", "--"),
    "bare: hop": Look("bare chain, one hop", "#3f86d0", ":"),
}
_STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",  # text stays text: small, searchable, in the reader's own font
    "svg.hashsalt": "tapewire",  # the same picture has the same bytes
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    **dict.fromkeys(
        ("text.color", "axes.labelcolor", "xtick.color", "ytick.color", "axes.edgecolor"), INK
    ),
    "grid.color": "#808080",
    "grid.alpha": 0.25,
}


def png(rates: Sequence[dict[str, Any]]) -> bytes:
    """The chart of a benchmark's `rates` as a PNG on white."""
    return _written(rates, "png", dpi=DPI, metadata={"Software": None})


def svg(rates: Sequence[dict[str, Any]]) -> str:
    """The chart as an element for a page, in the colours of its text and background."""
    metadata = {"Date": None, "Creator": None}
    written = _written(rates, "svg", dpi=SVG_DPI, metadata=metadata, transparent=True)
    text = written.decode()
    text = text[text.index("<svg") :].replace(INK, "currentColor")
    return re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)


def _written(rates: Sequence[dict[str, Any]], kind: str, **options: Any) -> bytes:
    with mpl.rc_context(_STYLE):
        buffer = io.BytesIO()
        _figure(rates).savefig(buffer, format=kind, **options)
    return buffer.getvalue()


def _figure(rates: Sequence[dict[str, Any]]) -> Figure:
    width = max(LEAST_IN, PANEL_IN * len(rates))
    figure = Figure(figsize=(width, HEIGHT_IN), layout="constrained")
    panels = figure.subplots(1, len(rates), sharex=True, sharey=True, squeeze=False)[0]
    for axes, one in zip(panels, rates, strict=True):
        _draw(axes, one)
    panels[0].set_ylabel("microseconds")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    return figure


def _draw(axes: Axes, one: dict[str, Any]) -> None:
    curves: dict[str, list[Point]] = one["curves_us"]
    for name, look in LOOKS.items():
        points = curves.get(name, [])
        axes.plot(
            [nines(share) for share, _ in points], [us for _, us in points],
            label=look.label, color=look.colour, linestyle=look.dash, marker=look.marker,
            markersize=4, linewidth=1.4, gid=f"{one['rate_per_s']}-{name}".replace(": ", "-"),
        )  # fmt: skip
    axes.set_title(f"{one['rate_per_s']:,} ticks/s", loc="left", fontweight="bold")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda us, _: f"{us:,g}"))
    furthest = max((nines(p[0]) for points in curves.values() for p in points), default=1.0)
    places = range(math.ceil(furthest) + 1)
    axes.xaxis.set_major_locator(FixedLocator(list(places)))
    axes.xaxis.set_major_formatter(FixedFormatter([percent(place) for place in places]))
    axes.set_xlabel("percentile")


def nines(share: float) -> float:
    """Where a share stands on the axis: 0.9 at 1, 0.99 at 2, and so on."""
    return -math.log10(1 - share)


def percent(place: int) -> str:
    """The percentile with this many nines."""
    return f"{100 - 10 ** (2 - place):.{max(0, place - 2)}f}"
