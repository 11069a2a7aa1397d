"""What a live view is drawn on: all of a terminal, or lines where there is none."""

from typing import Any, Final, Self

from rich.console import Console, RenderableType
from rich.live import Live

from tapewire.console.views.terminal import Clipped

PER_SECOND: Final = 4  # at most so many times is it drawn


class Screen:
    """Shows one thing after the other in one place. On a terminal it takes all of it, and what was
    shown last stays behind, all of it, when the view ends."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._live = Live(console=out, refresh_per_second=PER_SECOND, screen=out.is_terminal)
        self._last: RenderableType | None = None

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def show(self, shown: RenderableType) -> None:
        """Show this in the place of what is there."""
        self._last = shown
        self._live.update(Clipped(shown) if self._out.is_terminal else shown)

    def __exit__(self, *raised: Any) -> None:
        self._live.__exit__(*raised)
        if self._out.is_terminal and self._last is not None:
            self._out.print(self._last)
