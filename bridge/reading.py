"""Reading the mirror in NATS, without an event loop of the caller's: for commands, and for tests.

`MirrorJournal` is a journal that can only be read, by the port that all journals have. So whatever
reads or verifies a journal does the same with its mirror.
"""

import asyncio
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from tapewire.bridge.engine import End, Line, MirrorError, stream_name
from tapewire.bridge.login import Login
from tapewire.bridge.nats_streams import Streams, connect
from tapewire.common.config.cluster import ClusterConfig
from tapewire.common.events import Event
from tapewire.common.runtime.journal import (
    GENESIS,
    AtOnce,
    Head,
    JournalDamagedError,
    JournalError,
    verified,
)

T = TypeVar("T")
CHUNK: Final = 1_000
TRIES: Final = 20
PAUSE_S: Final = 0.25


class Mirrors:
    """The mirrors of a configuration, over one connection; use it in a `with`. Raises
    `MirrorError` where nobody answers."""

    def __init__(self, config: ClusterConfig, login: Login) -> None:
        self._config = config
        self._runner = asyncio.Runner()
        self._client = self._run_first(config, login)
        self._streams = Streams(self._client, config)

    def __repr__(self) -> str:
        return f"<Mirrors {self._config.prefix}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._runner.run(self._client.close())
        self._runner.close()

    def generations(self, role: str) -> list[int]:
        """Of a role's streams, oldest first."""
        return self._runner.run(self._streams.generations(role))

    def end(self, role: str, generation: int = 0) -> End | None:
        """How far a stream goes; generation 0 is the newest. None if there is none."""
        found = generation or max(self.generations(role), default=0)
        return self._runner.run(self._streams.end(role, found)) if found else None

    def leader(self, role: str, generation: int) -> str | None:
        """The name of the node that leads a stream; None while there is none."""
        name = stream_name(self._config.prefix, role, generation)
        info = self._runner.run(self._streams.info(name))
        return info.cluster.leader if info.cluster is not None else None

    def begin(self, role: str) -> int:
        """Make the next stream of a role, beside those that there are; its generation."""
        generation = max(self.generations(role), default=0) + 1
        self._runner.run(self._streams.make(role, generation))
        return generation

    def journal(self, role: str, generation: int = 0, last: int = 0) -> "MirrorJournal | None":
        """A stream as a journal, up to record `last` if that is given; None if there is none.
        Raises `JournalDamagedError` for one that lacks records."""
        end = self.end(role, generation)
        if end is None:
            return None
        if end.fault:
            raise JournalDamagedError(end.fault)
        if 0 < last < end.seq:
            end = end._replace(seq=last, tail=[self.message(end.stream, last)])
        return MirrorJournal(self, end)

    def longer(self, role: str) -> End | None:
        """The longest of a role's older streams that has more records than its newest; None if
        there is no such one."""
        *older, newest = [self.end(role, one) for one in self.generations(role)] or [None]
        found = [one for one in older if one and newest and one.seq > newest.seq]
        return max(found, key=lambda one: one.seq, default=None)

    def lines(self, role: str, generation: int = 0) -> Iterator[Line]:
        """All records of a stream as they are there, without a look at what they are."""
        end = self.end(role, generation)
        seq = 1
        while end is not None and seq <= end.seq:
            found = self.read(end.stream, seq, min(CHUNK, end.seq - seq + 1))
            yield from found
            seq = found[-1].seq + 1

    def read(self, stream: str, seq: int, limit: int) -> list[Line]:
        """Up to `limit` records of a stream from `seq` on, at least one; those must be there. Asks
        again where a replica answers that is behind, or nobody does."""
        for attempt in range(TRIES):
            try:
                if found := self._runner.run(self._streams.read(stream, seq, limit)):
                    return found
            except MirrorError:
                if attempt == TRIES - 1:
                    raise
            self._runner.run(asyncio.sleep(PAUSE_S))
        raise MirrorError(f"record {seq} of {stream} was not to be had from any replica")

    def message(self, stream: str, seq: int) -> Line:
        """One record, by the leader's word."""
        return self._runner.run(self._streams.message(stream, seq))

    def _run_first(self, config: ClusterConfig, login: Login) -> Any:
        try:
            return self._runner.run(connect(config, login))
        except BaseException:
            self._runner.close()
            raise


class MirrorJournal(AtOnce):
    """One stream, read as a journal, up to where it went when it was opened. Each record is checked
    against the chain that was mirrored with it, and that against the one before."""

    durable = True

    def __init__(self, mirrors: Mirrors, end: End) -> None:
        self.stream = end.stream
        self._mirrors = mirrors
        self._head = Head(end.seq, end.chain)

    def __repr__(self) -> str:
        return f"<MirrorJournal {self.stream}, {self._head.seq} records>"

    @property
    def head(self) -> Head:
        """The last record's number, and the chain up to it."""
        return self._head

    def chain_at(self, seq: int) -> str:
        """The chain up to record `seq`, as it was mirrored; empty for 0 and beyond the end."""
        if not 0 < seq <= self._head.seq:
            return GENESIS
        return self._mirrors.message(self.stream, seq).chain

    def read(self, from_seq: int, limit: int) -> list[bytes]:
        """See `Journal.read`."""
        limit = min(limit, self._head.seq - from_seq + 1)
        if limit < 1:
            return []
        before = from_seq > 1
        lines = self._mirrors.read(self.stream, from_seq - before, limit + before)
        chain = lines.pop(0).chain if before else GENESIS
        if before and not lines:  # a replica that had no more of them
            lines = self._mirrors.read(self.stream, from_seq, limit)
        return verified(f"{self.stream}: ", from_seq, chain, lines)

    def append(self, events: Sequence[Event]) -> int:
        """Nothing can be written here."""
        raise JournalError(f"{self.stream} is a mirror; only a bridge writes to it")

    def close(self) -> None:
        """Nothing to close: the connection is that of all mirrors."""
