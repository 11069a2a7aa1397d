"""What a strategy keeps over restarts: one value, bounded, in one file that is whole or not."""

import os
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

STATE_MAX_BYTES: Final = 1024 * 1024


class Store(Protocol):
    """Where the bytes of a strategy's state are kept."""

    def read(self) -> bytes | None:
        """What was written last; None if nothing was."""

    def write(self, data: bytes) -> None:
        """Put `data` in the place of what was there; raises OSError and leaves that."""

    def beside(self, what: str) -> "Store":
        """Another one, for something else of the same strategy."""


class FileStore:
    """A file of this user alone; a crash leaves the old or the new content, never a part."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(mode=0o700, exist_ok=True)

    def read(self) -> bytes | None:
        """The file's content."""
        return self._path.read_bytes() if self._path.exists() else None

    def beside(self, what: str) -> "FileStore":
        """A file of the same name that ends otherwise."""
        return FileStore(self._path.with_name(f"{self._path.name}.{what}"))

    def write(self, data: bytes) -> None:
        """Written beside it, then put in its place."""
        partial = self._path.with_name(f"{self._path.name}.partial")
        with open(partial, "wb", opener=_private) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._path)


class State:
    """The value of the strategy `name`: what was kept, and what is to be written."""

    def __init__(self, name: str, kept: bytes | None = None) -> None:
        self._name = name
        self._kept = kept
        self._unwritten = False

    def save(self, value: Any) -> None:
        """Keep `value` as it is at this moment; raises ValueError or TypeError if it cannot be."""
        data = msgspec.msgpack.encode(value)
        if len(data) > STATE_MAX_BYTES:
            raise ValueError(
                f"the state of strategy {self._name} has {len(data)} bytes,"
                f" expected at most {STATE_MAX_BYTES}; what was saved before stays"
            )
        self._kept, self._unwritten = data, True

    def load(self) -> Any:
        """The value kept last, None if there is none."""
        if self._kept is None:
            return None
        try:
            return msgspec.msgpack.decode(self._kept)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise ValueError(f"the saved state of strategy {self._name}: {error}") from error

    def take(self) -> bytes | None:
        """What is to be written now; None if it is written already."""
        unwritten, self._unwritten = self._unwritten, False
        return self._kept if unwritten else None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
