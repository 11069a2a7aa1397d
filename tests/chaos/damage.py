"""A journal that is damaged while the group is stopped: the start after it must trade nothing."""

import shutil
from collections.abc import Callable, Iterator
from typing import Final

from tapewire.common import roles
from tests.pipeline.damage import DAMAGES
from tests.pipeline.running import Running, tapewire

KINDS: Final = DAMAGES
HALTED_S: Final = 20.0


def tried(running: Running, role: str, kind: str, orders: Callable[[], int]) -> list[str]:
    """Damage a role's journal, start, stop, and put back a copy; what was wrong with that start."""
    group, path = running.group, running.run_dir / "journals" / f"{role}.sqlite"
    _down(running)
    before, backup = orders(), path.with_suffix(".backup")
    shutil.copy(path, backup)
    reported = DAMAGES[kind](path)
    group.up(lambda _sentence: None)
    states = group.wait_ready(HALTED_S)
    _down(running)
    faults = list(_faults(states, role, reported))
    if orders() != before:
        faults.append(f"G6: something was traded on {role}'s journal, which was {kind}")
    ended = tapewire("journals", "restore", role, "--from", str(backup))
    if ended.returncode:
        faults.append(f"G6: {role}'s journal could not be put back: {ended.stderr or ended.stdout}")
    backup.unlink()
    group.up(lambda _sentence: None)
    return faults


def _faults(states: dict[str, tuple[str, str]], role: str, reported: str) -> Iterator[str]:
    for name in {role, roles.RISK, roles.EXECUTOR}:
        state, reason = states.get(name, ("READY", ""))
        if state != "HALTED":
            yield f"G6: {name} was {state} {reason} on a damaged journal of {role}"
        elif name == role and reported not in reason:
            yield f"G6: {role} is HALTED since {reason}, not since {reported}"


def _down(running: Running) -> None:
    running.group.down(lambda _sentence: None)
