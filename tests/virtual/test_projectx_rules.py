"""Risk watches an account at ProjectX in which nobody but a stranger trades: each rule is broken by
what he does, and what follows reaches the Gateway."""

from decimal import Decimal

import pytest

from tapewire.common.config.settings import RuleConfig
from tapewire.common.events import FlattenCompleted, RiskHalted, RiskViolation, Scope
from tapewire.virtual.world import SECOND_NS
from tests.virtual.projectx_desk import MNQ, PX, Desk, configuration, moving

BUY, SELL, LIMIT, STOP = 0, 1, 1, 4
FALLS, STANDS, RISES = -1.0, 0.0, 1.0


def hold(desk, size=4):
    desk.stranger(BUY, size)


def trade(desk):
    for side in (BUY, SELL, BUY):
        desk.run(0.1).stranger(side)


def make_and_close(desk):
    desk.stranger(BUY, 20)
    desk.run(10).stranger(SELL, 19)


def order(desk):
    desk.stranger(BUY, 1)
    for _ in range(2):
        desk.stranger(BUY, 9, type=LIMIT, limitPrice=2000)


BROKEN = {
    "MaxContracts": ({"limit": 3}, hold, STANDS),
    "MaxContractsPerInstrument": ({"limit": 3}, hold, STANDS),
    "MaxNotional": ({"gross": 15_000}, hold, STANDS),
    "MaxOrderSize": ({"limit": 5}, order, STANDS),
    "MaxOpenOrders": ({"limit": 1}, order, STANDS),
    "SymbolBlock": ({"symbols": [MNQ]}, hold, STANDS),
    "NoStopLossGrace": ({"grace_ms": 2000}, hold, STANDS),
    "TradeFrequencyLimit": ({"limit": 2, "per": "minute"}, trade, STANDS),
    "UnrealizedLoss": ({"limit": 50}, hold, FALLS),
    "UnrealizedProfit": ({"limit": 50}, hold, RISES),
    "DailyRealizedLoss": ({"limit": 50}, make_and_close, FALLS),
    "DailyRealizedProfit": ({"limit": 50}, make_and_close, RISES),
    "TrailingDrawdown": ({"limit": 50, "start": 1_000_000}, hold, FALLS),
    "ConsistencyRule": ({"percent": 50, "profit_min": 50}, make_and_close, RISES),
    "SessionBlockOutside": (
        {"opens": "10:00", "closes": "22:15", "zone": "UTC", "flat_minutes": 5}, hold, STANDS,
    ),
}  # fmt: skip
"""Each rule, what the stranger does, and where the market goes."""


@pytest.mark.parametrize("rule", BROKEN)
def test_a_rule_that_a_stranger_breaks_closes_cancels_and_locks_out(rule):
    parameters, act, market = BROKEN[rule]
    enforced = RuleConfig(rule=rule, parameters=parameters, enforcement=("cancel", "flatten"))
    desk = Desk(configuration(enforced), market=moving(market)).run(3)
    assert not desk.events("risk", RiskViolation)
    act(desk)
    assert desk.held() > 0
    desk.run(20)
    assert {one.rule for one in desk.events("risk", RiskViolation)} == {rule}
    assert [one.scope.account for one in desk.events("risk", RiskHalted)][:1] == [PX]
    assert desk.events("risk", FlattenCompleted)
    assert (desk.held(), desk.known()) == (0, 0)
    assert desk.world.server.books()["orders_open"] == 0


def test_without_a_broken_rule_the_stranger_is_left_alone():
    rules = [
        RuleConfig(rule=rule, parameters=parameters)
        for rule, (parameters, act, _) in BROKEN.items()
        if act is hold and rule not in ("SymbolBlock", "SessionBlockOutside")
    ]
    desk = Desk(configuration(*rules), market=moving(STANDS)).run(3)
    desk.stranger(BUY, 2)
    desk.stranger(SELL, 2, type=STOP, stopPrice=2400)
    desk.run(20)
    assert (desk.held(), desk.known()) == (2, 2)
    assert not desk.events("risk", RiskViolation)


def test_a_lost_gateway_is_announced_and_touches_nothing():
    guard = RuleConfig(rule="AuthLossGuard", parameters={"after_ms": 5000})
    desk = Desk(configuration(guard), market=moving(STANDS)).run(3)
    hold(desk)
    desk.run(2).inject("down", seconds=25)
    desk.world.idle_ns = SECOND_NS // 5
    desk.run(40)
    violations = desk.events("risk", RiskViolation)
    assert {one.rule for one in violations} == {"AuthLossGuard"}
    assert "gateway-px" in violations[0].reason
    assert not desk.events("risk", RiskHalted)
    assert (desk.held(), desk.known()) == (4, 4)


def test_a_gateway_that_is_down_for_less_than_its_link_waits_for_is_announced_too():
    guard = RuleConfig(rule="AuthLossGuard", parameters={"after_ms": 3000})
    desk = Desk(configuration(guard), market=moving(STANDS)).run(3)
    desk.inject("down", seconds=10)
    desk.world.idle_ns = SECOND_NS // 5
    desk.run(20)
    reasons = [one.reason for one in desk.events("risk", RiskViolation)]
    assert any("gateway-px has been without its broker" in one for one in reasons)
    assert desk.risk().monitor.halts == {}
    desk.run(20)
    assert len(desk.events("risk", RiskViolation)) == len(reasons)
    now = desk.world.clock.now()
    assert desk.world.service("gateway-px").readiness(now) == ("READY", "")


def test_the_part_that_is_too_much_is_closed_and_trading_goes_on():
    limit = RuleConfig(
        rule="MaxContractsPerInstrument", parameters={"limit": 3}, enforcement=("reduce",)
    )
    desk = Desk(configuration(limit), market=moving(STANDS)).run(3)
    hold(desk, 7)
    desk.run(20)
    assert (desk.held(), desk.known()) == (3, 3)
    assert desk.risk().monitor.halts == {}


def test_what_a_stranger_opens_in_a_lock_out_is_closed_again():
    limit = RuleConfig(rule="MaxContracts", parameters={"limit": 3}, enforcement=("flatten",))
    desk = Desk(configuration(limit), market=moving(STANDS)).run(3)
    for _ in range(2):
        hold(desk)
        desk.run(20)
        assert (desk.held(), desk.known()) == (0, 0)
    assert Scope(PX) in desk.risk().monitor.halts


def test_a_person_flattens_what_a_stranger_holds_and_has_working():
    desk = Desk(configuration(), market=moving(STANDS)).run(3)
    hold(desk)
    desk.stranger(BUY, 1, type=LIMIT, limitPrice=2000)
    desk.run(2)
    assert desk.known() == 4
    assert desk.ask("flatten") == ""
    desk.run(20)
    assert (desk.held(), desk.known()) == (0, 0)
    assert desk.world.server.books()["orders_open"] == 0
    assert desk.risk().monitor.accounts.book.positions[PX, MNQ].realised < Decimal(0)
