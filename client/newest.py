"""The newest of each kind: what a slow reader gets of a fast stream."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Newest(Generic[T]):
    """Values by key for any number of readers. For each of them at most one value per key waits:
    the newest that it has not read."""

    def __init__(self) -> None:
        self._readers: set[_Reader[T]] = set()
        self._is_over = False

    def put(self, key: Hashable, value: T) -> int:
        """A value takes the place of the last one of its key; returns for how many readers that was
        not read yet."""
        return sum(reader.put(key, value) for reader in self._readers)

    def end(self) -> None:
        """Nothing more comes."""
        self._is_over = True
        for reader in self._readers:
            reader.there.set()

    async def read(self) -> AsyncIterator[T]:
        """What comes from now on, each value that was put longest ago first."""
        reader: _Reader[T] = _Reader()
        self._readers.add(reader)
        try:
            while not self._is_over:
                if reader.values:
                    yield reader.values.pop(next(iter(reader.values)))
                else:
                    reader.there.clear()
                    await reader.there.wait()
        finally:
            self._readers.discard(reader)


class _Reader(Generic[T]):
    def __init__(self) -> None:
        self.values: dict[Hashable, T] = {}
        self.there = asyncio.Event()

    def put(self, key: Hashable, value: T) -> bool:
        was_unread = self.values.pop(key, None) is not None
        self.values[key] = value
        self.there.set()
        return was_unread
