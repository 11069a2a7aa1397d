"""The adversary: a network that loses, delays and repeats, processes that die or stand still at any
step, a clock that is set, and people who halt, resume and flatten while all of that goes on."""

import random
from collections.abc import Callable, Mapping
from decimal import Decimal

from tapewire.common import roles
from tapewire.common.bus import wire
from tapewire.common.events import (
    EVERYTHING,
    Control,
    OrderRequest,
    OrderTerms,
    Scope,
    SubmitOrder,
)
from tapewire.risk.service import RiskService
from tapewire.simulator.server import TwsServer
from tapewire.virtual.network import HOP_NS
from tapewire.virtual.world import SECOND_NS, World
from tests.simulation.misbehaviour import LATEST_S, choose

LOSS = 0.03
REPEAT = 0.05
SLOW = 0.05
CUT = 0.05
VICTIMS = (
    roles.GATEWAY, roles.GATEWAY, roles.EXECUTOR, roles.EXECUTOR, roles.RISK, roles.LIQUIDATION,
    roles.strategy_role("a"),
)  # fmt: skip
CRASH_MAX_STEPS = 25
STOP_MAX_NS = 9 * SECOND_NS
HOUR_NS = 3_600 * SECOND_NS
CLOCK_STEPS_NS = (SECOND_NS, -SECOND_NS, HOUR_NS, -HOUR_NS)
BEYOND_LIMIT = 100
LOW_BYTES = 50_000_000  # free, where trading needs more


class StormyNetwork:
    """Loses and repeats messages between processes, delays all of them; calm once `calm` is set.
    `clogged` has the ways from one process to another on which every message takes longer, each
    with what gives how much.

    TCP to TWS loses nothing, but what was written may arrive up to a second later, and in pieces.
    """

    def __init__(self, rng: random.Random) -> None:
        self.calm = False
        self.clogged: dict[str, Callable[[], int]] = {}
        self._rng = rng

    def delay_ns(self, link: str) -> int:
        if self.calm:
            return HOP_NS
        clog = self.clogged.get(link.partition(":")[0]) if self.clogged else None
        slow_ns = clog() if clog is not None else 0
        if self._rng.random() < SLOW:
            return slow_ns + self._rng.randrange(SECOND_NS)
        return slow_ns + self._rng.randrange(HOP_NS, 20 * HOP_NS)

    def copies(self, link: str) -> int:
        chance = self._rng.random()
        if self.calm or chance > LOSS + REPEAT:
            return 1
        return 0 if chance < LOSS else 2

    def pieces(self, size: int) -> list[int]:
        """Mostly whole; now and then cut anywhere, inside a frame too."""
        if self.calm or size < 2 or self._rng.random() > CUT:
            return [size]
        at = self._rng.randrange(1, size)
        return [at, size - at]


