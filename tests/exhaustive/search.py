"""The search: each state once, in an order that has a bit of everything when the time is over."""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from tapewire.virtual.node import Build
from tests.exhaustive.group import Group
from tests.exhaustive.judge import Broken, Coverage, Judge, uncovered
from tests.exhaustive.scenario import Scenario
from tests.exhaustive.system import State, System

CALM: Final = 0.95
LEFT_OUT: Final = """\
Left out: faults beyond the bound; more than one account, instrument, strategy and login; processes
that stay away, stand still, or have a wrong clock; disks that fill up or lose what they confirmed;
published events that are late, but for those that a fault holds back; checkpoints.
The simulation has these (python -m tests.simulation)."""


@dataclass
class Found:
    """What a search came to. `fault` is empty, and `path` too, if nothing is wrong with what it has
    seen; `is_whole` says that this was everything within the bounds, `is_shortest` that no path to
    something broken is shorter."""

    scenario: str
    faults: int
    fault: str = ""
    path: list[str] = field(default_factory=list)
    is_shortest: bool = False
    is_whole: bool = False
    states: int = 0
    transitions: int = 0
    depth: int = 0
    at_rest: int = 0
    ran: int = 0
    seconds: float = 0.0
    covered: Coverage = field(default_factory=set)

    def shown(self) -> dict[str, Any]:
        """In JSON values."""
        return {
            **{key: value for key, value in vars(self).items() if key != "covered"},
            "covered": sorted(f"{state} {kind}" for state, kind in self.covered),
            "uncovered": [f"{state} {kind}" for state, kind in uncovered(self.covered)],
        }


class Search:
    """Goes through everything that can happen in a scenario."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        faults: int,
        instants: int,
        replaced: Mapping[str, Build] | None = None,
    ) -> None:
        group = Group(scenario, replaced)
        self.judge = Judge(group)
        self.system = System(group, self.judge, faults=faults, instants=instants)
        self.found = Found(scenario.name, faults)
        self._at = self.system.first
        self._came: dict[State, tuple[State | None, int]] = {}  # by which state, and how deep it is

    def run(self, seconds_max: float, states_max: int = 0) -> Found:
        """Search for at most `seconds_max` of this process's own time, and `states_max` states (0:
        no bound). What breaks an invariant is looked for once more, the nearest states first."""
        found, began_s = self.found, time.process_time()
        try:
            found.is_whole = self._wander(began_s + seconds_max, states_max)
        except Broken as broken:
            found.fault, found.path = str(broken), self._path()
            self._shorten(time.process_time() + max(10.0, time.process_time() - began_s))
        found.seconds = round(time.process_time() - began_s, 1)
        found.ran = sum(machine.stepped for machine in self.system.group.machines)
        found.at_rest, found.covered = self.judge.judged, self.judge.covered
        return found

    def _wander(self, until_s: float, states_max: int) -> bool:
        """From any state that was left behind on to an end, leaving behind what else could have
        happened on the way, until nothing is left behind: whether it came to that."""
        found, rng, left = self.found, Random(1), [self.system.first]
        self._came = {self.system.first: (None, 0)}
        while left:
            if 0 < states_max <= found.states or time.process_time() > until_s:
                return False
            number = rng.randrange(len(left))
            left[number], left[-1] = left[-1], left[number]
            state: State | None = left.pop()
            while state is not None:
                news = self._news(state)
                found.depth = max(found.depth, self._came[state][1])
                state = _chosen(news, rng)
                left += news
            found.states = len(self._came)
        return True

    def _shorten(self, until_s: float) -> None:
        """Breadth first, through what is known by now, to the nearest state that is broken."""
        self._came = {self.system.first: (None, 0)}
        queue = deque(self._came)
        try:
            while queue and time.process_time() < until_s:
                queue.extend(self._news(queue.popleft()))
        except Broken as broken:
            self.found.fault, self.found.path = str(broken), self._path()
            self.found.is_shortest = True

    def _news(self, state: State) -> list[State]:
        """The states that follow one and were not come to before. Raises `Broken`."""
        self._at, depth, is_end = state, self._came[state][1] + 1, True
        news = []
        for step in self.system.steps(state):
            is_end = False
            self.found.transitions += 1
            if step.state not in self._came:
                self._came[step.state] = state, depth
                news.append(step.state)
        if is_end:
            self.system.trying = "at rest"
            self.judge.at_rest(state)
        return news

    def _path(self) -> list[str]:
        """What has happened up to now, in words, and what happens at the moment."""
        path, state = [self.system.trying], self._at
        while (before := self._came[state][0]) is not None:
            path.append(next(one.what for one in self.system.steps(before) if one.state == state))
            state = before
        return path[::-1]


def _chosen(news: list[State], rng: Random) -> State | None:
    """Where to go on: mostly without a fault, or all of them would happen at the beginning."""
    if not news:
        return None
    most = max(one.faults for one in news)
    calm = [number for number, one in enumerate(news) if one.faults == most]
    is_calm = rng.random() < CALM
    return news.pop(rng.choice(calm) if is_calm else rng.randrange(len(news)))
