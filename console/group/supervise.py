"""supervisord as it comes, but for what a full disk does to it.

With this, a log that cannot be written costs its line. As it comes, it costs more. What goes wrong
with a log is printed to standard error, which is on the same disk: that raises in turn, and ends
supervisord. While it reads the output of a program, it closes that program's pipe instead, and the
program dies of its next line. And a log that reaches its size just when the disk is full cannot be
rotated, and stays closed.
"""

import contextlib
import sys
from typing import TextIO, cast

from supervisor import loggers, supervisord

from tapewire.common.runtime.logs import Lenient


class Rotating(loggers.RotatingFileHandler):  # type: ignore[misc]  # supervisor has no types
    """A log that goes on where it cannot be rotated."""

    def doRollover(self) -> None:  # noqa: N802 - supervisor's name
        """Rotate it; on a full disk, append to what there is."""
        try:
            super().doRollover()
        except (OSError, ValueError):  # ValueError: it was closed in an earlier attempt
            with contextlib.suppress(OSError):
                self.close()
            with contextlib.suppress(OSError):
                self.reopen()


def main() -> None:
    """Run supervisord; its arguments are this program's."""
    sys.stdout = cast(TextIO, Lenient(sys.stdout))
    sys.stderr = cast(TextIO, Lenient(sys.stderr))
    loggers.RotatingFileHandler = Rotating
    supervisord.main()


if __name__ == "__main__":
    main()
