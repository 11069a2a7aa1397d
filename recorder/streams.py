"""What is known of the streams that were recorded: how far each goes, and where it has holes.

The seq of a tick topic counts its messages, that of a journaled stream its events. Within an epoch
each is one higher than the one before, so a number that is missing is something that was not
recorded: the socket was full, the disk was, or the recorder did not run. What is missing at the
end of an epoch, before a source was started again, nobody can know.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec


class Hole(msgspec.Struct, frozen=True):
    """Messages (of ticks) or events that are missing between two that were recorded, and the times
    of those two (UTC)."""

    after_seq: int
    before_seq: int
    from_ns: int
    to_ns: int

    @property
    def missing(self) -> int:
        """How many are missing."""
        return self.before_seq - self.after_seq - 1


class Stretch(msgspec.Struct):
    """What one file has of one epoch of a source: the first and the last seq and their times, and
    the holes between them. `backward` counts seqs that are below the one before."""

    source: str
    epoch: str
    first_seq: int
    last_seq: int
    first_ns: int
    last_ns: int
    holes: list[Hole] = []
    backward: int = 0

    def take(self, seq: int, ts_ns: int, count: int = 1) -> None:
        """The next `count` seqs, from `seq` on; the last one may come again, where a message has
        ticks on both sides of midnight."""
        if seq > self.last_seq + 1:
            self.holes.append(Hole(self.last_seq, seq, self.last_ns, ts_ns))
        elif seq < self.last_seq:
            self.backward += 1
        self.last_seq, self.last_ns = max(self.last_seq, seq + count - 1), ts_ns


class Stretches:
    """The stretches of one file, while it is made or read."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Stretch] = {}

    def __iter__(self) -> Iterator[Stretch]:
        return iter(self._known.values())

    def take(self, source: str, epoch: str, seq: int, ts_ns: int, count: int = 1) -> None:
        """The next `count` seqs of an epoch, from `seq` on."""
        found = self._known.get((source, epoch))
        if found is None:
            last = seq + count - 1
            self._known[source, epoch] = Stretch(source, epoch, seq, last, ts_ns, ts_ns)
        else:
            found.take(seq, ts_ns, count)


class Between(NamedTuple):
    """A hole between two files: the stretch that comes after it is of the file `at`."""

    at: int
    stretch: Stretch
    hole: Hole


def between(files: Sequence[Iterable[Stretch]]) -> Iterator[Between]:
    """The holes from one file to another, of all files of a symbol or a source."""
    pieces = [(one, at) for at, stretches in enumerate(files) for one in stretches]
    pieces.sort(key=lambda piece: (piece[0].source, piece[0].epoch, piece[0].first_seq))
    before: Stretch | None = None
    for stretch, at in pieces:
        if before is not None and (before.source, before.epoch) == (stretch.source, stretch.epoch):
            if stretch.first_seq > before.last_seq + 1:
                yield Between(
                    at,
                    stretch,
                    Hole(before.last_seq, stretch.first_seq, before.last_ns, stretch.first_ns),
                )
            if stretch.last_seq <= before.last_seq:
                continue
        before = stretch
