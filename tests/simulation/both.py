"""A storm over a group that trades at both brokers: at TWS, and at ProjectX beside it.

The watch and the invariants are those of the other storms. At ProjectX nobody knows clients: an
order is the liquidation gateway's if risk has named it. What was written is known by an order's
tag, which the Gateway takes once, and a modify by the Gateway's number.
"""

import random
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from tapewire.common import roles
from tapewire.common.bus.wire import DeadLetter
from tapewire.common.config.gateways import LoginConfig
from tapewire.common.config.settings import Config, RiskConfig, RuleConfig, StrategyConfig
from tapewire.gateway.projectx.requests import MODIFY, PLACE
from tapewire.simulator.audit import Line
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.simulator.settings import SimulatorSettings
from tapewire.virtual.linked import LinkedGateway
from tapewire.virtual.world import SECOND_NS, World
from tests.simulation import invariants, modifies
from tests.simulation.run import (
    CHECKPOINTS,
    INSTRUMENTS,
    LIMIT,
    ORDER_MAX,
    SHORT,
    STARTS_NS,
    Pace,
    Result,
    compact,
    settle,
)
from tests.simulation.storm import HOUR_NS, Storm, StormyNetwork
from tests.simulation.watch import Watch

TWS, PX = "DU1000001", "1001"
PROJECTX: Final = "px"
FUTURE: Final = INSTRUMENTS[1].symbol
OF_REQUESTS: Final = ("late", "lost", "swallowed", "failed", "limited")
PATHS: Final = ("", "/Order/place", "/Order/modify", "/Order/cancel", "/Order/searchOpen")
UNLISTED: Final = re.compile(r"(orders may be left: )?ProjectX does not (list|name) ")
ON_THE_WAY_NS: Final = 3 * SECOND_NS  # with what was said over a line that is late
HUBS: Final = ("user", "market")
LONGEST_S: Final = 8


def configuration(until_ns: int) -> Config:
    """A strategy at each broker, both in the same future, with a limit that they reach at times."""
    strategies = tuple(
        StrategyConfig(
            name=name, strategy="tests.simulation.trader:Trader", account=account,
            symbols=(FUTURE,),
            parameters={"every": every, "until_ns": until_ns, "tif": "GTC"},
        )
        for name, every, account in (("a", 7, TWS), ("b", 25, PX))
    )  # fmt: skip
    rule = RuleConfig(rule="MaxContractsPerInstrument", parameters={"limit": LIMIT})
    return Config(
        gateways=(
            LoginConfig(name="tws", port=4000, accounts=(TWS,)),
            LoginConfig(name=PROJECTX, kind="projectx", accounts=(PX,), user="trader"),
        ),
        instruments=INSTRUMENTS, strategies=strategies, risk=RiskConfig(rules=(rule,)),
    )  # fmt: skip


