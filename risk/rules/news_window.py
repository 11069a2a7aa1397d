"""NewsWindow: nothing adds risk around the times of news, which a file lists."""

from bisect import bisect_right
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from tapewire.common.config.windows import Window, load_windows
from tapewire.common.events import EVERYTHING, Scope, SubmitOrder
from tapewire.risk.rules.base import Rule
from tapewire.risk.rules.enforcement import HALT, Enforcement
from tapewire.risk.rules.view import View


class NewsWindowParameters(msgspec.Struct, frozen=True):
    """`file`: a CSV or TOML file; a relative one is in the folder in which the process starts.

    `minutes_before` and `minutes_after` hold for an entry with one time that does not say them.
    `zone` is that of times without an offset; without it such a time is refused. One that comes
    twice, or never, when its clocks are changed covers all that it can mean.
    """

    file: str
    minutes_before: float = 5
    minutes_after: float = 5
    zone: str = ""


class NewsWindow(Rule):
    """In a window no order that adds risk goes, in the symbols that the window names, or in all.

    The file is read once, when the rule is made. A window has its start in it, and not its end.
    """

    Parameters = NewsWindowParameters
    looks_at = ()

    def __init__(
        self,
        parameters: NewsWindowParameters,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = HALT,
    ) -> None:
        super().__init__(parameters, scope, enforcement)
        self.windows = load_windows(
            Path(parameters.file),
            parameters.minutes_before,
            parameters.minutes_after,
            parameters.zone,
        )
        self._starts = [one.start_ns for one in self.windows]
        self._longest_ns = max(one.end_ns - one.start_ns for one in self.windows)

    def denial(self, order: SubmitOrder, view: View) -> str:
        """Deny what could add risk in a window."""
        window = self._open(order.symbol, view.now.wall_ns)
        if window is None or view.is_reducing(order):
            return ""
        end = datetime.fromtimestamp(window.end_ns // 1_000_000_000, UTC)
        return (
            f"{self.name}: {window.name or 'a window'} lasts until {end:%Y-%m-%d %H:%M:%S} UTC,"
            f" and this order could add risk in {order.symbol}"
        )

    def _open(self, symbol: str, now_ns: int) -> Window | None:
        """A window of a symbol that is open."""
        for number in range(bisect_right(self._starts, now_ns) - 1, -1, -1):
            window = self.windows[number]
            if now_ns - window.start_ns >= self._longest_ns:
                return None
            if now_ns < window.end_ns and (not window.symbols or symbol in window.symbols):
                return window
        return None
