"""Processes that hear nothing of each other for seconds, and one that dies with what it has sent on
its way.

A network that delays each message by itself never keeps a process from hearing of another for
long: of four heartbeats a second one comes through. So what is there for that would never be tried,
as the lease that ends when nothing is heard of risk, and the fence that shuts out the last request
of an executor that has been replaced. Here the way from one process to another is clogged: all that
is sent on it takes seconds, whatever the channel, and nothing of it is lost. All other ways are as
quick as before, and so is what a successor sends.
"""

import random
from typing import Final

from tapewire.common import roles
from tapewire.common.events import EVERYTHING
from tapewire.risk.service import RiskService
from tapewire.virtual.world import SECOND_NS, World
from tests.simulation.storm import StormyNetwork, order

CHANCE: Final = 0.3
LEASE_NS: Final = 4 * SECOND_NS
"""Longer than risk's lease."""
SLOWER_NS: Final = 3 * SECOND_NS
"""By how much more than the least."""
CRASH_MAX_STEPS: Final = 10
LONGEST_NS: Final = 9 * SECOND_NS
STRATEGY: Final = roles.strategy_role("a")
WAYS: Final = (
    (roles.EXECUTOR, roles.GATEWAY),
    (roles.EXECUTOR, roles.GATEWAY),
    (roles.RISK, roles.GATEWAY),
    (roles.RISK, roles.GATEWAY),
    (roles.GATEWAY, roles.EXECUTOR),
    (roles.GATEWAY, roles.RISK),
    (roles.EXECUTOR, STRATEGY),
    (STRATEGY, roles.EXECUTOR),
    (roles.RISK, roles.LIQUIDATION),
)
"""Senders and receivers on the way of an order and of a halt."""
HALTED: Final = roles.RISK, roles.GATEWAY


class Clogging:
    """Clogs the ways of a world; `network` is the world's, `rng` chooses."""

    def __init__(self, world: World, network: StormyNetwork, rng: random.Random) -> None:
        self._world = world
        self._network = network
        self._rng = rng

    def strike(self) -> None:
        """Now and then clog a way. An executor dies then, and others half of the time."""
        if self._rng.random() > CHANCE:
            return
        sender, receiver = self._rng.choice(WAYS)
        if f"{sender}>{receiver}" in self._network.clogged:
            return
        least_ns = LEASE_NS if sender == roles.RISK else SECOND_NS
        slow_ns = self._rng.randrange(least_ns, least_ns + SLOWER_NS)
        began_ns = self._world.clock.mono_ns()
        if (sender, receiver) == HALTED:
            began_ns += SECOND_NS // 2
        until_ns, at = (
            began_ns + self._rng.randrange(least_ns, LONGEST_NS),
            self._world.scheduler.at,
        )
        at(began_ns, self._clog, sender, receiver, slow_ns)
        at(until_ns, self._clear, sender, receiver)
        if (sender, receiver) == HALTED:
            self._halt_unheard(began_ns, until_ns)
        elif sender == roles.EXECUTOR or self._rng.random() < 0.5:
            self._world.nodes[sender].transport.crash_after = self._rng.randrange(CRASH_MAX_STEPS)

    def _halt_unheard(self, began_ns: int, until_ns: int) -> None:
        """A person halts everything, and the gateway does not hear of it. What is halted already is
        resumed in time for that to be known there, and all of it in the end."""
        self._command("resume")
        halts_ns = began_ns + self._rng.randrange(SECOND_NS)
        self._world.scheduler.at(halts_ns, self._command, "halt")
        self._world.scheduler.at(until_ns + SECOND_NS, self._command, "resume")

    def _command(self, action: str) -> None:
        risk = self._world.service(roles.RISK)
        if isinstance(risk, RiskService):
            order(risk, action, EVERYTHING)

    def _clog(self, sender: str, receiver: str, slow_ns: int) -> None:
        node = self._world.nodes[sender]
        start = node.starts
        way = f"{sender}>{receiver}"
        self._network.clogged[way] = lambda: slow_ns if node.starts == start else 0

    def _clear(self, sender: str, receiver: str) -> None:
        self._network.clogged.pop(f"{sender}>{receiver}", None)