class BothWatch(Watch):
    """A watch that reads lines to a link, too, and orders at a Gateway."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._by_tag: dict[str, Any] = {}  # when an order's bytes were handed over
        self._others_ns = 0  # when somebody else traded at ProjectX last
        self._by_number: dict[int, Any] = {}  # when a modify's were

    def died(self, role: str, letter: DeadLetter) -> None:
        """A message that a process could not use: lists of a Gateway that did not answer."""
        if not UNLISTED.match(letter.reason):
            super().died(role, letter)

    def _note_written(self, role: str, data: object) -> None:
        if roles.login_name(role) != PROJECTX:
            super()._note_written(roles.kind_of(role), data)
            return
        assert isinstance(data, bytes)
        for line in map(msgspec.json.decode, data.splitlines()):
            if line.get("path") == PLACE:
                self._by_tag[line["body"]["customTag"]] = self._clock.now()
            elif line.get("path") == MODIFY:
                self._by_number[line["body"]["orderId"]] = self._clock.now()

    def audited(self, lines: list[Line]) -> None:
        """What either broker did: orders of ProjectX go by the names that TWS would give them."""
        super().audited(
            [self._named(line) if line.get("account") == PX else line for line in lines]
        )

    def _named(self, line: Line) -> Line:
        is_risk = line["order_ref"].startswith(f"{roles.RISK}-")
        client_id = self._liquidation_id if is_risk else self._client_id
        name = client_id, line["perm_id"]
        if line["kind"] == "execution" and not line["order_ref"]:
            self._others_ns = line["ts_ns"]
            self.strangers += 1
        is_placed = line["kind"] == "order" and line["event"] == "placed"
        written = self._by_tag.get(line["order_ref"])
        if line["kind"] == "order" and not is_placed:
            written = self._by_number.get(line["perm_id"])
        if written is not None:
            self._written[name] = written
        return {**line, "client_id": client_id, "order_id": line["perm_id"]}

    def _is_excused(self, line: Line) -> bool:
        """Nobody can know of a trade that somebody else has made while the order was on its way."""
        others_ns = line["ts_ns"] - self._others_ns
        return super()._is_excused(line) or (line["account"] == PX and others_ns < ON_THE_WAY_NS)

    def _is_ours(self, line: Line) -> bool:
        if line["account"] != PX:
            return super()._is_ours(line)
        return bool(line["order_ref"]) and line["event"] in ("placed", "modified")


class BothStorm(Storm):
    """Strikes at both brokers, and at the processes of both."""

    def _victim(self) -> str:
        gateways = self._world.config.logins().gateways
        return self._rng.choice([*gateways, *gateways, roles.EXECUTOR, roles.RISK, "strategy-b"])

    def cut(self) -> None:
        """A connection to TWS is reset, or a link dies."""
        self._world.cut(self._rng.choice(self._world.gateways))

    def rogue(self) -> None:
        """Somebody trades in the account at ProjectX, and says nothing of it."""
        server = self._world.brokers[PROJECTX].server
        assert isinstance(server, LinkedGateway)
        asked = {
            "accountId": int(PX), "contractId": next(iter(server.gateway._venue.known["market"])),
            "type": 2, "side": self._rng.randrange(2), "size": 1,
        }  # fmt: skip
        server.gateway._venue.endpoints[PLACE](asked)
        self._world.brokers[PROJECTX].work()

    def misbehave(self) -> None:
        """TWS does something wrong, or the Gateway does."""
        if self._rng.random() < 0.4:
            super().misbehave()
            return
        faults = self._world.brokers[PROJECTX].server.faults  # type: ignore[union-attr]
        faults.arm_as(wrong(self._rng))
        self._world.brokers[PROJECTX].work()


def wrong(rng: random.Random) -> dict[str, Any]:
    """A fault of the Gateway, as `arm_as` takes it."""
    if rng.random() < 0.7:
        found = {"what": rng.choice(OF_REQUESTS), "path": rng.choice(PATHS)}
        return {
            **found,
            **({"seconds": rng.random() * LONGEST_S} if found["what"] == "late" else {}),
        }
    what = rng.choice(("expired_token", "dropped_hub", "silent_hub", "down"))
    given: dict[str, Any] = {} if what in ("expired_token", "down") else {"hub": rng.choice(HUBS)}
    if what in ("silent_hub", "down"):
        given["seconds"] = rng.random() * LONGEST_S
    return {"what": what, **given}


def simulate_both(seed: int, steps: int, *, pace: Pace = SHORT) -> Result:
    """Run seed `seed` for `steps` strikes; the same arguments give the same result."""
    rng, network = random.Random(seed), StormyNetwork(random.Random(seed + 1))
    start_ns = STARTS_NS[seed % len(STARTS_NS)]
    until_ns = start_ns + int(steps * pace.step_max_ns * pace.trades)
    config = configuration(until_ns)
    watch, markets = BothWatch(config), _markets(config, seed, pace)
    world = World(
        config, next(markets), start_ns=start_ns, idle_ns=pace.idle_ns, faults=network,
        settings=SimulatorSettings(), observer=watch, markets={PROJECTX: next(markets)},
        checkpoints=CHECKPOINTS if seed % 2 else None,
    )  # fmt: skip
    watch.attach(world)
    storm = BothStorm(world, rng, SECOND_NS if seed % 2 else HOUR_NS)
    keeps, found = random.Random(seed + 2), list[str]()
    for _ in range(steps):
        world.run(rng.randrange(pace.step_max_ns))
        storm.strike()
        compact(world, keeps)
        allowed = LIMIT + (watch.late + watch.others) * ORDER_MAX + watch.strangers
        found += invariants.beyond_limit(watch, allowed)
    found += settle(seed, world, network, watch, until_ns)
    found += modifies.once(world, watch)
    orders = sum(one.server.books()["orders"] for one in world.brokers.values())
    deaths = sum(node.starts - 1 for node in world.nodes.values())
    return Result(
        seed, [*watch.faults, *found], world.heads(), orders, watch.broker.modified.total(),
        invariants.answered(world), deaths, {},
    )  # fmt: skip


def _markets(config: Config, seed: int, pace: Pace) -> Iterator[SyntheticMarket]:
    for number in range(2):
        yield SyntheticMarket(config.all_instruments(), seed + number, pace.rows_per_s)
