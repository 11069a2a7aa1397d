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
from tests.chaos.points import POINTS, STRATEGIES, Folder, Point
from tests.chaos.proxy import Proxy
from tests.pipeline.full_disk import fill
from tests.pipeline.running import Running
from tests.waiting import looked

VICTIMS: Final = (*roles.GATEWAYS, roles.EXECUTOR, roles.RISK, *STRATEGIES)
REACHED_S: Final = 3.0
"""A point that no order has reached in that time is given up: its process is killed without it."""
PASSES_MAX: Final = 3
STOPPED_S: Final = (0.2, 5.0)
FAULT_S: Final = (0.3, 4.0)
UNHEARD: Final = ("gateway before tws", "liquidation before tws")
"""Where nobody is stopped: between the last look at a halt and the write itself a process can
always be stopped, and the write comes late. Nothing that the group could do would help."""


class Strikes:
    """Chooses by its seed, strikes, and ends what it has begun. `struck` counts what there was,
    `points` which points were reached, `kills` how many processes were killed."""

    def __init__(
        self,
        running: Running,
        proxy: Proxy,
        folder: Folder,
        rng: random.Random,
        disk: Path | None,
    ) -> None:
        self.struck: Counter[str] = Counter()
        self.points: Counter[str] = Counter()
        self.kills = 0
        self._running, self._proxy, self._folder = running, proxy, folder
        self._rng, self._disk = rng, disk
        kinds = [one for one in KINDS if disk is not None or one != "full disk"]
        self._kinds, self._weights = kinds, [KINDS[one][0] for one in kinds]

    def strike(self) -> dict[str, int]:
        """One strike, to its end; the processes that must come back, with the ids that they had."""
        (kind,) = self._rng.choices(self._kinds, self._weights)
        self.struck[kind] += 1
        return KINDS[kind][1](self)

    # ---- processes -------------------------------------------------------------------------------

    def kill(self) -> dict[str, int]:
        return self._kill(self._rng.choice(VICTIMS))

    def kill_two(self) -> dict[str, int]:
        one, other = self._rng.sample(VICTIMS, 2)
        return self._kill(one) | self._kill(other)

    def kill_at_a_point(self) -> dict[str, int]:
        point = self._rng.choice(POINTS)
        before = self._running.pids()[point.role]
        if not self._reach(point, signal.SIGKILL):
            return self._kill(point.role)
        self.kills += 1
        return {point.role: before}

    def stop(self) -> dict[str, int]:
        pid = self._running.pids()[self._rng.choice(VICTIMS)]
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
        self._go_on(pid)
        return {}

    def stop_at_a_point(self) -> dict[str, int]:
        point = self._rng.choice([one for one in POINTS if str(one) not in UNHEARD])
        pid = self._running.pids()[point.role]
        if self._reach(point, signal.SIGSTOP):
            self._go_on(pid)
        return {}

    def _kill(self, role: str) -> dict[str, int]:
        pid = self._running.pids()[role]
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        self.kills += 1
        return {role: pid}

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

    # ---- the way to TWS --------------------------------------------------------------------------

    def cut(self) -> dict[str, int]:
        self._proxy.cut()
        return {}

    def lose_clients(self) -> dict[str, int]:
        self._proxy.lose_clients()
        self._last(*FAULT_S)
        self._proxy.cut()
        return {}

    def half_open(self) -> dict[str, int]:
        self._proxy.freeze()
        self._last(*FAULT_S)
        self._proxy.thaw()
        return {}

    def half_open_and_cut(self) -> dict[str, int]:
        self._proxy.freeze()
        self._last(*FAULT_S)
        self._proxy.cut()
        self._proxy.thaw()
        return {}

    def refuse(self) -> dict[str, int]:
        self._proxy.refuse()
        self._last(*FAULT_S)
        self._proxy.listen()
        return {}

    def delay(self) -> dict[str, int]:
        self._proxy.delay_s = self._rng.uniform(0.05, 1.0)
        self._last(*FAULT_S)
        self._proxy.delay_s = 0.0
        return {}

    def split(self) -> dict[str, int]:
        self._proxy.splits = True
        self._last(*FAULT_S)
        self._proxy.splits = False
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
    "full disk": (0.5, Strikes.fill_the_disk),
}
"""Every kind of strike, with how often it comes."""
