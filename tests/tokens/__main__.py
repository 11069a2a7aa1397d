"""`python -m tests.tokens [CORE ...] [--sample N] [--seed N] [--json]`."""

import argparse
import json
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from tests.places import ROOT
from tests.tokens.changes import Change, changes_of

SLACK_S: Final = 5
CPU_MAX_S: Final = 300
"""What the tests of a core may take without a change, seconds of CPU."""
WAITS_MAX_S: Final = 900.0
"""When tests that wait for something are given up, with or without a change; wall time."""
PYTEST: Final = ("-q", "-x", "-p", "no:xdist", "-p", "no:cacheprovider", "-W", "ignore")


class Core(NamedTuple):
    """Files and folders that decide, and the unit tests of them; `apart` are those that take long
    or that are about processes."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]
    apart: tuple[str, ...] = ()


CORES: Final = {
    "executor": Core(
        ("executor/executor.py", "executor/order_requests.py", "executor/admission.py",
         "executor/orders.py", "executor/what_if.py", "executor/groups"),
        ("tests/executor",),
    ),
    "gateway": Core(
        ("gateway/gateway.py", "gateway/outbox.py", "gateway/orders"),
        ("tests/gateway",),
        ("tests/gateway/projectx", "tests/gateway/test_half_open_process.py"),
    ),
    "risk": Core(
        ("risk/monitor.py", "risk/enforcement.py", "risk/flatten.py", "risk/flattens.py",
         "risk/closing.py", "risk/cancels.py", "risk/halting.py", "risk/openings.py",
         "risk/sweeps.py", "risk/state.py", "risk/rules"),
        ("tests/risk",),
        ("tests/risk/notices",),
    ),
    "strategy": Core(
        ("strategy/runner.py", "strategy/callbacks.py", "strategy/closing.py", "strategy/due.py",
         "strategy/failures.py", "strategy/context.py", "strategy/symbol_bars.py"),
        ("tests/strategy",),
    ),
    "folds": Core(("common/accounting",), ("tests/common",), ("tests/common/patterns",)),
}  # fmt: skip


class Tried(NamedTuple):
    """A change, what a test said of it (empty if none noticed it; one that never ends says so), and
    how many seconds of CPU that took."""

    change: Change
    caught_by: str
    seconds: float

    def shown(self) -> dict[str, object]:
        """In JSON values."""
        path, _, _, old, new = self.change
        return {
            "at": f"{path.relative_to(ROOT)}:{self.change.line}", "old": " ".join(old.split()),
            "new": new, "caught_by": self.caught_by, "seconds": round(self.seconds, 1),
        }  # fmt: skip


def main(given: Sequence[str] | None = None) -> int:
    """Change the cores at random places, one at a time, and run the unit tests of that core alone.

    Prints each change that no test noticed. Whether it matters is for a person to say: some change
    nothing, and some only how fast it is. Status 2 if tests fail without a change.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.tokens", description=main.__doc__)
    parser.add_argument("cores", nargs="*", metavar="CORE", help=f"of {', '.join(CORES)}")
    parser.add_argument("--sample", type=int, default=20, help="changes of each core")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one object for each change")
    arguments = parser.parse_args(given)
    if unknown := {*arguments.cores} - CORES.keys():
        parser.error(f"no such core: {', '.join(sorted(unknown))}; known: {', '.join(CORES)}")
    for name in arguments.cores or CORES:
        changes, caught = sample(CORES[name], arguments.seed, arguments.sample), 0
        try:
            for tried in tries(CORES[name], changes):
                caught += bool(tried.caught_by)
                if arguments.json or not tried.caught_by:
                    print(json.dumps(tried.shown()) if arguments.json else row(tried), flush=True)
        except BaselineError as error:
            print(f"{name}: its tests fail as the code is: {error}", file=sys.stderr)
            return 2
        if not arguments.json:
            print(f"{name}: {caught} of {len(changes)} caught", flush=True)
    return 0


def row(tried: Tried) -> str:
    """For a person."""
    shown = tried.shown()
    return f"  survived {shown['at']}: {shown['old'] or 'nothing'} -> {shown['new'] or 'nothing'}"


def sample(core: Core, seed: int, count: int) -> list[Change]:
    """So many changes of a core, or all of them; the same for the same seed."""
    every = [change for path in files(core.sources, "*.py") for change in changes_of(path)]
    return Random(seed).sample(every, min(count, len(every)))


def files(names: Sequence[str], pattern: str) -> list[Path]:
    """The files of that pattern at or below some paths of the project."""
    found: list[Path] = []
    for path in (ROOT / name for name in names):
        found += path.rglob(pattern) if path.is_dir() else [path]
    return sorted(found)


class BaselineError(Exception):
    """Tests fail, or take too long, without any change: then nothing can be learned from them."""


def tries(core: Core, changes: Sequence[Change]) -> Iterator[Tried]:
    """What the tests make of each change. Raises `BaselineError`."""
    left_out = {*files(core.apart, "test_*.py")}
    tests = [path for path in files(core.tests, "test_*.py") if path not in left_out]
    texts = {path: path.read_text() for path in tests}
    none = Change(changes[0].path, 0, 0, "", "")
    took_s, fault = _run(none, tests, CPU_MAX_S)
    if fault:
        raise BaselineError(fault)
    for change in changes:  # the tests that name the module first: most are caught by those
        nearest = sorted(tests, key=lambda path: change.path.stem not in texts[path])
        seconds, fault = _run(change, nearest, 2 * int(took_s) + SLACK_S)
        yield Tried(change, fault, seconds)


def _run(change: Change, tests: Sequence[Path], cpu_max_s: int) -> tuple[float, str]:
    """How many seconds of CPU the tests took with a change, and what failed; nothing if none did.

    The bound is CPU, since on a busy machine tests that are well can take any time.
    """
    planted = [cpu_max_s, change.path, change.start, change.stop, change.new]
    command = [sys.executable, "-m", "tests.tokens.child", *planted, *PYTEST, *tests]
    before_s = _children_s()
    try:
        done = subprocess.run(
            [str(part) for part in command], cwd=ROOT, timeout=WAITS_MAX_S, check=False,
            capture_output=True, text=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return _children_s() - before_s, f"no end within {WAITS_MAX_S:.0f} s"
    took_s = _children_s() - before_s
    if done.returncode == -signal.SIGXCPU:
        return took_s, f"no end within {cpu_max_s} s of CPU"
    failed = (done.stdout or done.stderr).strip().splitlines()[-1:] or ["no output"]
    return took_s, failed[0] if done.returncode else ""


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
