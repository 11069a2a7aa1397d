"""What the pages of a report and of a sweep are made of: each one file that needs nothing else.

Text from outside is escaped: names of strategies and symbols, notes, file names. The page forbids
itself to load anything (Content-Security-Policy).
"""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Any, Final

from tapewire.common.whole_file import whole

HERE: Final = Path(__file__).parent
ASSETS: Final = HERE / "assets"
VENDOR: Final = HERE / "vendor"
UNSAFE: Final = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&"}
"""What could end a script in HTML; in JSON it is the same text."""


def framed(name: str, title: str, subtitle: str, data: Any, **parts: str) -> str:
    """A page: `assets/NAME.html` with its `parts`, which are HTML, and `assets/NAME.js`, which
    draws the `data`."""
    main = Template(asset(ASSETS / f"{name}.html")).substitute(parts)
    return Template(asset(ASSETS / "frame.html")).substitute(
        title=escape(title),
        subtitle=escape(subtitle),
        main=main,
        data=embedded(data),
        css=asset(ASSETS / "report.css"),
        js=asset(ASSETS / "charts.js") + asset(ASSETS / f"{name}.js"),
        chart_css=asset(VENDOR / "uPlot.min.css"),
        chart_js=asset(VENDOR / "uPlot.iife.min.js"),
    )


def write(html: str, path: Path) -> None:
    """Write a page, all of it or nothing; the folder is made if it is missing.

    Raises `OSError`, or `ConfigError` where the path is a folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as beside:
        beside.write_text(html, encoding="utf-8", errors="replace")  # names may be any bytes


def embedded(data: Any) -> str:
    """Data as JSON that may stand in a script element."""
    return json.dumps(data, separators=(",", ":"), allow_nan=False).translate(UNSAFE)


@cache
def asset(path: Path) -> str:
    """A file that ships with the report."""
    return path.read_text(encoding="utf-8")


def cards(found: Iterable[tuple[str, str]]) -> str:
    """Key figures: each a name and a value."""
    return "".join(
        f'<div class="card"><span class="quiet">{escape(name)}</span><b{_tone(value)}>'
        f"{escape(value)}</b></div>"
        for name, value in found
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], names: Sequence[str] = ()) -> str:
    """A table; the columns of `names` are aligned to the left."""
    head = "".join(f'<th scope="col"{_text(h, names)}>{escape(h)}</th>' for h in heads)
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{_text(head, names) or _tone(text)}>{escape(text)}</td>"
            for head, text in zip(heads, row, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def listed(sentences: Sequence[str], name: str, heading: str) -> str:
    """Sentences under a heading; nothing where there are none."""
    if not sentences:
        return ""
    items = "".join(f"<li>{escape(one)}</li>" for one in sentences)
    return f'<section class="{name}"><h2>{heading}</h2><ul>{items}</ul></section>'


def _text(head: str, names: Sequence[str]) -> str:
    return ' class="text"' if head in names else ""


def _tone(text: str) -> str:
    """Amounts and shares below 0 are red."""
    return ' class="minus"' if text.startswith("-") and text[1:2].isdigit() else ""
