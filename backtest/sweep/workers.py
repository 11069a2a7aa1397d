"""Who makes the runs of a sweep: one seam, behind which are this machine's cores or a cluster."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol

from tapewire.backtest.sweep.forks import Done, forked
from tapewire.backtest.sweep.trial import Settings, Task, encoded


class Workers(Protocol):
    """Makes runs, several at a time, in any order; a run's result depends on its task alone."""

    @property
    def described(self) -> str:
        """How it works, for a person: `running 4 at a time`."""

    def do(
        self, settings: Settings, tasks: Sequence[Task], look: Callable[[], None]
    ) -> Iterator[Done[Task]]:
        """Make the runs; each result, a trial as JSON, as it comes. `look` is called several times
        per second, and may raise to end it: what is under way then is thrown away."""


class Cores:
    """This machine's cores: each run in a fork of this process, `jobs` at a time."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs

    @property
    def described(self) -> str:
        """See `Workers.described`."""
        return f"running {self._jobs} at a time"

    def do(
        self, settings: Settings, tasks: Sequence[Task], look: Callable[[], None]
    ) -> Iterator[Done[Task]]:
        """See `Workers.do`."""
        return forked(partial(encoded, settings), tasks, self._jobs, look)
