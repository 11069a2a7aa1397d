"""The terminal, by rich: for commands that print tables. It takes a tenth of a second to load."""

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.text import Text

# What is shown may contain any text, so markup is off.
out = Console(markup=False, highlight=False, emoji=False)
err = Console(markup=False, highlight=False, emoji=False, stderr=True)


class Clipped:
    """As many rows of `shown` as the terminal has; the last says how many are missing."""

    def __init__(self, shown: RenderableType) -> None:
        self.shown = shown

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = console.render_lines(self.shown, options.update(height=None), pad=False)
        height = options.height or console.height
        kept = rows if len(rows) <= height else rows[: height - 1]
        for row in kept:
            yield from (*row, Segment.line())
        if kept is not rows:
            more = f"{len(rows) - len(kept)} more rows; `tapewire status` shows all"
            yield Text(more, style="bold", overflow="ellipsis", no_wrap=True, end="")
