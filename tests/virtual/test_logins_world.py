"""Two logins in one group: each order reaches the broker that has its account, whatever dies."""

import random
from decimal import Decimal

import pytest

from tapewire.common import roles
from tapewire.common.accounting.compare import broker_of
from tapewire.common.config.gateways import LoginConfig
from tapewire.common.config.settings import (
    Config,
    InstrumentConfig,
    RiskConfig,
    RuleConfig,
    StrategyConfig,
)
from tapewire.common.events import (
    EVERYTHING,
    Fill,
    FlattenCompleted,
    OrderIntended,
    RiskHalted,
    Scope,
)
from tapewire.common.retention.policy import Policy
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.virtual.network import NetworkFaults
from tapewire.virtual.world import SECOND_NS, World
from tests.simulation.storm import StormyNetwork
from tests.virtual.desk import Person

US, EU = "DU1000001", "DU1000002"
OF = {"us": US, "eu": EU}
START_NS = 1_700_000_000 * SECOND_NS
FOREVER_NS = 10**18


def configuration() -> Config:
    """A strategy in each account, with a limit that neither reaches."""
    traders = tuple(
        StrategyConfig(
            name=name, strategy="tests.simulation.trader:Trader", account=account,
            parameters={"every": every, "until_ns": START_NS + FOREVER_NS},
        )
        for name, account, every in (("a", US, 7), ("b", EU, 11))
    )  # fmt: skip
    rule = RuleConfig(rule="MaxContractsPerInstrument", parameters={"limit": Decimal(100)})
    return Config(
        gateways=tuple(
            LoginConfig(name=name, port=4000 + at, accounts=(account,))
            for at, (name, account) in enumerate(OF.items())
        ),
        instruments=(InstrumentConfig(symbol="AAPL"),),
        strategies=traders,
        risk=RiskConfig(rules=(rule,)),
    )


class Desk(Person):
    """A world of two logins, and what a person asks in it."""

    def __init__(
        self,
        *,
        config: Config | None = None,
        direct: bool = False,
        checkpoints: Policy | None = None,
        faults: NetworkFaults | None = None,
    ) -> None:
        config = config or configuration()
        first, other = (SyntheticMarket(config.all_instruments(), seed, 30) for seed in (1, 2))
        self.world = World(
            config, first, start_ns=START_NS, markets={"eu": other}, direct=direct,
            checkpoints=checkpoints, faults=faults,
        )  # fmt: skip

    def held(self, login: str) -> dict[str, Decimal]:
        """What the account of a login holds, by the broker's own books."""
        broker = broker_of(self.world.brokers[login].server.books())
        return {symbol: one for (_, symbol), one in broker.positions.items() if one}

    def intents(self, login: str) -> list[OrderIntended]:
        events = self.world.events(roles.of_login(roles.GATEWAY, login))
        return [one for one in events if isinstance(one, OrderIntended)]

    def wrong(self) -> list[str]:
        """Orders and executions that are at another login than the one that has their account."""
        found = []
        for name, account in OF.items():
            for kind in roles.GATEWAYS:
                for event in self.world.events(roles.of_login(kind, name)):
                    of = event.order if isinstance(event, OrderIntended) else event
                    if isinstance(event, OrderIntended | Fill) and of.account != account:
                        found.append(f"{name} has {event}")
            broker = broker_of(self.world.brokers[name].server.books())
            found += [f"{name}'s broker has {key}" for key in broker.positions if key[0] != account]
        return found


@pytest.mark.parametrize("direct", [False, True])
def test_each_strategy_trades_at_the_login_of_its_account(direct: bool):
    desk = Desk(direct=direct)
    desk.run(30)
    assert desk.wrong() == []
    for name, account in OF.items():
        assert {one.order.account for one in desk.intents(name)} == {account}
    executor = desk.world.service(roles.EXECUTOR)
    assert executor.readiness(desk.world.clock.now()) == ("READY", "")


