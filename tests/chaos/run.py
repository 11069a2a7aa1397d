"""One run: a group under strikes, then calm, a flatten, and the comparison with the broker."""

import contextlib
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tapewire.benchmarks.report.figures import summary_ms
from tapewire.common import roles
from tapewire.common.accounting.lifecycle import LIVE
from tapewire.common.amounts import text
from tapewire.common.config import settings as configuration
from tapewire.common.errors import TapewireError
from tapewire.common.events import Event, Fill, RiskHalted
from tapewire.common.logins import Login
from tapewire.console.group import control, status
from tapewire.console.group.supervisor import Group
from tapewire.console.views import figures
from tapewire.simulator.projectx.settings import KEY
from tests.chaos import brokers, damage
from tests.chaos.brokers import Brokers
from tests.chaos.judge import judge
from tests.chaos.points import FOLDER, Folder
from tests.chaos.setup import ALONE, KEY_ENV, LIMIT, Setup, write_configuration
from tests.chaos.strikes import Strikes
from tests.pipeline.audited import Audit
from tests.pipeline.running import Running
from tests.places import NO_CONSOLE, ROOT
from tests.waiting import looked

SECOND_NS: Final = 1_000_000_000
START_S: Final = 30.0
FIRST_S: Final = 90.0  # all processes at once, of which some have a client to load
BACK_S: Final = 30.0  # G8
FLAT_S: Final = 90.0  # an order that a broker never had is called lost after a minute
PAUSE_S: Final = (0.1, 1.0)
DAMAGE_EVERY_S: Final = 140.0
HOOK: Final = Path(__file__).parent / "hook"
DISK_MB: Final = 256
"""The run directory's, where it may have a disk of its own."""
Figures = dict[str, Any]


class Chaos:
    """A group, what happens to it, and how it got over that."""

    def __init__(
        self,
        running: Running,
        strikes: Strikes,
        brokers: Brokers,
        rng: random.Random,
        setup: Setup,
    ) -> None:
        self.running, self.strikes, self.setup = running, strikes, setup
        self._brokers = brokers
        self._audits = [Audit(one) for one in brokers.audits.values()]
        self.recovered_ns: list[int] = []
        self.recovered_at: defaultdict[str, list[int]] = defaultdict(list)
        self.breaches: list[str] = []
        self.damaged: Counter[str] = Counter()
        self._rng = rng

    def storm(self, until_s: float) -> None:
        """Strike after strike, up to a moment of the monotonic clock; now and then the group is
        stopped and one of its journals damaged."""
        damage_s = time.monotonic() + DAMAGE_EVERY_S
        while time.monotonic() < until_s:
            if time.monotonic() > damage_s:
                self.damage()
                damage_s = time.monotonic() + DAMAGE_EVERY_S
            before = self.strikes.strike()
            self.recover(before, f"{self.strikes.struck.total()} strikes")
            time.sleep(self._rng.uniform(*PAUSE_S))

    def recover(self, before: dict[str, int], after: str) -> None:
        """Wait until all is READY, in processes that are not those of `before`. Whoever is HALTED
        with a reason waits for a person, who resumes. A login that was struck has its own time."""
        began_ns = time.monotonic_ns()
        waiting = {one: {*Login(one).gateways} for one in self.strikes.met}
        names = {*self.running.group.names()}

        def is_back() -> bool:
            back = self._back(before)
            for login in [one for one, gateways in waiting.items() if gateways <= back]:
                del waiting[login]
                self.recovered_at[login].append(time.monotonic_ns() - began_ns)
            return names <= back

        if looked(is_back, BACK_S):
            self.recovered_ns.append(time.monotonic_ns() - began_ns)
            return
        states = {n: self.running.state(n) for n in names}
        reasons = {n: self.running.status(n).get("reason") for n in states}
        self.breaches.append(f"G8: after {after} the group is {states}, {reasons}")

    def _back(self, before: dict[str, int]) -> set[str]:
        """Who is READY, in another process than before."""
        found = set()
        for name, one in status.read(self.running.run_dir).items():
            if one.get("pid") in (None, before.get(name)):
                continue
            state, _ = status.state_of(one)
            if (name, state) == (roles.RISK, "HALTED"):
                self._resume()
            if state == "READY":
                found.add(name)
        return found

    def _resume(self) -> None:
        """What was halted is looked at by a person; who does not answer is asked again."""
        with contextlib.suppress(TapewireError):
            control.ask(self.running.group.config, "resume", "chaos")

    def damage(self) -> None:
        """Stop the group and damage a journal: it must start halted, and trade nothing."""
        self.strikes.met.clear()
        role, kind = self._rng.choice(self.setup.journaled), self._rng.choice([*damage.KINDS])
        self.breaches += damage.tried(self.running, role, kind, self._orders)
        self.damaged[f"{kind} {role}"] += 1
        looked(self._has_started, FIRST_S)  # no fault to recover from, so it has its own time
        self.recover({}, f"a journal was {kind}")

    def _has_started(self) -> bool:
        """Whether each process that runs now has reported something."""
        statuses, pids = status.read(self.running.run_dir), self.running.pids()
        names = self.running.group.names()
        return all(one in pids and statuses.get(one, {}).get("pid") == pids[one] for one in names)

    def _orders(self) -> int:
        """Orders that the brokers have taken."""
        return sum(one.read().placed.total() for one in self._audits)

    def settle(self) -> None:
        """All is READY, everything is closed, and every execution is in the journals."""
        self._brokers.calm()
        self.strikes.met.clear()
        self.recover({}, "the last strike")
        self.running.flatten(FLAT_S)
        running = self.running

        def ended() -> bool:
            return not LIVE & set(running.status(roles.EXECUTOR).get("orders", {}))

        def counted() -> bool:
            events = (event for role in self.setup.gateways for event in running.journal(role))
            ours = {event.exec_id for event in events if isinstance(event, Fill)}
            done = (line for one in self._audits for line in one.read().executions)
            return ours >= {line["exec_id"] for line in done}

        looked(ended, BACK_S)
        looked(counted, BACK_S)  # in vain, both are found by the judge


