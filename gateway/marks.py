"""Marks: when the newest values of a symbol are published again, besides its ticks.

A late joiner, and a price that is looked at now and then, have time: `last.SYMBOL` repeats them
twice a second. A limit on what a position may lose has not, and risk cannot take in every tick of
every symbol. So of what is held, `mark.SYMBOL` tells them 250 times a second.
"""

from collections.abc import Callable, Iterator
from typing import Final, Literal, NamedTuple

from tapewire.common.runtime.rhythm import Rhythm

LAST_EVERY_NS: Final = 500_000_000
MARK_EVERY_NS: Final = 4_000_000

Kind = Literal["last", "mark"]


class Due(NamedTuple):
    """A message that is due: which topic's, and of which symbol."""

    kind: Kind
    symbol: str


class Marks:
    """What has ticked since it was told last. Times are monotonic."""

    def __init__(self) -> None:
        self._untold: dict[Kind, set[str]] = {"last": set(), "mark": set()}
        self._rhythms: dict[Kind, Rhythm] = {
            "last": Rhythm(LAST_EVERY_NS), "mark": Rhythm(MARK_EVERY_NS),
        }  # fmt: skip

    def ticked(self, symbol: str) -> None:
        """A symbol has new values."""
        for symbols in self._untold.values():
            symbols.add(symbol)

    def caught_up(self, told_ns: dict[str, int]) -> None:
        """Symbols ticked at these times without a `ticked` for each: the last ones are due in the
        next span."""
        last_ns = max(told_ns.values())
        for kind, rhythm in self._rhythms.items():
            rhythm.done(last_ns)
            begun_ns = rhythm.due_ns - rhythm.every_ns
            self._untold[kind] = {one for one, ns in told_ns.items() if ns >= begun_ns}

    def due(self, now_ns: int, is_held: Callable[[str], bool]) -> Iterator[Due]:
        """What is to be published now; `is_held` says of a symbol whether an account holds it."""
        for symbol in self._take("mark", now_ns):
            if is_held(symbol):
                yield Due("mark", symbol)
        for symbol in self._take("last", now_ns):
            yield Due("last", symbol)

    def _take(self, kind: Kind, now_ns: int) -> list[str]:
        symbols, rhythm = self._untold[kind], self._rhythms[kind]
        if not symbols or now_ns < rhythm.due_ns:
            return []
        rhythm.done(now_ns)
        taken = sorted(symbols)
        symbols.clear()
        return taken
