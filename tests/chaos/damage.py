"""A journal that is damaged while the group is stopped: the start after it must trade nothing.

Risk halts, and so does whoever follows that journal. The executor does not follow risk's for its
state: exits must be possible without risk, and the gateways, which are HALTED, let nothing else
through. So it may be READY then.
"""

import shutil
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from tapewire.common import roles
from tapewire.common.runtime.statuses import State
from tests.pipeline.damage import DAMAGES, follows
from tests.pipeline.running import Running, tapewire
from tests.waiting import looked

KINDS: Final = DAMAGES
START_S: Final = 90.0  # all processes at once, on a machine that may be busy
HALTED_S: Final = 10.0  # from then on: a reader hears of it with the next heartbeat


def tried(running: Running, role: str, kind: str, orders: Callable[[], int]) -> list[str]:
    """Damage a role's journal, start, stop, and put back a copy; what was wrong with that start."""
    group, path = running.group, running.run_dir / "journals" / f"{role}.sqlite"
    _down(running)
    before, backup = orders(), path.with_suffix(".backup")
    shutil.copy(path, backup)
    reported = DAMAGES[kind](path)
    group.up(lambda _sentence: None)
    group.wait_ready(START_S)
    looked(lambda: not faults_of(group.not_ready(), group.names(), role, reported), HALTED_S)
    faults = faults_of(group.not_ready(), group.names(), role, reported)
    _down(running)
    if orders() != before:
        faults.append(f"G6: something was traded on {role}'s journal, which was {kind}")
    ended = tapewire("journals", "restore", role, "--from", str(backup))
    if ended.returncode:
        faults.append(f"G6: {role}'s journal could not be put back: {ended.stderr or ended.stdout}")
    backup.unlink()
    group.up(lambda _sentence: None)
    return faults


def faults_of(
    not_ready: Mapping[str, State], names: Iterable[str], role: str, reported: str
) -> list[str]:
    """Who of a group of these `names` is not HALTED, or not for what is `reported` of the damaged
    journal of `role`."""
    faults = []
    for name in filter(lambda one: halts(one, role), names):
        state, reason = not_ready.get(name, ("READY", ""))
        if state != "HALTED":
            faults.append(f"G6: {name} was {state} {reason} on a damaged journal of {role}")
        elif name == role and reported not in reason:
            faults.append(f"G6: {role} is HALTED since {reason}, not since {reported}")
    return faults


def halts(name: str, role: str) -> bool:
    """Whether a process is HALTED by a damaged journal of `role`. A strategy follows the gateway of
    its own account alone, so strategies are not asked."""
    if name in (role, roles.RISK):
        return True
    return not roles.is_strategy(name) and follows(roles.kind_of(name), roles.kind_of(role))


def _down(running: Running) -> None:
    running.group.down(lambda _sentence: None)
