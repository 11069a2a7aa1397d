"""Flattens of different accounts: each goes its own way, and none waits for a stuck one."""

from decimal import Decimal

from tapewire.common import roles
from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.orders import Order
from tapewire.common.clock import Now
from tapewire.common.events import (
    CancelAll,
    Control,
    Event,
    FlattenCompleted,
    FlattenDeferred,
    FlattenDelayed,
    FlattenStarted,
    Heartbeat,
    ListPositions,
    OrderFilled,
    PositionsListed,
    Scope,
    SubmitOrder,
    TakeOver,
)
from tapewire.common.logins import Login, Logins
from tapewire.risk.closing import Asked
from tapewire.risk.flattens import Flattens
from tapewire.risk.halting import LEASE_NS, Standing
from tapewire.risk.monitor import RiskMonitor
from tests.risk.orders import (
    AAPL,
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
)
from tests.risk.standings import at_login

DU1, DU2 = Scope("DU1"), Scope("DU2")


class Desk:
    """A monitor with two accounts, a clock, and a broker that lists what it holds when asked."""

    def __init__(self, one: RiskMonitor | None = None) -> None:
        self.monitor, self.now = one or monitor(rules=book(entry(limit=100))), NOW
        self.journal: list[Event] = []
        self.asked: list[Asked] = []
        self.silent = False
        for account in ("DU1", "DU2"):
            self.report(held(10, account=account))

    def report(self, *events: Event) -> None:
        for event in events:
            self.monitor.on_broker(event, roles.LIQUIDATION, self.now.mono_ns)

    def flatten(self, scope: Scope) -> bool:
        control = Control(self.now.wall_ns, "flatten", "please", scope, "ann")
        reply, events = self.monitor.control(control, self.now)
        self.journal += events
        return reply.ok

    def pass_s(self, seconds: float) -> list[Asked]:
        """Turns for so long, and what they asked for."""
        before = len(self.asked)
        for _ in range(int(seconds * 4) or 1):
            self.now = Now(self.now.wall_ns + SECOND // 4, self.now.mono_ns + SECOND // 4)
            beat_ns = 0 if self.silent else self.now.mono_ns
            beat = Heartbeat(T0, "READY", "", 0, "", mono_ns=beat_ns, risk_seq=1)
            events, asked = self.monitor.tick(self.now, at_login(Standing(1, 1, beat)))
            self.journal += events
            self.asked += asked
            for _, command in asked:
                if isinstance(command, ListPositions):
                    self.report(PositionsListed(T0, command.id))
        return self.asked[before:]

    def closes(self, account: str) -> list[SubmitOrder]:
        commands = [asked.command for asked in self.asked]
        return [c for c in commands if isinstance(c, SubmitOrder) and c.account == account]

    def fill(self, close: SubmitOrder) -> None:
        self.report(
            intended(close),
            fill(close, 10, f"e{close.intent_id}"),
            OrderFilled(T0, close.account, close.intent_id),
            held(0, account=close.account),
        )

    def completed(self) -> list[Scope]:
        return [event.scope for event in self.journal if isinstance(event, FlattenCompleted)]


def test_a_flatten_that_is_stuck_keeps_no_other_account_waiting():
    desk = Desk()
    assert desk.flatten(DU1)
    desk.pass_s(3)  # nobody fills its closing orders
    assert desk.flatten(DU2)
    desk.pass_s(1)
    (close,) = {one.intent_id: one for one in desk.closes("DU2")}.values()
    desk.fill(close)
    desk.pass_s(3)
    assert desk.completed() == [DU2]
    assert [*desk.monitor.decisions.flattening] == [DU1]


def test_both_begin_in_one_turn_and_their_orders_have_different_names():
    desk = Desk()
    desk.flatten(DU1)
    desk.flatten(DU2)
    desk.pass_s(2)
    first, second = desk.closes("DU1")[0], desk.closes("DU2")[0]
    assert first.intent_id != second.intent_id
    names = [event.name for event in desk.journal if isinstance(event, FlattenStarted)]
    assert len(set(names)) == 2


def test_a_rule_that_is_broken_in_two_accounts_flattens_both_at_once():
    desk = Desk(monitor(rules=book(entry("MaxContracts", "flatten", limit=5))))
    events = desk.monitor.check(NOW, timer=True)
    started = [event.scope for event in events if isinstance(event, FlattenStarted)]
    assert started == [DU1, DU2]
    assert FlattenDeferred not in map(type, events)


def test_everything_takes_the_place_of_both():
    desk = Desk()
    for scope in (DU1, DU2, Scope()):
        assert desk.flatten(scope)
        desk.now += 1
    assert [*desk.monitor.decisions.flattening] == [Scope()]
    assert [one.scope for one in desk.monitor.flattens] == [Scope()]


def test_both_go_on_after_a_restart():
    desk = Desk()
    desk.flatten(DU1)
    desk.flatten(DU2)
    again = Desk(monitor(rules=book(entry(limit=100)), journal=desk.journal))
    again.pass_s(2)
    assert again.closes("DU1")
    assert again.closes("DU2")


def test_an_account_is_resumed_while_another_is_being_flattened():
    desk = Desk()
    desk.flatten(DU1)
    desk.monitor.control(Control(T0, "halt", "lunch", DU2), NOW)
    answers = {
        scope: desk.monitor.control(Control(T0, "resume", "x", scope), NOW)[0].ok
        for scope in (Scope(), DU1, DU2)
    }
    assert answers == {Scope(): False, DU1: False, DU2: True}


def test_the_orders_of_others_are_not_cancelled_beside_the_other_ones_closing_order():
    desk = Desk()
    desk.flatten(DU1)
    desk.pass_s(1)
    assert desk.closes("DU1")
    desk.report(foreign(1, 4, account="DU2"))
    desk.flatten(DU2)
    assert CancelAll not in [type(asked.command) for asked in desk.pass_s(0.25)]
    desk.fill(desk.closes("DU1")[0])
    assert CancelAll in [type(asked.command) for asked in desk.pass_s(2)]


def test_only_one_takes_over_the_orders_of_a_silent_gateway_at_a_time():
    desk = Desk()
    for account in ("DU1", "DU2"):
        one = order(f"rests {account}", quantity=3, account=account)
        desk.monitor.on_broker(intended(one))
    desk.silent = True
    desk.flatten(DU1)
    desk.flatten(DU2)
    asked = [type(asked.command) for asked in desk.pass_s(4)]
    assert asked.count(TakeOver) == 1
    assert CancelAll not in asked


def test_lists_are_asked_for_after_the_closing_orders_of_a_turn():
    """A list that is asked for has the positions in doubt: an order behind it is denied."""
    desk = Desk()
    desk.flatten(DU1)
    desk.pass_s(0.25)
    desk.flatten(DU2)
    asked = [type(asked.command) for asked in desk.pass_s(0.25)]
    assert asked.index(SubmitOrder) < asked.index(ListPositions)


def test_one_that_no_login_can_carry_out_is_not_over_and_is_reported_once():
    logins = Logins([Login("us", ("DU1",)), Login("eu", ("DU2",))])
    started = FlattenStarted(T0, Scope("DU9"), "its entry was removed")
    flattens = Flattens(LEASE_NS, lambda _symbol: None, logins)
    flattens.apply(started)
    accounts: Accounts[Order] = Accounts([AAPL], Order)
    standings = {"us": Standing(1, 1), "eu": Standing(1, 1)}
    events, asked = flattens.tick(accounts, standings, {}, NOW)
    assert (asked, [type(one) for one in events]) == ([], [FlattenDelayed])
    assert "DU9" in str(flattens)
    assert flattens.tick(accounts, standings, {}, NOW + SECOND) == ([], [])


def test_the_status_names_each_of_several():
    desk = Desk()
    desk.flatten(DU1)
    assert str(desk.monitor.flattens).startswith("CANCELLING")
    desk.flatten(DU2)
    assert str(desk.monitor.flattens) == "account DU1: CANCELLING; account DU2: CANCELLING"
    assert Decimal(0) in {one.keep for one in desk.monitor.flattens}
