"""A strategy's log: lines with its name, the symbol in hand and its own time."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, Literal

import msgspec

from tapewire.common.clock import Clock
from tapewire.strategy.loading.faults import Failure

Level = Literal["debug", "info", "warning", "error"]
_PLAIN: Final = (str, int, float, bool, Decimal, type(None))


class LogLine(msgspec.Struct, frozen=True):
    """One line. `ts_ns` is the strategy's time: the market's in a back-test. `values` are texts,
    numbers, truth values and None; of anything else it is what `repr` shows."""

    ts_ns: int
    level: Level
    strategy: str
    symbol: str
    text: str
    values: dict[str, Any] = {}

    def __str__(self) -> str:
        about = [self.symbol] if self.symbol else []
        values = [f"{name}={value}" for name, value in self.values.items()]
        return " ".join([self.strategy, *about, f"{self.text}", *values])


Said = Failure | LogLine
"""What is heard of a strategy: what its callbacks raise, and the lines of its log."""
Write = Callable[[LogLine], None]
"""Takes each line as it is written."""


def nowhere(_line: LogLine) -> None:
    """Write nothing."""


class StrategyLog:
    """`log.info("crossed", fast=1.5)`. Without a `symbol` a line is about the one in hand."""

    def __init__(self, strategy: str, clock: Clock, in_hand: Callable[[], str], to: Write) -> None:
        self._strategy = strategy
        self._clock = clock
        self._in_hand = in_hand
        self._to = to

    def debug(self, text: str, *, symbol: str | None = None, **values: Any) -> None:
        """Write what only matters to whoever looks for a fault."""
        self._write("debug", text, symbol, values)

    def info(self, text: str, *, symbol: str | None = None, **values: Any) -> None:
        """Write what happened."""
        self._write("info", text, symbol, values)

    def warning(self, text: str, *, symbol: str | None = None, **values: Any) -> None:
        """Write what somebody should look at."""
        self._write("warning", text, symbol, values)

    def error(self, text: str, *, symbol: str | None = None, **values: Any) -> None:
        """Write what went wrong."""
        self._write("error", text, symbol, values)

    def _write(self, level: Level, text: str, symbol: str | None, values: dict[str, Any]) -> None:
        plain = {k: one if isinstance(one, _PLAIN) else repr(one) for k, one in values.items()}
        about = self._in_hand() if symbol is None else symbol
        self._to(LogLine(self._clock.now_ns(), level, self._strategy, about, str(text), plain))
