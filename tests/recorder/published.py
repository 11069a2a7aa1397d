"""What a group publishes, for tests: frames as the gateway's publishers make them."""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tapewire.common.bus import wire
from tapewire.common.bus.streams import TickPublisher
from tapewire.common.events import Event, FeedRefused, FeedResumed, Quote, Tick, Trade
from tapewire.recorder.folder import CLOSED, OPEN, Folder, SegmentFile
from tapewire.recorder.segments import VERSION, Header, block_piece, header_piece

NOON_NS = 1_704_715_200_000_000_000  # 2024-01-08T12:00:00Z
DAY = "2024-01-08"
EPOCH = "018ce8f1a000"


class Market:
    """A gateway's market and broker streams; remembers all that it published."""

    def __init__(self, seed: int = 1, epoch: str = EPOCH, at_ns: int = NOON_NS) -> None:
        self.epoch = epoch
        self.now_ns = at_ns
        self.ticks: list[Tick] = []
        self.events: list[Event] = []
        self._random = random.Random(seed)
        self._publisher = TickPublisher("gateway", epoch)

    def message(self, symbol: str = "AAPL", count: int = 3) -> list[bytes]:
        """The frames of one message with `count` ticks."""
        ticks = [self._tick(symbol) for _ in range(count)]
        self.ticks += ticks
        return self._publisher.publish(symbol, ticks)

    def messages(self, count: int, symbol: str = "AAPL", ticks: int = 3) -> list[bytes]:
        """The frames of several messages, one after the other."""
        return [frame for _ in range(count) for frame in self.message(symbol, ticks)]

    def report(self) -> list[bytes]:
        """The frames of one journaled batch of two events."""
        seq = len(self.events) + 1
        new = [FeedRefused(self.now_ns, "AAPL", "no"), FeedResumed(self.now_ns, ("AAPL",))]
        self.events += new
        return [wire.topic("gateway"), wire.encode_batch("gateway", self.epoch, seq, new)]

    def of(self, symbol: str) -> list[Tick]:
        """What it published of a symbol."""
        return [tick for tick in self.ticks if tick.symbol == symbol]

    def _tick(self, symbol: str) -> Tick:
        self.now_ns += self._random.randint(0, 3) * 1_000_000
        price = round(self._random.uniform(10, 500), 2)
        size = float(self._random.randint(0, 900))
        if self._random.random() < 0.3:
            return Trade(symbol, self.now_ns, price, size)
        return Quote(symbol, self.now_ns, price, size, price + 0.01, size + 100)


def segment(folder: Folder, number: int, *blocks: list[bytes], end: str = CLOSED) -> str:
    """Write a segment of these blocks; returns its name."""
    folder.prepare()
    name, head = f"{EPOCH}-{number:06d}", header_piece(Header(VERSION, EPOCH, number, NOON_NS))
    file = SegmentFile(folder, name, head)
    for place, frames in enumerate(blocks, 1):
        file.append(block_piece(head, place, NOON_NS, frames))
    if end != OPEN:
        file.close()
    return name


class Killed(BaseException):
    """The process was killed here: nothing behind it happens."""


STEPS = ("replace", "unlink", "mkdir", "fsync", "fdatasync", "truncate", "ftruncate", "write")


@contextmanager
def killed_at(step: int) -> Iterator[list[str]]:
    """Within, the process is killed before it changes anything on the disk for the `step`th time;
    what it yields names the changes so far."""
    done: list[str] = []
    with pytest.MonkeyPatch.context() as patch:

        def watch(name: str) -> None:
            original = getattr(os, name)

            def call(*arguments: object, **named: object) -> object:
                done.append(name)
                if len(done) == step:
                    raise Killed(name)
                return original(*arguments, **named)

            patch.setattr(os, name, call)

        for name in STEPS:
            watch(name)
        yield done


def files(folder: Path, pattern: str) -> list[str]:
    """The files there, by their path inside the folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.glob(pattern))
