"""The cancels that broken rules demand: our orders singly, those of others with all others."""

from tapewire.common import roles
from tapewire.common.events import (
    CancelAll,
    CancelOrder,
    FlattenStarted,
    Heartbeat,
    ListPositions,
    OrderCancelled,
    Scope,
    SubmitOrder,
)
from tapewire.risk.closing import Asked
from tapewire.risk.halting import Standing
from tapewire.risk.monitor import RiskMonitor
from tests.risk.orders import (
    NOW,
    SECOND,
    T0,
    book,
    entry,
    fill,
    foreign,
    held,
    intended,
    monitor,
    order,
    turns,
)
from tests.risk.standings import at_login
from tests.risk.test_enforcement import LIMIT, kinds, passed


def alive(one: RiskMonitor, seconds: float = 0) -> list[Asked]:
    """What a turn asks for, with a gateway that is there."""
    now = NOW + int(seconds * SECOND)
    beat = Heartbeat(now.wall_ns, "READY", "", 0, "", mono_ns=now.mono_ns)
    return one.tick(now, at_login(Standing(beat=beat)))[1]


def test_a_cancel_cancels_what_could_add_risk_and_leaves_exits():
    one = monitor(rules=book(entry(enforcement="cancel", limit=15)))
    one.on_broker(fill(order("first"), 6, "e1"))
    one.on_broker(held(6))
    exit_, adds = order("exit", "SELL", 6), order("adds", "BUY", 12)
    one.on_broker(intended(exit_))
    one.on_broker(intended(adds))
    assert kinds(one.check(NOW, timer=True)) == ["RiskViolation"]
    assert alive(one) == [Asked(roles.GATEWAY, CancelOrder("adds", T0))]
    assert alive(one, 0.5) == [], "it has been asked for"
    assert len(alive(one, 1.5)) == 1
    one.on_broker(OrderCancelled(T0, "DU1", "adds"))
    assert passed(one, 2) == []
    assert (alive(one, 9), one.halts) == ([], {})


def of_others(*events, **given) -> RiskMonitor:
    """A monitor with a broken rule that demands cancels, and these orders of others."""
    one = monitor(rules=book(entry(**{"enforcement": "cancel", "limit": 5, **given})))
    for event in events:
        one.on_broker(event)
    one.check(NOW, timer=True)
    return one


def test_an_order_of_somebody_else_is_cancelled_with_all_others_and_that_is_reported():
    one = of_others(foreign(1, 6))
    events, asked = one.tick(NOW, at_login(Standing(beat=Heartbeat(T0, "READY", "", 0, ""))))
    assert asked == [Asked(roles.LIQUIDATION, CancelAll(T0))]
    (warned,) = events
    assert (warned.rule, warned.scope) == (LIMIT, Scope("DU1"))
    assert warned.reason == (
        "1 order in account DU1 that somebody else has placed cannot be cancelled singly. Every"
        " order of the login is cancelled, in all accounts and symbols, whoever placed it"
    )


def test_what_is_open_is_listed_before_all_orders_are_cancelled_again():
    one = of_others(foreign(1, 6))
    assert [type(asked.command) for asked in alive(one)] == [CancelAll]
    assert alive(one, 0.25) == []
    listed = alive(one, 0.5)
    assert [(role, type(command)) for role, command in listed] == [
        (roles.GATEWAY, ListPositions), (roles.LIQUIDATION, ListPositions),
    ]  # fmt: skip
    assert {command.account for _, command in listed} == {"DU1"}
    one.on_broker(foreign(1, 6, remaining=0))
    one.check(NOW, timer=True)
    assert [alive(one, seconds) for seconds in (1, 2, 9)] == [[], [], []]


def test_an_order_that_stays_is_cancelled_again_after_a_wait_that_grows():
    one = of_others(foreign(1, 6))
    asked = [
        seconds / 4
        for seconds in range(40)
        for role, command in alive(one, seconds / 4)
        if isinstance(command, CancelAll)
    ]
    assert asked == [0, 1, 3, 7]


def test_the_gateway_cancels_all_while_the_liquidation_gateway_is_not_there():
    standing = Standing(beat=Heartbeat(T0, "READY", "", 0, ""), reachable=False)
    assert of_others(foreign(1, 6)).tick(NOW, at_login(standing))[1] == [
        Asked(roles.GATEWAY, CancelAll(T0))
    ]  # fmt: skip


def test_exits_and_orders_elsewhere_of_others_are_left_alone():
    exit_, elsewhere = foreign(1, 6, side="SELL"), foreign(2, 3, account="DU2")
    one = of_others(fill(order("first"), 6, "e1"), held(6), exit_, elsewhere)
    assert one.decisions.halts == {}
    assert alive(one) == []


def test_a_flatten_that_closes_is_not_disturbed_by_a_cancel_of_all():
    one = of_others()
    one.apply(FlattenStarted(T0, Scope("DU2"), "x"))
    one.on_broker(held(5, account="DU2"), roles.LIQUIDATION)
    assert SubmitOrder in [type(asked.command) for asked in turns(one, NOW)[1]]
    one.on_broker(foreign(1, 6))
    one.check(NOW, timer=True)
    commands = [type(asked.command) for asked in alive(one)]
    assert CancelAll not in commands


def test_one_that_is_stuck_elsewhere_keeps_no_cancel_waiting():
    one = of_others(foreign(1, 6))
    one.apply(FlattenStarted(T0, Scope("DU2"), "x"))
    assert CancelAll in [type(asked.command) for asked in alive(one)]
