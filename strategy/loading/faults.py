"""What went wrong in a strategy's own code: the error in one line, with the file and the line."""

import traceback
from typing import Any, NamedTuple

from tapewire.common.own_code import located


class Failure(NamedTuple):
    """A callback of a strategy that raised, the `number`-th of the `allowed`. As text it is a
    sentence; `error` is the exception with its place, `traceback` all of it, with line ends."""

    strategy: str
    error: str
    subject: str
    number: int
    allowed: int
    traceback: str

    def __str__(self) -> str:
        rest = "it gets nothing more" if self.number >= self.allowed else "it continues"
        return (
            f"strategy {self.strategy} raised {self.error}, failure {self.number} of"
            f" {self.allowed}, on {self.subject}; {rest}"
        )


def failure(
    strategy: str, error: BaseException, subject: Any, number: int, allowed: int
) -> Failure:
    """What became of a callback, from what it raised."""
    whole = "".join(traceback.format_exception(error))
    return Failure(strategy, located(error), f"{subject!r:.500}", number, allowed, whole)
