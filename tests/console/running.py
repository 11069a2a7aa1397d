"""What the console's tests run, and how it ended; a risk process that answers."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from tapewire.common.events import EVERYTHING, ControlReply, Scope
from tests.places import ROOT


class Ended(NamedTuple):
    """A command that has ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


Tapewire = Callable[..., Ended]


@contextmanager
def simulator(*arguments: str) -> Iterator[int]:
    """A simulated TWS on a free port, which is given."""
    command = [sys.executable, "-m", "tapewire.simulator", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline().rsplit(":", 1)[1])
        finally:
            process.terminate()
            process.wait(10)


def answering(asked: list[tuple[object, ...]]):
    """A risk that does what it is asked; `asked` gets action, reason and scope."""

    def ask(_group, action: str, reason: str, scope: Scope = EVERYTHING) -> ControlReply:
        asked.append((action, reason, str(scope)))
        state = "HALTED" if scope == EVERYTHING else "ACTIVE"
        return ControlReply(ok=True, state=state, text=reason)  # type: ignore[arg-type]

    return ask
