"""Greeks on the bus: one topic per option, `greeks.SYMBOL`, with the last values for joiners.

Greeks are a state, not a stream of changes: the newest of each basis is what counts. So what came
within a short time leaves as one message, at most four events of an option.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from tapewire.common.bus.sequenced import Sequenced
from tapewire.common.events import Greeks

PREFIX: Final = "greeks."


class GreeksPublisher:
    """The writing end of the topics of greeks."""

    def __init__(self, source: str, epoch: str) -> None:
        self._topics = Sequenced(source, epoch)
        self._last: dict[str, dict[str, Greeks]] = {}  # by symbol and basis

    def publish(self, greeks: Iterable[Greeks]) -> Iterator[list[bytes]]:
        """The frames of one message per option, with what is newest of each basis."""
        new: dict[str, dict[str, Greeks]] = {}
        for one in greeks:
            new.setdefault(one.symbol, {})[one.basis] = one
        for symbol, found in new.items():
            self._last.setdefault(symbol, {}).update(found)
            yield self._topics.frames(f"{PREFIX}{symbol}", [*found.values()])

    def last(self, symbol: str = "") -> Iterator[list[bytes]]:
        """The newest of an option once more, under the seq it is of; of all of them without one."""
        for name, found in self._last.items():
            if symbol in ("", name):
                yield self._topics.again(f"{PREFIX}{name}", [*found.values()])

    def forget(self, symbol: str) -> None:
        """Nobody reads an option any more: what was newest of it will soon be old."""
        self._last.pop(symbol, None)

    def newest(self, symbol: str) -> Greeks | None:
        """An option's newest greeks for limits; None where there are none."""
        return self._last.get(symbol, {}).get("model")