class Storm:
    """Strikes a world, once per step, with everything that `rng` chooses; the wall clock is at most
    `step_max_ns` wrong."""

    def __init__(self, world: World, rng: random.Random, step_max_ns: int) -> None:
        self._world = world
        self._steps_ns = [0, *(ns for ns in CLOCK_STEPS_NS if abs(ns) <= step_max_ns)]
        self._rng = rng
        self._rogues = 0
        self._accounts = [one.account for one in world.config.strategies]
        self._scopes = [
            Scope(),
            *map(Scope, self._accounts),
            *(Scope(symbol=one.symbol) for one in world.instruments),
            *(Scope(strategy=one.name) for one in world.config.strategies),
        ]
        self._weights: Mapping[Callable[[], None], int] = {
            self.kill: 4, self.crash: 8, self.cut: 4, self.nothing: 4, self.stop: 3,
            self.step: 2, self.command: 5, self.resume: 5, self.rogue: 3, self.misbehave: 6,
            self.flush: 1, self.power: 1, self.disk: 2,
        }  # fmt: skip

    def strike(self) -> None:
        """Do one thing to the world."""
        kinds = list(self._weights)
        self._rng.choices(kinds, list(self._weights.values()))[0]()

    def nothing(self) -> None:
        """Let it trade."""

    def kill(self) -> None:
        """`kill -9`."""
        self._world.kill(self._victim(), restart_after_ns=self._restart_ns())

    def crash(self) -> None:
        """`kill -9` at one of the next steps, wherever that is."""
        steps = self._rng.randrange(CRASH_MAX_STEPS)
        self._world.nodes[self._victim()].transport.crash_after = steps

    def cut(self) -> None:
        """TWS resets a connection."""
        self._world.cut(self._rng.choice(roles.GATEWAYS))

    def stop(self) -> None:
        """`kill -STOP` for a while."""
        for_ns = self._rng.randrange(SECOND_NS // 10, STOP_MAX_NS)
        self._world.stop(self._victim(), continue_after_ns=for_ns)

    def step(self) -> None:
        """Somebody sets the wall clock: ahead, behind, or to the right time."""
        ahead_ns = self._world.clock.now_ns() - self._world.clock.mono_ns()
        wanted_ns = self._rng.choice(self._steps_ns)
        self._world.clock.step_wall(wanted_ns - ahead_ns)

    def command(self) -> None:
        """A person halts or flattens a part of the trading; or what is halted is resumed."""
        risk = self._world.service(roles.RISK)
        if not isinstance(risk, RiskService):
            return
        if risk.monitor.halts and self._rng.random() < 0.7:
            scope, action = self._rng.choice([*risk.monitor.halts]), "resume"
        else:
            scope = self._rng.choice(self._scopes)
            action = self._rng.choice(("halt", "flatten"))
        order(risk, action, scope)

    def resume(self) -> None:
        """A person resumes all that is halted, so that the storm finds orders to strike at."""
        risk = self._world.service(roles.RISK)
        if isinstance(risk, RiskService) and risk.monitor.halts:
            order(risk, "resume", EVERYTHING)

    def rogue(self) -> None:
        """Something in risk's name asks the liquidation gateway for more than any position is."""
        world, rng = self._world, self._rng
        now, self._rogues = world.clock.now(), self._rogues + 1
        terms = OrderTerms(rng.choice(("BUY", "SELL")), Decimal(BEYOND_LIMIT))
        wanted = SubmitOrder(
            f"{roles.RISK}-rogue-{self._rogues}", now.wall_ns,
            rng.choice(self._accounts), roles.RISK, rng.choice(world.instruments).symbol,
            terms, now.wall_ns + 5 * SECOND_NS,
        )  # fmt: skip
        request = wire.encode(OrderRequest(0, [wanted]))
        token = world.nodes[roles.LIQUIDATION].token_for(roles.RISK)
        world.inject(roles.LIQUIDATION, "requests", [roles.RISK.encode(), token, request])

    def misbehave(self) -> None:
        """TWS does something wrong."""
        server = self._world.server
        if isinstance(server, TwsServer):
            name, parameters = choose(self._rng)
            server.faults.inject(name, **parameters)

    def hold_back(self) -> None:
        """TWS takes one of the next orders only when it is called lost already."""
        server = self._world.server
        if isinstance(server, TwsServer):
            nth = self._rng.randrange(1, 6)
            server.faults.inject("late_order", seconds=float(LATEST_S), client_id=1, on_order=nth)

    def half_place(self) -> None:
        """TWS rejects or loses one of the next orders: of a group, the broker has the others."""
        server = self._world.server
        if isinstance(server, TwsServer):
            name = self._rng.choice(("rejected", "swallowed"))
            server.faults.inject(name, on_order=self._rng.randrange(1, 6))

    def power(self) -> None:
        """The machine loses its power."""
        self._world.cut_power(self._restart_ns)

    def disk(self) -> None:
        """The disk fills up, nearly or wholly, or there is room again."""
        self._world.fill_disk(self._rng.choice((0, LOW_BYTES, None, None)))

    def flush(self) -> None:
        """The machine writes what it had put off."""
        for node in self._world.nodes.values():
            node.records.fsync()

    def _victim(self) -> str:
        return self._rng.choice(VICTIMS)

    def _restart_ns(self) -> int:
        return self._rng.randrange(SECOND_NS // 10, 3 * SECOND_NS)


def order(risk: RiskService, action: str, scope: Scope, reason: str = "by hand") -> None:
    """What a person asks of risk."""
    now = risk.clock.now()
    _reply, events = risk.monitor.control(Control(now.wall_ns, action, reason, scope), now)
    risk.emit(*events)
