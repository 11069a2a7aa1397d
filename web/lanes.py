"""Lanes: how many threads each kind of request has, so that none waits for another kind.

*   Halts have a lane for each group. Where risk is hung a halt takes seconds to say so; one of
    another group must not wait behind it.
*   Actions wait for risk, the executor and the broker, and none of them for a page that reads.
*   What is read from journals, logs or the broker may take long, and takes the interpreter from
    everybody else here meanwhile. Few run at a time; a halt gets through between them.
*   What is in memory already is quick: a page can always be opened.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from anyio import CapacityLimiter

from tapewire.web.routes import HALT, Route

HALTS: Final = 16
ACTS: Final = 8
SLOW: Final = 2
QUICK: Final = 8


class Lanes:
    """The lanes of one console, which shows these groups."""

    def __init__(self, groups: Iterable[str]) -> None:
        self._halts = {name: CapacityLimiter(HALTS) for name in groups}
        self._acts = CapacityLimiter(ACTS)
        self._slow = CapacityLimiter(SLOW)
        self._quick = CapacityLimiter(QUICK)

    def of(self, route: Route, path: Mapping[str, str]) -> CapacityLimiter:
        """The lane of a request with these names in its path."""
        if route.path == HALT:  # one of no group here is refused at once
            return self._halts.get(path["group"], self._quick)
        if route.method == "POST":
            return self._acts
        return self._slow if route.is_slow else self._quick
