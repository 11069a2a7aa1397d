"""What does not fit a terminal: cut at its height, and it is said how much is missing."""

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.text import Text


class Fitting:
    """The first rows of `shown`, as many as the terminal has; the last says what is left out."""

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
