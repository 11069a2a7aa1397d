"""supervisord as it comes, but for what a full disk does to it, and for how soon it starts again
what has died; and for the group of a command that has ended, which ends with it.

A dead process is started again at once. As it comes, supervisord starts it up to two seconds later
where nothing else happens: its loop waits a second for output and requests, and a signal does not
end that wait, not even that of a death. The next pass finds the death, and the one after it starts
the process again. What dies within a second of its start is still given longer and longer.

With this, a log that cannot be written costs its line. As it comes, it costs more. What goes wrong
with a log is printed to standard error, which is on the same disk: that raises in turn, and ends
supervisord. While it reads the output of a program, it closes that program's pipe instead, and the
program dies of its next line. A log that reaches its size just when the disk is full cannot be
rotated, and stays closed. And a program whose log cannot be opened, as on a disk that has become
read-only, is not started at all, and given up soon.
"""

import contextlib
import errno
import os
import signal
import sys
from functools import partial
from typing import Any, Final, TextIO, cast

from supervisor import loggers, supervisord
from supervisor.states import SupervisorStates

from tapewire.common.runtime.logs import Lenient

PARENT: Final = "GROUP_PARENT"
"""The variable with the process that the group ends with; without it, it ends with nobody's."""


class Rotating(loggers.RotatingFileHandler):  # type: ignore[misc]  # supervisor has no types
    """A log that goes on where it cannot be rotated, and begins where it cannot be opened."""

    def __init__(self, filename: str, *arguments: Any, **options: Any) -> None:
        try:
            super().__init__(filename, *arguments, **options)
        except OSError as error:
            if error.errno != errno.EROFS:
                raise
            super().__init__(os.devnull, *arguments, **options)
            self.baseFilename = filename

    def emit(self, record: Any) -> None:
        """Write it; a log that could not be opened is tried again."""
        if self.stream.name == os.devnull:
            with contextlib.suppress(OSError):
                self.reopen()
        super().emit(record)

    def reopen(self) -> None:
        """Open the file once more, and only then let go of what there is."""
        fresh = open(self.baseFilename, self.mode)  # noqa: SIM115 - it stays open
        self.close()
        self.stream, self.closed = fresh, False

    def doRollover(self) -> None:  # noqa: N802 - supervisor's name
        """Rotate it; on a full disk, append to what there is."""
        try:
            super().doRollover()
        except (OSError, ValueError):  # ValueError: it was closed in an earlier attempt
            with contextlib.suppress(OSError):
                self.close()
            with contextlib.suppress(OSError):
                self.reopen()


class Waker:
    """Ends the wait of supervisord's loop when a signal comes; one of the things it waits for."""

    def __init__(self) -> None:
        self.descriptor, self._writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)

    def close(self) -> None:
        """Wake nobody any more."""
        signal.set_wakeup_fd(-1)
        os.close(self.descriptor)
        os.close(self._writing)

    def readable(self) -> bool:
        """It is always waited for."""
        return True

    def writable(self) -> bool:
        """Nothing is written to it."""
        return False

    def handle_read_event(self) -> None:
        """The wait is over, and that was all."""
        with contextlib.suppress(BlockingIOError):
            os.read(self.descriptor, 4096)

    def handle_error(self) -> None:
        """What supervisord asks for where a read fails, which this one does not."""


class Prompt(supervisord.Supervisor):  # type: ignore[misc]
    """Finds at once what has died, and starts it again in the same pass of its loop. With a
    `parent`, it stops all processes in order and ends as soon as that is not its parent any more.
    """

    def __init__(self, options: Any, parent: int | None = None) -> None:
        super().__init__(options)
        self._parent = parent

    def runforever(self) -> None:
        """Its loop, woken by signals."""
        waker = Waker()
        self.options.get_socket_map()[waker.descriptor] = waker
        try:
            super().runforever()
        finally:
            self.options.get_socket_map().pop(waker.descriptor, None)
            waker.close()

    def reap(self, once: bool = False, recursionguard: int = 0) -> None:
        """Take note of all that died, and go on with what follows from that."""
        super().reap(once, recursionguard)
        if not recursionguard:
            for group in self.process_groups.values():
                group.transition()

    def handle_signal(self) -> None:
        """Take note of a signal, and of the end of the parent, which sends none."""
        super().handle_signal()
        gone = self._parent is not None and os.getppid() != self._parent
        if gone and self.options.mood > SupervisorStates.SHUTDOWN:
            self.options.logger.warn(f"process {self._parent}, which started the group, is gone")
            self.options.mood = SupervisorStates.SHUTDOWN


def main() -> None:
    """Run supervisord; its arguments are this program's."""
    sys.stdout = cast(TextIO, Lenient(sys.stdout))
    sys.stderr = cast(TextIO, Lenient(sys.stderr))
    loggers.RotatingFileHandler = Rotating
    parent = os.environ.pop(PARENT, None)  # of this supervisord, not of one that a process starts
    supervisord.Supervisor = partial(Prompt, parent=int(parent) if parent else None)
    supervisord.main()


if __name__ == "__main__":
    main()
