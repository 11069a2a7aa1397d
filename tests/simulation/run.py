"""One simulation: a storm of so many steps, then calm, a flatten, and the invariants."""

import random
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from tapewire.common import roles
from tapewire.common.config.settings import (
    Config,
    InstrumentConfig,
    RiskConfig,
    RuleConfig,
    StrategyConfig,
)
from tapewire.common.events import EVERYTHING
from tapewire.common.retention.policy import Policy
from tapewire.common.runtime.journal import Head
from tapewire.risk.service import RiskService
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.simulator.settings import VERSION_CEILING, SimulatorSettings
from tapewire.virtual.direct.exchange import DirectExchange
from tapewire.virtual.node import Build
from tapewire.virtual.world import SECOND_NS, World
from tests.model.traces import Tracing
from tests.simulation import group_rules, invariants, modifies
from tests.simulation.clogging import Clogging
from tests.simulation.damage import damaged
from tests.simulation.misbehaviour import LATEST_S, LONGEST_S
from tests.simulation.plants import FIRED
from tests.simulation.seeds import (
    CLOGS_AT,
    CLOGS_EVERY,
    COMBOS_AT,
    GROUPS_EVERY,
    HOLDS_EVERY,
    LADDERS_EVERY,
    LIMIT,
    limit_of,
)
from tests.simulation.storm import HOUR_NS, Storm, StormyNetwork, order
from tests.simulation.watch import Watch

START_NS = 1_700_000_000 * SECOND_NS
STARTS_NS = (
    START_NS,
    1_700_006_390 * SECOND_NS,  # 15 s before midnight, UTC
    1_700_002_785 * SECOND_NS,  # 15 s before the trading day ends in Chicago
    1_699_167_585 * SECOND_NS,  # 15 s before Chicago's clocks go back
)
"""When a simulation begins, in turns by its seed: TWS's day, a trading day or summer time ends."""
STEP_MAX_NS = 2 * SECOND_NS
GROUPS_NS = 70 * SECOND_NS  # in which an order is called lost, and the stop of a group is renewed
CALM_NS = 30 * SECOND_NS
ORDER_MAX = 20
CHECKPOINTS = Policy(expired_ns=3 * SECOND_NS, ended_ns=6 * SECOND_NS, given_up_ns=12 * SECOND_NS)
"""A day in some seconds: with these a storm forgets many of its orders. A clock that is wrong by
more than a day is too wrong for the gateway, so that is a second here."""
COMPACTS = 0.6
ACCOUNTS = ("DU1000001", "DU1000002")
INSTRUMENTS = (
    InstrumentConfig(symbol="AAPL"),
    InstrumentConfig(
        symbol="ESZ6", sec_type="FUT", exchange="CME", multiplier=Decimal(50),
        min_tick=Decimal("0.25"),
    ),
)  # fmt: skip


TWS_VERSIONS = range(157, VERSION_CEILING + 1)
"""What both a gateway and the simulated TWS speak, and ib_async too."""


class Pace(NamedTuple):
    """How far apart strikes are at most, how often a process has a turn without input, and how many
    rows a second the market has for each symbol. `trades` is the part of the longest storm in which
    the strategies trade."""

    step_max_ns: int
    idle_ns: int
    rows_per_s: int
    trades: float


