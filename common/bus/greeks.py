"""Greeks on the bus: one topic per option, `greeks.SYMBOL`, with the last values for joiners.

Greeks are a state, not a stream of changes: the newest of each basis is what counts. So what came
within a short time leaves as one message, at most four events of an option.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from tapewire.common.bus import wire
from tapewire.common.events import Greeks

PREFIX: Final = "greeks."


class GreeksPublisher:
    """The writing end of the topics of greeks."""

    def __init__(self, source: str, epoch: str) -> None:
        self.source = source
        self.epoch = epoch
        self._seqs: dict[str, int] = {}
        self._last: dict[str, dict[str, Greeks]] = {}  # by symbol and basis

    def publish(self, greeks: Iterable[Greeks]) -> Iterator[list[bytes]]:
        """The frames of one message per option, with what is newest of each basis."""
        new: dict[str, dict[str, Greeks]] = {}
        for one in greeks:
            new.setdefault(one.symbol, {})[one.basis] = one
        for symbol, found in new.items():
            self._last.setdefault(symbol, {}).update(found)
            self._seqs[symbol] = self._seqs.get(symbol, 0) + 1
            yield self._frames(symbol, found)

    def last(self, symbol: str = "") -> Iterator[list[bytes]]:
        """The newest of an option once more, under the seq it is of; of all of them without one."""
        for name, found in self._last.items():
            if symbol in ("", name):
                yield self._frames(name, found)

    def forget(self, symbol: str) -> None:
        """Nobody reads an option any more: what was newest of it will soon be old."""
        self._last.pop(symbol, None)

    def newest(self, symbol: str) -> Greeks | None:
        """An option's newest greeks for limits; None where there are none."""
        return self._last.get(symbol, {}).get("model")

    def _frames(self, symbol: str, found: dict[str, Greeks]) -> list[bytes]:
        seq = self._seqs[symbol]
        body = wire.encode_batch(self.source, self.epoch, seq, [*found.values()])
        return [wire.topic(f"{PREFIX}{symbol}"), body]
