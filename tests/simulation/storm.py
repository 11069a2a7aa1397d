"""The adversary: a network that loses, delays and repeats, and processes that die at any step."""

import random

from tapewire.common import roles
from tapewire.virtual.network import HOP_NS
from tapewire.virtual.world import SECOND_NS, World

LOSS = 0.03
REPEAT = 0.05
SLOW = 0.05
CUT = 0.05
VICTIMS = (
    roles.GATEWAY, roles.GATEWAY, roles.EXECUTOR, roles.EXECUTOR, roles.RISK, roles.LIQUIDATION,
    roles.strategy_role("a"),
)  # fmt: skip
CRASH_MAX_STEPS = 25


class StormyNetwork:
    """Loses and repeats messages between processes, delays all of them; calm once `calm` is set.

    TCP to TWS loses nothing, but what was written may arrive up to a second later.
    """

    def __init__(self, rng: random.Random) -> None:
        self.calm = False
        self._rng = rng

    def delay_ns(self, link: str) -> int:
        if self.calm:
            return HOP_NS
        if self._rng.random() < SLOW:
            return self._rng.randrange(SECOND_NS)
        return self._rng.randrange(HOP_NS, 20 * HOP_NS)

    def pieces(self, size: int) -> list[int]:
        """Mostly whole; now and then cut anywhere, inside a frame too."""
        if self.calm or size < 2 or self._rng.random() > CUT:
            return [size]
        at = self._rng.randrange(1, size)
        return [at, size - at]

    def copies(self, link: str) -> int:
        chance = self._rng.random()
        if self.calm or chance > LOSS + REPEAT:
            return 1
        return 0 if chance < LOSS else 2


def strike(world: World, rng: random.Random) -> str:
    """Do one thing to the world; gives what it was."""
    victim = rng.choice(VICTIMS)
    kind = rng.choice(("kill", "crash", "crash", "cut", "nothing"))
    if kind == "kill":
        world.kill(victim, restart_after_ns=_restart_ns(rng))
    elif kind == "crash":
        world.nodes[victim].transport.crash_after = rng.randrange(CRASH_MAX_STEPS)
    elif kind == "cut":
        world.cut(rng.choice(roles.GATEWAYS))
    return f"{kind} {victim}"


def outage(world: World, rng: random.Random) -> str:
    """The machine loses its power, or writes what it had put off, or neither; gives what it was."""
    kind = rng.choice(("power", "flush", *["nothing"] * 5))
    if kind == "power":
        world.cut_power(lambda: _restart_ns(rng))
    elif kind == "flush":
        for node in world.nodes.values():
            node.records.fsync()
    return kind


def _restart_ns(rng: random.Random) -> int:
    return rng.randrange(SECOND_NS // 10, 3 * SECOND_NS)
