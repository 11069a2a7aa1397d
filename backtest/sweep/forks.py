"""Work on several cores: each piece in a fork of this process.

A fork has all that this process has read, in the same memory, and nothing of what another piece
left behind: a strategy that keeps something in its module finds it as it was at first, in whatever
order the pieces are done. A piece whose process dies costs that piece alone.

A fork is put into a process group of its own, so that Ctrl-C reaches the parent alone, which
decides what becomes of the work. No fork outlives its parent: it holds one end of a pipe whose
other end nobody but the parent has, and ends when that is closed.
"""

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from typing import Final, Generic, NamedTuple, TypeVar

Piece = TypeVar("Piece")
LOOK_S: Final = 0.25
_FORK: Final = get_context("fork")


class Done(NamedTuple, Generic[Piece]):
    """A piece and its result, or how its process ended without one."""

    piece: Piece
    result: bytes
    lost: str = ""


def forked(
    work: Callable[[Piece], bytes],
    pieces: Iterable[Piece],
    jobs: int,
    look: Callable[[], None],
) -> Iterator[Done[Piece]]:
    """Do `work` on each piece, on `jobs` at a time; each result as it comes.

    `look` is called several times per second, and may raise to end it: what is under way then is
    thrown away.
    """
    waiting = deque(pieces)
    lifeline = os.pipe()
    busy: dict[Connection, tuple[Piece, ForkProcess]] = {}
    try:
        while waiting or busy:
            while waiting and len(busy) < jobs:
                piece = waiting.popleft()
                connection, process = _started(work, piece, lifeline)
                busy[connection] = (piece, process)
            look()
            for ready in wait(list(busy), LOOK_S):
                assert isinstance(ready, Connection)
                piece, process = busy.pop(ready)
                yield _received(piece, ready, process)
    finally:
        for connection, (_, process) in busy.items():
            process.kill()
            process.join()
            connection.close()
        for end in lifeline:
            os.close(end)


def _started(
    work: Callable[[Piece], bytes], piece: Piece, lifeline: tuple[int, int]
) -> tuple[Connection, ForkProcess]:
    reader, writer = _FORK.Pipe(duplex=False)
    process = _FORK.Process(target=_child, args=(work, piece, writer, lifeline))
    process.start()
    writer.close()
    return reader, process


def _received(piece: Piece, connection: Connection, process: ForkProcess) -> Done[Piece]:
    try:
        result, lost = connection.recv_bytes(), ""
    except (EOFError, OSError):
        result, lost = b"", "its process"
    connection.close()
    process.join()
    return Done(piece, result, lost and f"{lost} {_ended(process.exitcode or 0)}")


def _ended(status: int) -> str:
    if status >= 0:
        return f"ended with status {status}"
    return f"was ended by {signal.Signals(-status).name}"


def _child(
    work: Callable[[Piece], bytes], piece: Piece, writer: Connection, lifeline: tuple[int, int]
) -> None:
    reading, writing = lifeline
    os.close(writing)
    os.setpgid(0, 0)
    threading.Thread(target=_end_with_parent, args=(reading,), daemon=True).start()
    _silence()
    writer.send_bytes(work(piece))


def _end_with_parent(reading: int) -> None:
    os.read(reading, 1)
    os._exit(1)


def _silence() -> None:
    """What a strategy prints in a thousand runs is of no use to anybody."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__  # a notebook has put others there
