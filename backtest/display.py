"""A page shown to whoever asked for it: below a notebook's cell, in a browser, or as a file."""

import sys
import tempfile
import webbrowser
from html import escape
from pathlib import Path
from typing import Final

from tapewire.backtest.report.html import write

HEIGHT_PX: Final = 900


def show(html: str, path: str | Path | None, height: int) -> Path | None:
    """Show a page. With a `path` it is written there, and the path returned.

    Without one a notebook shows it below the cell, `height` pixels high; elsewhere it is written to
    a temporary file, which the browser opens. Raises `OSError` if it cannot write.
    """
    if path is None and in_notebook():
        from IPython.display import display

        display(Inline(html, height))
        return None
    if path is None:
        folder = Path(tempfile.mkdtemp(prefix="tapewire-"))
        file = folder / "report.html"
    else:
        file = Path(path)
    write(html, file)
    if path is None:
        webbrowser.open(file.as_uri())
    return file


class Inline:
    """A page as a part of a notebook: in a frame of its own, which cannot reach the notebook."""

    def __init__(self, html: str, height: int) -> None:
        self._html, self._height = html, height

    def _repr_html_(self) -> str:
        return (
            f'<iframe sandbox="allow-scripts" srcdoc="{escape(self._html)}"'
            f' style="width:100%;height:{self._height}px;border:0"></iframe>'
        )


def in_notebook() -> bool:
    """Whether this runs in Jupyter, which can show HTML."""
    python = sys.modules.get("IPython")
    shell = python.get_ipython() if python is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"