SHORT = Pace(STEP_MAX_NS, SECOND_NS // 20, 30, 1.0)
"""For storms of some dozens of strikes, in which as much as possible is under way at each."""
LONG = Pace(SECOND_NS, SECOND_NS // 5, 6, 0.5)
"""For storms of a thousand: a strike costs a tenth, since less happens between two of them."""
CALM_IDLE_NS = SECOND_NS // 5  # when the storm is over nothing depends on a turn more or less


class Result(NamedTuple):
    """What a simulation came to. `broken` names every invariant that did not hold."""

    seed: int
    broken: list[str]
    heads: dict[str, Head]
    orders: int
    modified: int
    answered: int
    deaths: int
    fired: dict[str, int]


def configuration(
    until_ns: int,
    limit: Decimal = LIMIT,
    *,
    groups: bool = False,
    combos: bool = False,
    ladders: bool = False,
) -> Config:
    """Two strategies, one in each account of the login, with a limit that they reach at times; with
    `groups` they trade groups of orders too, with `combos` combos of both instruments, and with
    `ladders` one of them trades nearly nothing else."""
    strategies = tuple(
        StrategyConfig(
            name=name, strategy="tests.simulation.trader:Trader", account=account,
            parameters={
                "every": every, "until_ns": until_ns, "groups": groups, "combos": combos,
                "ladders": ladders and name == "b",
            },
        )
        for name, every, account in (("a", 7, ACCOUNTS[0]), ("b", 11, ACCOUNTS[1]))
    )  # fmt: skip
    rule = RuleConfig(rule="MaxContractsPerInstrument", parameters={"limit": limit})
    return Config(instruments=INSTRUMENTS, strategies=strategies, risk=RiskConfig(rules=(rule,)))


def _version(seed: int) -> int:
    """The newest version that TWS speaks; near each other seeds have versions far apart."""
    return TWS_VERSIONS[seed * 7 % len(TWS_VERSIONS)]


def simulate(
    seed: int,
    steps: int,
    replaced: Mapping[str, Build] | None = None,
    *,
    direct: bool = False,
    pace: Pace = SHORT,
) -> Result:
    """Run seed `seed` for `steps` strikes; the same arguments give the same result.

    With `direct` the gateways trade at the exchange itself. `replaced` are planted bugs. Every
    other seed keeps a checkpoint, every fourth trades groups of orders, and every fourth combos.
    TWS speaks another version with each of 22 seeds.
    """
    FIRED.clear()
    rng, network = random.Random(seed), StormyNetwork(random.Random(seed + 1))
    start_ns = STARTS_NS[seed % len(STARTS_NS)]
    until_ns = start_ns + int(steps * pace.step_max_ns * pace.trades)
    watch, world = _composed(seed, start_ns, until_ns, pace, network, replaced, direct=direct)
    found = _stormed(seed, steps, pace, world, watch, rng, network)
    found += settle(seed, world, network, watch, until_ns)
    found += [*modifies.once(world, watch), *watch.unknown()]
    books, heads, answered = world.server.books(), world.heads(), invariants.answered(world)
    deaths = sum(node.starts - 1 for node in world.nodes.values())
    if seed % 3 == 0:
        found += damaged(world, watch, rng)
    return Result(
        seed, [*watch.faults, *found], heads, books["orders"],
        watch.broker.modified.total(), answered, deaths, dict(FIRED),
    )  # fmt: skip


def _has_groups(seed: int) -> bool:
    return seed % GROUPS_EVERY == GROUPS_EVERY - 1


def _composed(
    seed: int,
    start_ns: int,
    until_ns: int,
    pace: Pace,
    network: StormyNetwork,
    replaced: Mapping[str, Build] | None,
    *,
    direct: bool,
) -> tuple[Tracing, World]:
    """The group of a seed, with somebody who watches it."""
    config = configuration(
        until_ns, limit_of(seed), groups=_has_groups(seed),
        combos=seed % GROUPS_EVERY == COMBOS_AT,
        ladders=seed % LADDERS_EVERY == LADDERS_EVERY - 1,
    )  # fmt: skip
    watch = Tracing(config)
    world = World(
        config, SyntheticMarket(config.all_instruments(), seed, pace.rows_per_s),
        start_ns=start_ns, idle_ns=pace.idle_ns, faults=network, replaced=replaced,
        settings=SimulatorSettings(accounts=ACCOUNTS, server_version_max=_version(seed)),
        direct=direct, observer=watch,
        checkpoints=CHECKPOINTS if seed % 2 else None,
    )  # fmt: skip
    watch.attach(world)
    return watch, world


def _stormed(
    seed: int,
    steps: int,
    pace: Pace,
    world: World,
    watch: Tracing,
    rng: random.Random,
    network: StormyNetwork,
) -> list[str]:
    """The storm, strike by strike; returns every invariant that did not hold meanwhile."""
    left_alone = group_rules.LeftAlone()
    storm, found = Storm(world, rng, SECOND_NS if seed % 2 else HOUR_NS), list[str]()
    keeps = random.Random(seed + 2)
    clogging = Clogging(world, network, random.Random(seed + 3))
    for step in range(steps):
        world.run(rng.randrange(pace.step_max_ns))
        storm.strike()
        compact(world, keeps)
        if seed % CLOGS_EVERY == CLOGS_AT:
            clogging.strike()
        if seed % HOLDS_EVERY == 0 and step in _held_back(steps):
            storm.hold_back()
        if _has_groups(seed) and step % 3 == 0:
            storm.half_place()
        found += left_alone.look(world)
        allowed = limit_of(seed) + (watch.late + watch.others) * ORDER_MAX
        found += invariants.beyond_limit(watch, allowed)
    return found


def compact(world: World, rng: random.Random) -> None:
    """Now and then a checkpoint is made, which takes a while, or dies before it is done."""
    chance = rng.random()
    if chance < COMPACTS:
        world.compact(None if chance < COMPACTS / 4 else rng.randrange(3 * SECOND_NS))


def _held_back(steps: int) -> range:
    """The three steps at which an order is held back: late, for only the calm is long enough to
    call one lost; and few, for what TWS itself holds back the limit has to allow for."""
    return range(steps // 2, steps, max(1, steps // 5))


def settle(
    seed: int, world: World, network: StormyNetwork, watch: Watch, until_ns: int
) -> list[str]:
    """The storm is over: within 30 s all is READY; then flatten, and every order has its end."""
    if not isinstance(world.server, DirectExchange):
        # TWS ends what it has begun; in some seeds only when a late order is called lost already.
        world.run((LONGEST_S if seed % HOLDS_EVERY else LATEST_S) * SECOND_NS)
    for broker in world.brokers.values():
        if not isinstance(broker.server, DirectExchange):
            broker.server.faults.clear()
    network.calm, world.idle_ns = True, CALM_IDLE_NS
    world.fill_disk(None)
    world.clock.step_wall(world.clock.mono_ns() - world.clock.now_ns())
    for node in world.nodes.values():
        node.transport.crash_after = None
    calm_ns = max(0, until_ns - world.clock.mono_ns()) + CALM_NS
    found = [*modifies.Uncounted().run(world, calm_ns, group_rules.LeftAlone().look)]
    found += [f"after the storm, {fault}" for fault in invariants.readiness(world)]
    if seed % GROUPS_EVERY == GROUPS_EVERY - 1:
        world.run(GROUPS_NS)
        found += group_rules.at_rest(world, watch)
    found += modifies.at_rest(world)
    # Whether what fills late was closed by a flatten is not known; nor is what was not reported.
    if not (watch.late or watch.others or watch.strangers or invariants.unreported(world, watch)):
        found += modifies.shared(world)
    flatten(world)
    found += [
        f"flatten left {quantity} {symbol} in {account}"
        for (account, symbol), quantity in invariants.at_brokers(world).positions.items()
        if quantity
    ]
    found += [*modifies.flat(world), *group_rules.at_end(world)]
    return [*found, *invariants.broken(world, watch, limit_of(seed))]


def flatten(world: World) -> None:
    """A person flattens all, and waits until that is over, for as long as it may take: a flatten of
    the storm may still wait for a closing order that TWS never had. In the calm it is called lost,
    which takes a minute, and only then can another one close what is left."""
    risk = world.service(roles.RISK)
    assert isinstance(risk, RiskService)
    order(risk, "flatten", EVERYTHING, "the end")
    world.run(CALM_NS)
    if modifies.is_flattening(world):
        world.run(CALM_NS)