def run(seed: int, seconds: float, disk: Path | None, setup: Setup = ALONE) -> Figures:
    """As `run_in`, in a folder that is gone afterwards; if anything was broken, or the run did not
    come to its end, it is kept, and its path is printed."""
    folder, good = Path(tempfile.mkdtemp(prefix="tw-")), False
    try:
        found = run_in(folder, seed, seconds, disk, setup)
        good = is_good(found)
        return found
    finally:
        if good:
            shutil.rmtree(folder)
        else:
            _keep(folder, disk)


def _keep(folder: Path, disk: Path | None) -> None:
    """A disk of its own is gone with this process, so what is on it is copied."""
    if disk is not None:
        with contextlib.suppress(OSError):  # of a socket there is no copy; shutil.Error is one
            shutil.copytree(disk / "run", folder / "run")
    print(f"what the run has left is kept: {folder}", file=sys.stderr)


def run_in(
    folder: Path, seed: int, seconds: float, disk: Path | None = None, setup: Setup = ALONE
) -> Figures:
    """Strike for so many seconds, and say what came of it. `disk` is one that may be filled, for
    the run directory; without it, that is a folder like any other. The name of `folder` has to be
    short: sockets are in it."""
    rng = random.Random(seed)
    run_dir = (disk or folder) / "run"
    until_ns = time.time_ns() + int((START_S + 2 * seconds) * SECOND_NS)
    with brokers.started(folder, seed, setup) as there:
        file = write_configuration(folder, there.ports, until_ns)
        with _group(file, run_dir, folder) as running:
            strikes = Strikes(running, there, Folder(folder), rng, disk, setup)
            chaos = Chaos(running, strikes, there, rng, setup)
            running.until_ready(FIRST_S)
            chaos.storm(time.monotonic() + seconds)
            chaos.settle()
            letters = _letters(running)
    return _figures(seed, chaos, folder, [*there.audits.values()], letters)


@contextmanager
def _group(file: Path, run_dir: Path, folder: Path) -> Iterator[Running]:
    """The group, ended at the end, whatever comes."""
    here = {
        **NO_CONSOLE,
        "TAPEWIRE_CONFIG": str(file),
        "TAPEWIRE_RUN_DIR": str(run_dir),
        "TAPEWIRE_SIMULATOR__ENABLED": "false",
        KEY_ENV: KEY,
    }
    before = dict(os.environ)
    os.environ.update(here)
    path = os.pathsep.join([str(HOOK), str(ROOT), os.environ.get("PYTHONPATH", "")])
    os.environ |= {FOLDER: str(folder), "PYTHONPATH": path.rstrip(os.pathsep)}
    group = Group(configuration.load())
    try:
        group.up()
        yield Running(group)
    finally:
        if group.is_up():
            group.down(lambda _sentence: None)
        os.environ.clear()
        os.environ.update(before)


def _letters(running: Running) -> int:
    return sum(status.counter(one, "dead_letters") for one in running.group.statuses().values())


def _figures(
    seed: int, chaos: Chaos, folder: Path, audits: Sequence[Path], letters: int
) -> Figures:
    running, strikes = chaos.running, chaos.strikes
    verdict = judge(running.group.config, running.run_dir, audits, Folder(folder).tapes(), LIMIT)
    at = {f"recovered_ms_{one}": _ms(chaos.recovered_at[one]) for one in chaos.setup.logins if one}
    return {
        "seed": seed,
        "strikes": dict(sorted(strikes.struck.items())),
        "kills": strikes.kills,
        "points_reached": strikes.points.total(),
        "points": f"{len(+strikes.points)} of {len(chaos.setup.points)}",
        "damaged": dict(chaos.damaged),
        "orders": verdict.orders,
        "fills": verdict.fills,
        "duplicates": verdict.duplicates,
        "fills_lost": verdict.fills_lost,
        "position_difference": text(verdict.position_difference),
        "pnl_difference": text(verdict.pnl_difference),
        "breaches": [*chaos.breaches, *verdict.breaches],
        "restarts": figures.restarts(running.run_dir),
        "recovered_ms": _ms(chaos.recovered_ns),
        **at,
        "halts": dict(Counter(e.reason for e in running.journal(roles.RISK) if _halts(e))),
        "dead_letters": letters,
    }


def _ms(took_ns: Sequence[int]) -> dict[str, float]:
    found = summary_ms(took_ns)
    return {key: found[key] for key in ("p50", "p99", "max", "count")}


def _halts(event: Event) -> bool:
    return isinstance(event, RiskHalted)


def is_good(found: Figures) -> bool:
    """Whether nothing was lost, doubled, different or broken."""
    zero = ("duplicates", "fills_lost")
    same = ("position_difference", "pnl_difference")
    return not (
        found["breaches"]
        or any(found[name] for name in zero)
        or any(float(found[name]) for name in same)
    )