def test_a_flatten_of_everything_is_over_when_both_logins_are_flat():
    desk = Desk()
    desk.run(30)
    assert desk.ask("flatten") == ""
    desk.run(30)
    (completed,) = [e for e in desk.world.events(roles.RISK) if isinstance(e, FlattenCompleted)]
    assert {role for role, _ in completed.gateway_seqs} == {"gateway-us", "gateway-eu"}
    assert {name: desk.held(name) for name in OF} == {"us": {}, "eu": {}}
    assert desk.wrong() == []


def test_a_flatten_of_an_account_leaves_the_other_login_alone():
    desk = Desk()
    desk.run(30)
    before = len(desk.intents("us"))
    assert desk.ask("flatten", Scope(EU)) == ""
    desk.run(20)
    assert desk.held("eu") == {}
    assert len(desk.intents("us")) > before, "its strategy trades on"
    assert desk.wrong() == []


def test_a_login_that_is_down_stops_only_its_own_account():
    """Its gateway is dead, and does not come back."""
    desk = Desk()
    desk.run(20)
    desk.world.kill("gateway-eu", restart_after_ns=FOREVER_NS)
    desk.run(5)
    before = {name: len(desk.intents(name)) for name in OF}
    desk.run(20)
    after = {name: len(desk.intents(name)) for name in OF}
    assert after["us"] > before["us"]
    assert after["eu"] == before["eu"]
    state, reason = desk.world.service(roles.EXECUTOR).readiness(desk.world.clock.now())
    assert state == "READY"
    assert reason.startswith("eu: ")


def test_a_halt_reaches_both_logins():
    desk = Desk()
    desk.run(20)
    assert desk.ask("halt") == ""
    desk.run(2)
    assert [e.scope for e in desk.world.events(roles.RISK) if isinstance(e, RiskHalted)] == [
        EVERYTHING
    ]
    before = {name: desk.held(name) for name in OF}
    desk.run(20)
    for name in OF:
        quantity = desk.held(name).get("AAPL", Decimal(0))
        assert abs(quantity) <= abs(before[name].get("AAPL", Decimal(0)))


def test_an_account_of_no_login_cannot_be_halted_or_flattened():
    desk = Desk()
    desk.run(5)
    for action in ("halt", "flatten"):
        assert "is not one of any login's" in desk.ask(action, Scope("DU9"))


def test_of_one_login_with_a_name_a_strategy_need_not_name_the_account():
    two = configuration()
    (trader, *_), (login, *_) = two.strategies, two.gateways
    one = Config(
        gateways=(login,),
        instruments=two.instruments,
        strategies=(trader.model_copy(update={"account": ""}),),
    )
    desk = Desk(config=one)
    desk.run(20)
    assert {order.order.account for order in desk.intents("us")} == {US}


@pytest.mark.parametrize("seed", range(2))
def test_nothing_reaches_the_wrong_login_whatever_dies(seed: int):
    rng, network = random.Random(seed), StormyNetwork(random.Random(seed + 1))
    desk = Desk(checkpoints=Policy() if seed % 2 else None, faults=network)
    victims = sorted(desk.world.nodes)
    for _ in range(15):
        desk.run(rng.uniform(0.5, 3))
        victim = rng.choice(victims)
        desk.world.kill(victim)
        if seed % 2:
            desk.world.compact()
        if rng.random() < 0.3:
            desk.world.cut(rng.choice(desk.world.config.logins().gateways))
    network.calm = True
    desk.run(10)
    assert desk.wrong() == []
    assert desk.ask("flatten") == ""
    desk.run(60)
    assert {name: desk.held(name) for name in OF} == {"us": {}, "eu": {}}
    for name, account in OF.items():
        broker = broker_of(desk.world.brokers[name].server.books())
        assert set(broker.orders.values()) <= {1}
        book = desk.risk().monitor.accounts.book
        for (of, symbol), quantity in broker.positions.items():
            assert of == account
            assert book.quantity(of, symbol) == quantity
