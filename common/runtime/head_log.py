"""The head of risk's journal, written elsewhere as well: a file to which lines are only added.

A journal's chain shows that its records belong together, and the memories of the group's processes
that none is missing (see `heads`). All of that lies in the run directory. Whoever can write there
can rewrite all of it together. So risk also writes the head of its journal to a file whose place
you choose (`risk.audit_path`): on another disk, on a share, or made append-only. Each line is a
head, and a head names all that is before it. So the file shows that a journal was cut, or rewritten
as a whole, and between which of its heads.

What could go wrong, and why this is enough
-------------------------------------------
*   *A crash between a record and its head.* A head is written once its records are durable, so the
    file is behind the journal, or as far, and never ahead: it is a lower bound, and a journal that
    has grown since is sound. The last second before a crash is not covered.
*   *A crash while a line is written.* Half a line is not JSON, and is passed over. The next line
    begins on a line of its own.
*   *A place that does not answer*, as a share may not. Lines are written by a thread of their own.
    Risk never waits for it, and of what waits only the newest head is written.
*   *A loss of power.* Of journals that do not wait for the disk (`storage.synchronous` NORMAL) a
    head counts only until the machine has restarted, as in `heads`.
*   *A journal that is shorter on purpose*, as after `tapewire journals accept`. A line says so, and
    who decided it: the heads before it are not held against the journal any more.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from tapewire.common import roles
from tapewire.common.config.settings import Config
from tapewire.common.runtime.boot import boot_id
from tapewire.common.runtime.head_file import FOLDER
from tapewire.common.runtime.heads import Remembered
from tapewire.common.runtime.journal import Head

NAME: Final = "audit.jsonl"
CLOSE_MAX_S: Final = 1.0
END_BYTES: Final = 65_536
NEWLINE: Final = b"\n"


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """A head as it was written at `ts_ns` (UTC). `boot` names the machine's start; `accepted` is
    why a person went on with a journal that is not what the lines before say."""

    ts_ns: int
    seq: int
    chain: str
    durable: bool = True
    boot: str = ""
    accepted: str = ""

    @property
    def head(self) -> Head:
        """The head."""
        return Head(self.seq, self.chain)


def path_of(config: Config) -> Path:
    """Where a configuration's group writes it: `risk.audit_path`, or in the run directory."""
    return config.risk.audit_path or config.run_dir / FOLDER / NAME


def read(path: Path, last_bytes: int | None = None) -> list[Line]:
    """Every line that is whole, the oldest first; of the file's last bytes alone, where so many are
    given. Raises `OSError` if the file cannot be read."""
    with path.open("rb") as file:
        if last_bytes is not None:
            file.seek(max(0, path.stat().st_size - last_bytes))
        content = file.read()
    found = []
    for text in content.split(NEWLINE):
        try:
            found.append(msgspec.json.decode(text, type=Line))
        except msgspec.MsgspecError:
            continue  # half a line, or the empty one behind the last
    return found


def counted(lines: list[Line], boot: str) -> Iterator[Line]:
    """The lines that the journal must agree with in this start of the machine: those from the
    newest one on that a person has accepted."""
    accepted = [number for number, line in enumerate(lines) if line.accepted]
    for line in lines[accepted[-1] if accepted else 0 :]:
        if line.durable or line.boot == boot:
            yield line


def newest(path: Path, boot: str) -> Line | None:
    """The newest line that the journal must agree with; None if there is none. The file may be
    long: only its end is looked at, where that has one. Raises `OSError` as `read` does."""
    for last_bytes in (END_BYTES, None):
        if lines := [*counted(read(path, last_bytes), boot)]:
            return lines[-1]
    return None


def append(path: Path, line: Line) -> None:
    """Add a line, and bring it to the disk; raises `OSError` if that fails."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        torn = NEWLINE if _ends_within_a_line(file.fileno()) else b""
        file.write(torn + msgspec.json.encode(line) + NEWLINE)
        os.fsync(file.fileno())


def accept(path: Path, head: Head, reason: str) -> None:
    """Write down that a person goes on with a journal whose head this is."""
    append(path, Line(time.time_ns(), head.seq, head.chain, accepted=reason or "no reason"))


def _ends_within_a_line(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != NEWLINE


class HeadLog:
    """The file, for risk while it runs. `say` is called once when it cannot be written, and
    once when it can be again."""

    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        self.path = path
        self.fault = ""
        self._say = say
        self._boot = boot_id()
        self._noted: Remembered | None = None
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._waiting: Line | None = None
        self._closing = False
        self._thread: threading.Thread | None = None

    def __repr__(self) -> str:
        return f"<HeadLog {self.path}{': ' + self.fault if self.fault else ''}>"

    def newest(self) -> Remembered | None:
        """The newest head that the journal must hold; None if there is none, or if it cannot be
        read, which costs the check and must not keep risk from running."""
        try:
            line = newest(self.path, self._boot)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._failed(error)
            return None
        if line is None:
            return None
        self._noted = Remembered(line.seq, line.chain, line.durable)
        return self._noted

    def note(self, head: Remembered) -> None:
        """Have it written, if it is news or could not be written before; returns at once."""
        if not head.seq or (head == self._noted and not self.fault):
            return
        self._noted = head
        with self._lock:
            self._waiting = Line(time.time_ns(), head.seq, head.chain, head.durable, self._boot)
        self._wake.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Write what waits; a place that does not answer is not waited for long."""
        self._closing = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(CLOSE_MAX_S)

    def _run(self) -> None:
        """The thread: the newest of what waits, until it has to end."""
        while self._wake.wait():
            self._wake.clear()
            with self._lock:
                line, self._waiting = self._waiting, None
            if line is not None:
                self._append(line)
            if self._closing and self._waiting is None:
                return

    def _append(self, line: Line) -> None:
        try:
            append(self.path, line)
        except OSError as error:
            self._failed(error)
        else:
            if self.fault:
                self._say(f"{self.path} can be written again")
            self.fault = ""

    def _failed(self, error: OSError) -> None:
        fault = f"the head of risk's journal is not written to {self.path}: {error.strerror}"
        if fault != self.fault:
            self._say(f"{fault}; make it a file that risk can write, or correct risk.audit_path")
        self.fault = fault


def log_of(role: str, config: Config, say: Callable[[str], None]) -> HeadLog | None:
    """The file that a role writes its head to; only risk has one."""
    return HeadLog(path_of(config), say) if role == roles.RISK else None
