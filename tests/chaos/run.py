"""One run: a group under strikes, then calm, a flatten, and the comparison with the broker."""

import contextlib
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
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
from tapewire.console.group import control, status
from tapewire.console.group.supervisor import Group
from tapewire.console.views import figures
from tapewire.testing import SimulatedTws
from tests.chaos import damage
from tests.chaos.judge import judge
from tests.chaos.points import FOLDER, POINTS, Folder
from tests.chaos.proxy import Proxy
from tests.chaos.setup import ACCOUNT, LIMIT, RATE_PER_S, SYMBOLS, write_configuration
from tests.chaos.strikes import Strikes
from tests.pipeline.audited import Audit
from tests.pipeline.running import Running
from tests.places import NO_CONSOLE, ROOT
from tests.waiting import looked

SECOND_NS: Final = 1_000_000_000
START_S: Final = 30.0
BACK_S: Final = 30.0  # G8
PAUSE_S: Final = (0.1, 1.0)
DAMAGE_EVERY_S: Final = 140.0
HOOK: Final = Path(__file__).parent / "hook"
DISK_MB: Final = 256
"""The run directory's, where it may have a disk of its own."""
Figures = dict[str, Any]


class Chaos:
    """A group, what happens to it, and how it got over that."""

    def __init__(
        self, running: Running, strikes: Strikes, audit: Audit, rng: random.Random
    ) -> None:
        self.running, self.strikes = running, strikes
        self._audit = audit
        self.recovered_ns: list[int] = []
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
        with a reason waits for a person, who resumes."""
        began_ns = time.monotonic_ns()
        if looked(lambda: self._is_back(before), BACK_S):
            self.recovered_ns.append(time.monotonic_ns() - began_ns)
            return
        states = {n: self.running.state(n) for n in self.running.group.names()}
        reasons = {n: self.running.status(n).get("reason") for n in states}
        self.breaches.append(f"G8: after {after} the group is {states}, {reasons}")

    def _is_back(self, before: dict[str, int]) -> bool:
        statuses = status.read(self.running.run_dir)
        for name in self.running.group.names():
            one = statuses.get(name, {})
            if one.get("pid") in (None, before.get(name)):
                return False
            state, _ = status.state_of(one)
            if (name, state) == (roles.RISK, "HALTED"):
                self._resume()
            if state != "READY":
                return False
        return True

    def _resume(self) -> None:
        """What was halted is looked at by a person; who does not answer is asked again."""
        with contextlib.suppress(TapewireError):
            control.ask(self.running.group.config, "resume", "chaos")

    def damage(self) -> None:
        """Stop the group and damage a journal: it must start halted, and trade nothing."""
        role, kind = self._rng.choice(damage.ROLES), self._rng.choice([*damage.KINDS])
        self.breaches += damage.tried(self.running, role, kind, self._orders)
        self.damaged[f"{kind} {role}"] += 1
        self.recover({}, f"a journal was {kind}")

    def _orders(self) -> int:
        """Orders that TWS has taken."""
        return self._audit.read().placed.total()

    def settle(self) -> None:
        """All is READY, everything is closed, and every execution is in the journals."""
        self.recover({}, "the last strike")
        self.running.flatten()
        running = self.running

        def ended() -> bool:
            return not LIVE & set(running.status(roles.EXECUTOR).get("orders", {}))

        def counted() -> bool:
            events = (event for role in roles.GATEWAYS for event in running.journal(role))
            ours = {event.exec_id for event in events if isinstance(event, Fill)}
            return ours >= {one["exec_id"] for one in self._audit.read().executions}

        looked(ended, BACK_S)
        looked(counted, BACK_S)  # in vain, both are found by the judge


def run(seed: int, seconds: float, disk: Path | None) -> Figures:
    """As `run_in`, in a folder that is gone afterwards; if anything was broken, or the run did not
    come to its end, it is kept, and its path is printed."""
    folder, good = Path(tempfile.mkdtemp(prefix="tw-")), False
    try:
        found = run_in(folder, seed, seconds, disk)
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


def run_in(folder: Path, seed: int, seconds: float, disk: Path | None = None) -> Figures:
    """Strike for so many seconds, and say what came of it. `disk` is one that may be filled, for
    the run directory; without it, that is a folder like any other. The name of `folder` has to be
    short: sockets are in it."""
    rng = random.Random(seed)
    run_dir = (disk or folder) / "run"
    audit = folder / "audit.jsonl"
    until_ns = time.time_ns() + int((START_S + 2 * seconds) * SECOND_NS)
    options = [f"--audit={audit}", f"--rate={RATE_PER_S}", f"--accounts={ACCOUNT}"]
    options.append("--version-max=178")
    with (
        SimulatedTws(seed=seed, symbols=SYMBOLS, options=options) as tws,
        Proxy(tws.port, random.Random(seed + 1)) as proxy,
    ):
        file = write_configuration(folder, proxy.port, until_ns)
        with _group(file, run_dir, folder) as running:
            strikes = Strikes(running, proxy, Folder(folder), rng, disk)
            chaos = Chaos(running, strikes, Audit(audit), rng)
            running.until_ready()
            chaos.storm(time.monotonic() + seconds)
            chaos.settle()
            letters = _letters(running)
    return _figures(seed, chaos, folder, audit, letters)


@contextmanager
def _group(file: Path, run_dir: Path, folder: Path) -> Iterator[Running]:
    """The group, ended at the end, whatever comes."""
    here = {
        **NO_CONSOLE,
        "TAPEWIRE_CONFIG": str(file),
        "TAPEWIRE_RUN_DIR": str(run_dir),
        "TAPEWIRE_SIMULATOR__ENABLED": "false",
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


def _figures(seed: int, chaos: Chaos, folder: Path, audit: Path, letters: int) -> Figures:
    running, strikes = chaos.running, chaos.strikes
    verdict = judge(running.group.config, running.run_dir, audit, Folder(folder).tapes(), LIMIT)
    recovered = summary_ms(chaos.recovered_ns)
    return {
        "seed": seed,
        "strikes": dict(sorted(strikes.struck.items())),
        "kills": strikes.kills,
        "points_reached": strikes.points.total(),
        "points": f"{len(+strikes.points)} of {len(POINTS)}",
        "damaged": dict(chaos.damaged),
        "orders": verdict.orders,
        "fills": verdict.fills,
        "duplicates": verdict.duplicates,
        "fills_lost": verdict.fills_lost,
        "position_difference": text(verdict.position_difference),
        "pnl_difference": text(verdict.pnl_difference),
        "breaches": [*chaos.breaches, *verdict.breaches],
        "restarts": figures.restarts(running.run_dir),
        "recovered_ms": {key: recovered[key] for key in ("p50", "p99", "max", "count")},
        "halts": dict(Counter(e.reason for e in running.journal(roles.RISK) if _halts(e))),
        "dead_letters": letters,
    }


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
