"""Carried ids: executions and commissions that were counted, and of which only the id is kept.

A broker reports an execution again after each connection, some for a week. One that was forgotten
would be counted twice. So no id is ever forgotten: what is left of one is 16 bytes, the first 12 of
a hash over what an execution shares with its corrections, then its version, so that an earlier
version can be told from a later one.
"""

import hashlib
import heapq
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Final

from tapewire.common.accounting.exec_ids import execution_key

SIZE: Final = 16
KEY_SIZE: Final = 12
VERSION_MAX: Final = 2**32 - 1
ENTRIES_MAX: Final = 50_000  # in one piece


def execution_entry(exec_id: str) -> bytes | None:
    """The entry of an execution. None if its version is not a number: such an id is kept whole."""
    key = execution_key(exec_id)
    version = exec_id[len(key) + 1 :] or "0"
    if not version.isdecimal() or int(version) > VERSION_MAX:
        return None
    digest = hashlib.blake2b(key.encode(), digest_size=KEY_SIZE).digest()
    return digest + int(version).to_bytes(SIZE - KEY_SIZE, "big")


def commission_entry(exec_id: str) -> bytes:
    """The entry of an execution's commission: a hash over the whole id."""
    return hashlib.blake2b(exec_id.encode(), digest_size=SIZE).digest()


class CarriedIds:
    """A set of entries, packed: a million of them are 16 MB."""

    def __init__(self) -> None:
        self._pieces: list[bytearray] = []

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def __len__(self) -> int:
        return sum(map(len, self._pieces)) // SIZE

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            yield from _entries(piece)

    def add(self, piece: bytes) -> None:
        """Take in sorted entries, as `pieces` makes them. One that goes on where the last one ends
        joins it: each search goes through every piece."""
        if len(piece) % SIZE:
            raise ValueError(f"carried ids have {len(piece)} bytes; it must be a multiple of 16")
        if self._pieces and self._pieces[-1][-SIZE:] < piece[:SIZE]:
            self._pieces[-1] += piece
        elif piece:
            self._pieces.append(bytearray(piece))

    def merged(self, more: Iterable[bytes]) -> Iterator[bytes]:
        """These entries and `more`, each once and sorted, in pieces of bounded size."""
        ordered = heapq.merge(*map(_entries, self._pieces), sorted(more))
        piece, last = bytearray(), b""
        for entry in ordered:
            if entry != last:
                piece += entry
                last = entry
            if len(piece) == ENTRIES_MAX * SIZE:
                yield bytes(piece)
                piece.clear()
        if piece:
            yield bytes(piece)

    def take(self, exec_id: str) -> bool:
        """Whether this execution is among them, in any version; a later one is from now on."""
        entry = execution_entry(exec_id) if self._pieces else None  # which takes a hash
        newest = self.newest(entry) if entry is not None else None
        if entry is None or newest is None:
            return False
        if entry > newest:
            self.add(entry)
        return True

    def __contains__(self, entry: bytes) -> bool:
        return self.newest(entry) == entry

    def newest(self, entry: bytes) -> bytes | None:
        """The highest entry that has the key of this one; None if there is none."""
        key = entry[:KEY_SIZE]
        found = [at for piece in self._pieces if (at := _last(piece, key)) is not None]
        return max(found) if found else None


def _entries(piece: bytearray) -> Iterator[bytes]:
    return (bytes(piece[at : at + SIZE]) for at in range(0, len(piece), SIZE))


def _last(piece: bytearray, key: bytes) -> bytes | None:
    """The last entry of a piece that begins with `key`."""
    count = bisect_right(
        range(len(piece) // SIZE),
        key,
        key=lambda at: bytes(piece[at * SIZE : at * SIZE + KEY_SIZE]),
    )
    entry = bytes(piece[(count - 1) * SIZE : count * SIZE]) if count else b""
    return entry if entry[:KEY_SIZE] == key else None


def pieces(entries: Iterable[bytes]) -> Iterator[bytes]:
    """The entries, each once and sorted, in pieces of bounded size."""
    return CarriedIds().merged(entries)
