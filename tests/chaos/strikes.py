"""What happens to the group: one strike after the other, each with its end."""

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tapewire.common import roles
from tapewire.console.group import control
from tests.chaos import link_points
from tests.chaos.brokers import Brokers
from tests.chaos.points import TWS, Folder, Point
from tests.chaos.proxy import Proxy
from tests.chaos.setup import Setup
from tests.pipeline.full_disk import fill
from tests.pipeline.running import Running
from tests.simulation.both import wrong
from tests.waiting import looked

REACHED_S: Final = 3.0
"""A point that no order has reached in that time is given up: its process is killed without it."""
PASSES_MAX: Final = 3
STOPPED_S: Final = (0.2, 5.0)
FAULT_S: Final = (0.3, 4.0)
FULL: Final = "full disk"


def is_too_late(point: Point) -> bool:
    """Where nobody is stopped: between the last look at a halt and the write itself a process can
    always be stopped, and the write comes late. Nothing that the group could do would help."""
    if point.when == "after":
        return False
    own = point.what == TWS and roles.has_broker(point.role)
    return own or (point.what == link_points.ORDER and bool(link_points.login_of(point.role)))


class Strikes:
    """Chooses by its seed, strikes, and ends what it has begun. `struck` counts what there was,
    `points` which points were reached, `kills` how many processes were killed. `met` are the logins
    that the last strike has met."""

    def __init__(
        self,
        running: Running,
        brokers: Brokers,
        folder: Folder,
        rng: random.Random,
        disk: Path | None,
        setup: Setup,
    ) -> None:
        self.struck: Counter[str] = Counter()
        self.points: Counter[str] = Counter()
        self.kills = 0
        self.met: set[str] = set()
        self._running, self._brokers, self._folder = running, brokers, folder
        self._rng, self._disk, self._setup = rng, disk, setup
        kinds = {**KINDS, **OF_PROJECTX} if setup.linked else KINDS
        kinds = {name: one for name, one in kinds.items() if disk is not None or name != FULL}
        self._kinds, self._weights = kinds, [one[0] for one in kinds.values()]

    def strike(self) -> dict[str, int]:
        """One strike, to its end; the processes that must come back, with the ids that they had."""
        (kind,) = self._rng.choices([*self._kinds], self._weights)
        self.struck[kind] += 1
        self.met.clear()
        return self._kinds[kind][1](self)

    # ---- processes -------------------------------------------------------------------------------

    def kill(self) -> dict[str, int]:
        return self._kill(self._rng.choice(self._setup.victims))

    def kill_two(self) -> dict[str, int]:
        one, other = self._rng.sample(self._setup.victims, 2)
        return self._kill(one) | self._kill(other)

    def kill_at_a_point(self) -> dict[str, int]:
        point = self._rng.choice(self._setup.points)
        before = self._pid(point.role)
        if not self._reach(point, signal.SIGKILL):
            return self._kill(point.role)
        self.kills += 1
        return self._comes_back(point.role, before)

    def stop(self) -> dict[str, int]:
        pid = self._pid(self._rng.choice(self._setup.victims))
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
        self._go_on(pid)
        return {}

    def stop_at_a_point(self) -> dict[str, int]:
        point = self._rng.choice([one for one in self._setup.points if not is_too_late(one)])
        pid = self._pid(point.role)
        if self._reach(point, signal.SIGSTOP):
            self._go_on(pid)
        return {}

    def _kill(self, role: str) -> dict[str, int]:
        pid = self._pid(role)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        self.kills += 1
        return self._comes_back(role, pid)

    def _pid(self, role: str) -> int:
        """Of a process of the group, or of the link of one."""
        if roles.login_name(role):
            self.met.add(roles.login_name(role))
        login = link_points.login_of(role)
        if not login:
            return self._running.pids()[role]
        self.met.add(login)
        return self._running.link_of(roles.of_login(roles.GATEWAY, login))

    def _comes_back(self, role: str, pid: int) -> dict[str, int]:
        """A link is no process of supervisord's: its gateway starts another."""
        return {} if link_points.login_of(role) else {role: pid}

    def _go_on(self, pid: int) -> None:
        """After a while; one that was killed meanwhile is not there."""
        self._last(*STOPPED_S)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    def _reach(self, point: Point, number: int) -> bool:
        """Whether a process has reached its point in time."""
        self._folder.arm(point, number, self._rng.randint(1, PASSES_MAX))
        looked(lambda: not self._folder.is_armed(point.role), REACHED_S)
        reached = not self._folder.disarm(point.role)
        self.points[str(point)] += reached
        return reached

    # ---- the way to a broker ---------------------------------------------------------------------

    def _proxy(self) -> Proxy:
        """That of a login: of each alike, where there are several."""
        [*logins] = self._setup.logins
        login = self._rng.choice(logins) if len(logins) > 1 else logins[0]
        self.met.add(login)
        return self._brokers.proxies[login]

    def cut(self) -> dict[str, int]:
        self._proxy().cut()
        return {}

    def lose_clients(self) -> dict[str, int]:
        proxy = self._proxy()
        proxy.lose_clients()
        self._last(*FAULT_S)
        proxy.cut()
        return {}

    def half_open(self) -> dict[str, int]:
        proxy = self._proxy()
        proxy.freeze()
        self._last(*FAULT_S)
        proxy.thaw()
        return {}

    def half_open_and_cut(self) -> dict[str, int]:
        proxy = self._proxy()
        proxy.freeze()
        self._last(*FAULT_S)
        proxy.cut()
        proxy.thaw()
        return {}

    def refuse(self) -> dict[str, int]:
        proxy = self._proxy()
        proxy.refuse()
        self._last(*FAULT_S)
        proxy.listen()
        return {}

    def delay(self) -> dict[str, int]:
        proxy = self._proxy()
        proxy.delay_s = self._rng.uniform(0.05, 1.0)
        self._last(*FAULT_S)
        proxy.delay_s = 0.0
        return {}

    def split(self) -> dict[str, int]:
        proxy = self._proxy()
        proxy.splits = True
        self._last(*FAULT_S)
        proxy.splits = False
        return {}

    def misbehave(self) -> dict[str, int]:
        """The ProjectX Gateway does something wrong."""
        (login,) = self._setup.linked
        self.met.add(login)
        self._brokers.servers[login].command({"do": "inject", **wrong(self._rng)})
        self._last(*FAULT_S)
        return {}

    # ---- whatever else there is ------------------------------------------------------------------

    def halt(self) -> dict[str, int]:
        """A person halts, and resumes later, as after every halt."""
        with contextlib.suppress(control.NoAnswer):
            control.ask(self._running.group.config, "halt", "chaos")
        self._last(*FAULT_S)
        return {}

    def fill_the_disk(self) -> dict[str, int]:
        assert self._disk is not None
        ballast = self._disk / "ballast"
        fill(ballast, leave_bytes=self._rng.choice((0, 2_000_000)))
        self._last(*FAULT_S)
        ballast.unlink()
        return {}

    def _last(self, least_s: float, most_s: float) -> None:
        time.sleep(self._rng.uniform(least_s, most_s))


Strike = Callable[[Strikes], dict[str, int]]
KINDS: Final[Mapping[str, tuple[float, Strike]]] = {
    "kill": (7, Strikes.kill),
    "kill two": (3, Strikes.kill_two),
    "kill at a point": (7, Strikes.kill_at_a_point),
    "stop": (1, Strikes.stop),
    "stop at a point": (1, Strikes.stop_at_a_point),
    "cut": (0.5, Strikes.cut),
    "client lost": (0.5, Strikes.lose_clients),
    "half-open": (0.5, Strikes.half_open),
    "half-open, then cut": (0.5, Strikes.half_open_and_cut),
    "refused": (0.5, Strikes.refuse),
    "delay": (0.5, Strikes.delay),
    "split": (0.5, Strikes.split),
    "halt": (0.5, Strikes.halt),
    FULL: (0.5, Strikes.fill_the_disk),
}
"""Every kind of strike, with how often it comes."""
OF_PROJECTX: Final[Mapping[str, tuple[float, Strike]]] = {"misbehaves": (4, Strikes.misbehave)}
"""What only a Gateway at ProjectX does."""
