"""A group that trades at ProjectX, beside TWS: whatever dies or goes wrong, its books are the
broker's, and each intent is one order there."""

import random

import pytest

from tapewire.common import roles
from tapewire.common.accounting.compare import broker_of, compare, together
from tapewire.common.events import (
    ConnectionLost,
    OrderAccepted,
    OrderConflict,
    OrderDenied,
    OrderLost,
    OrderUnknown,
)
from tapewire.virtual.world import SECOND_NS
from tests.simulation.storm import StormyNetwork
from tests.virtual.projectx_desk import OF, PX, START_NS, TWS, Desk, configuration, trader

TRADES_S = 30


def trading(*, both=False, every=7, faults=None, until_s=TRADES_S):
    until_ns = START_NS + until_s * SECOND_NS
    names = [("a", PX), ("b", TWS)] if both else [("a", PX)]
    traders = tuple(trader(name, account, every, until_ns) for name, account in names)
    return Desk(configuration(strategies=traders, both=both), faults=faults)


def wrong(desk):
    """How the books of risk and of the executor differ from those of both brokers."""
    broker = together(broker_of(one.server.books()) for one in desk.world.brokers.values())
    executor = desk.world.service(roles.EXECUTOR).executor.ledger.book
    books = {"risk": desk.risk().monitor.accounts.book, "the executor": executor}
    return [f"{name}: {one}" for name, book in books.items() for one in compare(book, broker)]


def at_rest(desk, seconds=90):
    """Everything is READY again, a flatten closes all, and nothing is wrong. What a position has
    realised so far depends on the order in which its executions were reported: it is the broker's
    once the position is closed."""
    desk.world.idle_ns = SECOND_NS // 5
    desk.run(seconds)
    for node in desk.world.nodes.values():
        state, reason = node.service.readiness(desk.world.clock.now())
        assert (state, reason) == ("READY", ""), node.role
    assert [one for one in wrong(desk) if "realised" not in one] == []
    assert desk.ask("flatten") == ""
    desk.run(30)
    assert {desk.held(name) for name in desk.world.brokers} == {0}
    assert wrong(desk) == []
    return desk


def test_both_brokers_trade_under_one_risk_daemon():
    desk = at_rest(trading(both=True).run(TRADES_S), 5)
    for name, account in OF.items():
        assert len(desk.orders(name)) > 5
        assert {one.order.account for one in desk.orders(name)} == {account}


KILLED = ("gateway-px", roles.EXECUTOR)
KILLED_LONG = ("liquidation-px", roles.RISK, "strategy-a")


def in_soak(*names):
    """Those that `make test` leaves out."""
    return [pytest.param(one, marks=pytest.mark.soak) for one in names]


@pytest.mark.parametrize("role", [*KILLED, *in_soak(*KILLED_LONG)])
def test_a_process_that_is_killed_time_and_again_loses_and_doubles_nothing(role):
    rng, desk = random.Random(role), trading()
    for _ in range(6):
        desk.run(rng.uniform(1, 5))
        desk.world.nodes[role].transport.crash_after = rng.randrange(25)
        desk.run(1).world.kill(role)  # if it has not come to that step
    assert at_rest(desk).world.nodes[role].starts > 6
    assert len(desk.orders()) > 3


FAULTS = {
    "lost": {"path": "/Order/place", "times": 2},
    "swallowed": {"path": "/Order/place", "times": 2},
    "failed": {"path": "/Order/place", "times": 2},
    "limited": {"path": "/Order/place", "times": 3},
    "late": {"path": "/Order/place", "seconds": 8, "times": 2},
    "expired_token": {},
    "dropped_hub": {"hub": "user"},
    "silent_hub": {"hub": "user", "seconds": 6},
    "down": {"seconds": 4},
}


CHEAP = {"lost", "limited", "dropped_hub"}


@pytest.mark.parametrize("fault", [*sorted(CHEAP), *in_soak(*sorted(FAULTS.keys() - CHEAP))])
def test_after_each_fault_of_the_gateway_the_books_are_the_broker_s(fault):
    desk = trading().run(8)
    desk.inject(fault, **FAULTS[fault])
    at_rest(desk)
    assert not desk.events("gateway-px", OrderConflict)


def test_a_hub_that_takes_the_token_no_more_ends_the_link_and_another_logs_in_again():
    desk = trading(until_s=5).run(8)  # or an order has the token renewed before
    desk.inject("expired_token")
    desk.inject("dropped_hub", hub="user")
    at_rest(desk, 40)
    assert desk.events("gateway-px", ConnectionLost)


def test_an_order_that_is_turned_away_is_placed_under_the_same_tag_or_expires():
    desk = trading().run(8)
    before = {one.order.intent_id for one in desk.orders()}
    desk.inject("limited", path="/Order/place", times=2)
    at_rest(desk)
    later = [one.order.intent_id for one in desk.orders() if one.order.intent_id not in before]
    accepted = {one.intent_id for one in desk.events("gateway-px", OrderAccepted)}
    denied = {one.intent_id for one in desk.events("gateway-px", OrderDenied)}
    assert not desk.events("gateway-px", OrderUnknown)
    assert {later[0]} <= accepted | denied


@pytest.mark.soak
def test_an_order_that_the_gateway_never_had_is_lost_and_never_sent_again():
    desk = trading().run(8)
    desk.inject("swallowed", path="/Order/place")
    at_rest(desk)
    [lost] = desk.events("gateway-px", OrderLost)
    books = desk.world.server.books()
    assert lost.intent_id not in books["orders_by_ref"]


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
def test_a_storm_over_both_brokers_breaks_nothing(seed):
    rng, network = random.Random(seed), StormyNetwork(random.Random(seed + 1))
    desk = trading(both=True, faults=network)
    roles_of_all = sorted(desk.world.nodes)
    for _ in range(12):
        desk.run(rng.uniform(0.5, 3))
        strike = rng.randrange(4)
        if strike == 0:
            desk.world.kill(rng.choice(roles_of_all))
        elif strike == 1:
            victim = desk.world.nodes[rng.choice(roles_of_all)]
            victim.transport.crash_after = rng.randrange(25)
        elif strike == 2:
            fault = rng.choice(list(FAULTS))
            desk.inject(fault, **FAULTS[fault])
        else:
            desk.world.cut(rng.choice(desk.world.config.logins().gateways))
    network.calm = True
    for node in desk.world.nodes.values():
        node.transport.crash_after = None
    at_rest(desk)
