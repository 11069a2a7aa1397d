"""Retention: executor, risk and strategies that start from a checkpoint come to what the whole
journals make."""

from decimal import Decimal

from msgspec.structs import replace

from tapewire.common import roles
from tapewire.common.clock import Now
from tapewire.common.events import (
    EVERYTHING,
    CheckpointCompleted,
    CircuitChanged,
    Commission,
    Difference,
    Event,
    Fill,
    FlattenCompleted,
    FlattenDeferred,
    FlattenStarted,
    GroupIntended,
    GroupStateChanged,
    JournalShortened,
    OrderAccepted,
    OrderCancelled,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderIntended,
    PositionReported,
    ReconciliationCompleted,
    RiskHalted,
    RiskResumed,
    RiskViolation,
    RuleStateChanged,
    Scope,
    Signal,
    SubmitGroup,
    WhatIfAnswered,
)
from tapewire.risk.monitor import RiskMonitor
from tests.executor.group_desk import Desk, protecting
from tests.gateway.tws_bench import fill_of, names, submit
from tests.gateway.tws_messages import ACCOUNT, T0
from tests.keeping import DAILY, EXPIRES, LATER, Group, filled, gateway, group, kept, order


def asked_again(expires_ns: int) -> list[str]:
    """What an executor that has forgotten signal s-1 says to it, when it has not expired."""
    one = group([*filled("s-1/1", "0001.01")])
    one.compact()
    terms = submit().terms
    signal = Signal("s-1", T0, ACCOUNT, "s", "AAPL", terms, expires_ns)
    return names([*one.executor().executor.on_signal(signal, Now(T0, 0))[0]])


def test_a_forgotten_signal_is_not_traded_again_wherever_the_clock_is_set() -> None:
    assert asked_again(EXPIRES) == ["OrderExpired"]
    assert asked_again(EXPIRES + 1) == ["OrderCreated"]


def test_an_order_is_kept_until_the_executor_has_reported_its_end() -> None:
    one = Group()
    one.write(roles.GATEWAY, *filled("s-1/1", "0001.01"))
    one.compact()
    executor = one.executor()
    executor.executor.caught_up(Now(LATER, 0))
    assert names(executor.commits.emitted) == ["OrderCreated"]  # adopted, as it died before
    assert executor.executor.ledger.orders["s-1/1"].announced_state == "FILLED"


def test_an_order_of_risk_is_no_concern_of_the_executor() -> None:
    one = Group()
    one.write(roles.LIQUIDATION, *filled("risk-1/1", "0001.01", strategy=roles.RISK))
    assert "risk-1/1" not in gateway(kept(one, role=roles.LIQUIDATION)).orders


def test_the_answer_to_a_signal_that_came_to_nothing_is_forgotten_with_its_time() -> None:
    one = Group()
    denied = OrderDenied(T0, ACCOUNT, "s", "executor", "too many", signal_id="s-1")
    one.write(roles.EXECUTOR, denied, OrderExpired(T0, ACCOUNT, "s-2", "s"))
    [end] = kept(one, role=roles.EXECUTOR)
    assert isinstance(end, CheckpointCompleted)
    assert end.expired_ns == T0 + DAILY.ended_ns - DAILY.expired_ns


def test_an_execution_that_the_other_gateway_reports_later_counts_once() -> None:
    one = group([*filled("s-1/1", "0001.01")])
    one.compact()
    one.write(roles.LIQUIDATION, fill_of(None, 10, "0001.01"))
    for book in (
        one.caught_up(one.executor()).executor.ledger.book,
        one.caught_up(one.risk()).monitor.accounts.book,
    ):
        assert book.quantity(ACCOUNT, "AAPL") == 10
    assert "is reported again" in one.compact().why
    assert one.differences() == []


def test_news_of_an_order_that_was_left_out_brings_it_back() -> None:
    """A cancelled one fills after more than a week."""
    one = group([*order("s-1/1", OrderCancelled(T0, ACCOUNT, "s-1/1"))])
    one.compact()
    assert "s-1/1" not in one.executor().executor.ledger.orders
    one.write(roles.GATEWAY, fill_of("s-1/1", 10, "0001.01"), OrderFilled(T0, ACCOUNT, "s-1/1"))
    assert one.caught_up(one.executor()).executor.ledger.book.quantity(ACCOUNT, "AAPL") == 10
    assert "s-1/1 was left out" in one.compact().why
    assert one.executor().executor.ledger.orders["s-1/1"].state == "FILLED"


def decided(*events: Event) -> RiskMonitor:
    """Risk, as it starts from a checkpoint of its journal."""
    one = Group()
    one.write(roles.RISK, *events)
    one.compact()
    monitor = one.risk().monitor
    assert monitor.snapshot() == one.risk(whole=True).monitor.snapshot()
    return monitor


S, T = Scope(symbol="AAPL"), Scope(symbol="MSFT")


def test_halts_in_force_stay_and_lifted_ones_go() -> None:
    one = Group()
    halts = [RiskHalted(T0 + n, scope, f"{n}") for n, scope in enumerate((S, T, S, EVERYTHING, S))]
    one.write(roles.RISK, *halts[:3], RiskResumed(T0, EVERYTHING, "seen"), *halts[3:])
    assert kept(one, role=roles.RISK)[:-1] == halts[3:]


def test_a_conflict_is_answered_once_for_good() -> None:
    monitor = decided(
        RiskHalted(T0, S, "a conflict", "s-1/1 7009"), RiskResumed(T0, S, "seen"),
        RiskHalted(T0, T, "too many"), RiskResumed(T0, T, "seen"),
    )  # fmt: skip
    assert monitor.decisions.answered == {"s-1/1 7009"}
    assert monitor.halts == {}


def test_a_flatten_goes_on_and_one_that_is_over_does_not() -> None:
    started = FlattenStarted(T0, S, "asked for")
    assert decided(started).flatten is not None
    assert decided(started, FlattenCompleted(T0, S, gateway_seq=7)).flatten is None
    assert decided(started, FlattenCompleted(T0, S, gateway_seq=7), started).flatten is not None


def test_a_flatten_that_waits_for_another_is_owed_until_it_begins() -> None:
    owed, other = FlattenDeferred(T0, S, "a rule"), FlattenStarted(T0, T, "asked for")
    assert set(decided(other, owed).decisions.owed) == {S}
    done = (FlattenCompleted(T0, T), FlattenStarted(T0, S, "a rule"), FlattenCompleted(T0, S))
    assert decided(other, owed, *done).decisions.owed == {}
    later = (FlattenStarted(T0, T, "again"), FlattenCompleted(T0, T))
    assert decided(other, owed, *done, *later).decisions.owed == {}, "not owed again"


def test_of_reductions_of_a_position_the_last_one_is_kept_however_far_each_went() -> None:
    one = Group()
    begun = [FlattenStarted(T0 + n, S, "a rule", Decimal(n)) for n in (9, 8, 7)]
    over = [FlattenCompleted(T0 + n, S, keep=Decimal(n)) for n in (9, 8, 7)]
    closed = [FlattenStarted(T0, S, "asked for"), FlattenCompleted(T0, S)]
    one.write(roles.RISK, *closed, begun[0], over[0], begun[1], over[1], begun[2], over[2])
    assert kept(one, role=roles.RISK)[:-1] == [*closed, begun[2], over[2]]


def test_of_a_rules_states_the_last_one_is_kept() -> None:
    one = Group()
    states = [RuleStateChanged(T0, rule, b"%d" % n) for n in range(3) for rule in ("a", "b")]
    one.write(roles.RISK, *states, RiskViolation(T0, S, "a", "said, and nothing more"))
    assert kept(one, role=roles.RISK)[:-1] == states[-2:]


def strategys(one: Group) -> Decimal:
    return one.caught_up(one.strategy()).runner.strategy.position("AAPL")


def test_a_strategy_keeps_the_position_that_its_forgotten_orders_made() -> None:
    one = group([*filled("s-1/1", "0001.01"), *filled("t-1/1", "0002.01", "2", strategy="t")])
    one.compact()
    assert one.strategy().runner.context.orders() == []
    assert strategys(one) == 10
    one.write(roles.GATEWAY, *filled("s-2/1", "0003.01", "3"))
    assert strategys(one) == 20


def test_a_flatten_closes_what_is_carried_of_a_strategys_position() -> None:
    one = group([*filled("s-1/1", "0001.01")])
    one.compact()
    one.write(roles.RISK, FlattenCompleted(T0, Scope(symbol="AAPL"), gateway_seq=9))
    one.write(roles.GATEWAY, *filled("s-2/1", "0003.01", "3"))
    assert strategys(one) == 0
    one.write(roles.GATEWAY, *filled("s-3/1", "0004.01", "4"))
    assert strategys(one) == 10
    one.follow()
    one.compact()
    assert strategys(one) == 10


def test_in_a_journal_that_was_started_over_a_flatten_has_closed_nothing_that_is_carried() -> None:
    first = [*filled("s-1/1", "0001.01")]
    one = group([])
    one.write(roles.RISK, FlattenCompleted(T0, Scope(symbol="AAPL"), gateway_seq=99))
    one.write(roles.RISK, JournalShortened(T0, roles.LIQUIDATION, 0))
    one.write(roles.GATEWAY, *first)
    assert strategys(one) == 0
    one.write(roles.RISK, JournalShortened(T0, roles.GATEWAY, 0))
    assert strategys(one) == 10
    one.follow()
    one.compact()
    assert strategys(one) == 10


def test_of_a_journal_that_was_shortened_twice_the_older_flatten_counts_up_to_the_first() -> None:
    one = group([*filled("t-1/1", "0001.01", strategy="t"), *filled("s-1/1", "0002.01", "2")])
    head = one.journals[roles.GATEWAY].head.seq
    one.write(roles.RISK, FlattenCompleted(T0, Scope(symbol="AAPL"), gateway_seq=99))
    one.write(roles.RISK, JournalShortened(T0, roles.GATEWAY, 0))
    one.write(roles.RISK, FlattenCompleted(T0, Scope(symbol="MSFT"), gateway_seq=98))
    one.write(roles.RISK, JournalShortened(T0, roles.GATEWAY, head))
    assert strategys(one) == 10
    one.follow()
    one.compact()
    assert strategys(one) == 10


def test_a_flatten_that_only_reduces_closes_nothing_of_it_and_hides_no_other() -> None:
    first, scope = [*filled("s-1/1", "0001.01")], Scope(symbol="AAPL")
    one = group(first)
    one.write(roles.RISK, FlattenCompleted(T0, scope, gateway_seq=len(first)))
    one.write(roles.GATEWAY, *filled("s-3/1", "0004.01", "4"))
    assert strategys(one) == 10
    one.write(roles.RISK, FlattenCompleted(T0, scope, gateway_seq=99, keep=Decimal(5)))
    assert strategys(one) == 10
    one.compact()
    assert strategys(one) == 10


# ---- groups of orders ----------------------------------------------------------------------------


def of_desk(desk: Desk) -> Group:
    """The journals that a bracket has led to, with no execution that waits for what it cost."""
    one = Group()
    journal = [
        replace(e, order_id=str(n)) if isinstance(e, OrderIntended | OrderAccepted) else e
        for n, e in enumerate(desk.gateway)
    ]
    fills = [e for e in journal if isinstance(e, Fill)]
    costs = [Commission(T0, e.account, e.exec_id, Decimal(1), "USD") for e in fills]
    one.write(roles.GATEWAY, *journal, *costs)
    one.write(roles.EXECUTOR, *desk.journal)
    one.compact()
    return one


def groups_of(one: Group) -> list[str]:
    return [group.state for group in one.executor().executor.keeper.groups]


def test_a_group_is_kept_with_all_its_orders_until_it_is_done() -> None:
    """Its entry is filled long ago, and its stop works on."""
    one = of_desk(protecting())
    assert groups_of(one) == ["PROTECTING"]
    assert len(one.executor().executor.ledger.orders.by_intent) == 3
    assert one.differences() == []


def test_a_group_that_is_done_is_left_out_as_a_whole() -> None:
    desk = protecting()
    desk.fill(2)
    desk.end(3)
    desk.pass_s(3)
    one = of_desk(desk)
    assert groups_of(one) == []
    assert one.executor().executor.ledger.orders.by_intent == {}
    assert one.differences() == []


def test_an_execution_in_another_symbol_keeps_the_group_and_what_came_after_it_in_both() -> None:
    """Of the group's two executions one is not in a report of its position yet."""
    one = Group()
    legs = [submit(f"g/{n}", symbol=s, expires_ns=EXPIRES, group_id="g") for n, s in SYMBOLS]
    plan = SubmitGroup("g", T0, "vertical", tuple(legs))
    fills = [fill_of(f"g/{n}", 10, f"000{n}.01", symbol=s, strategy="s") for n, s in SYMBOLS]
    report = PositionReported(T0, ACCOUNT, "AAPL", Decimal(10), Decimal(150))
    one.write(
        roles.GATEWAY, GroupIntended(T0, plan),
        *(OrderIntended(T0, str(n), leg) for n, leg in enumerate(legs, 1)),
        *fills, *(OrderFilled(T0, ACCOUNT, leg.intent_id) for leg in legs),
        *(Commission(T0, ACCOUNT, fill.exec_id, Decimal(1), "USD") for fill in fills),
        report, *filled("s-3/1", "0003.01", "3"),
    )  # fmt: skip
    one.follow()
    done = GroupStateChanged(T0, ACCOUNT, "g", "s", "DONE")
    one.write(roles.EXECUTOR, done)
    one.compact()
    assert set(one.executor().executor.ledger.orders.by_intent) == {"g/1", "g/2", "s-3/1"}
    one.write(roles.GATEWAY, replace(report, symbol="MSFT"))
    one.compact()
    assert one.executor().executor.ledger.orders.by_intent == {}
    assert one.differences() == []


SYMBOLS = ((1, "AAPL"), (2, "MSFT"))


def test_the_highest_order_id_counts_those_that_a_what_if_used() -> None:
    one = Group()
    one.write(roles.GATEWAY, WhatIfAnswered(T0, ACCOUNT, "w", "77"), WhatIfAnswered(T0, "", "x"))
    [*_, end] = kept(one)
    assert isinstance(end, CheckpointCompleted)
    assert end.order_id == "77"


def test_a_difference_that_demands_a_halt_is_kept_until_risk_has_answered_it() -> None:
    found = Difference("position", "DU1 AAPL", "1", "2", Decimal(1), "halt", "DU1", "AAPL")
    first, last = (
        ReconciliationCompleted(T0 + n, "interval", "", "", 0, 0, 0, differences, gaps=())
        for n, differences in enumerate([(found,), ()])
    )
    one = Group()
    one.write(roles.GATEWAY, first, last)
    assert kept(one)[:-1] == [first, last]
    one.write(roles.RISK, RiskHalted(T0, S, "differs", first.cause_id(found)))
    assert kept(one)[:-1] == [last]
    assert one.differences() == []


def test_of_a_circuit_the_last_change_is_kept() -> None:
    one = Group()
    changes = [
        CircuitChanged(T0, f"{name}-{n}", name, "CLOSED", "OPEN", "too many")
        for n in range(3)
        for name in ("strategy.a", "strategy.b")
    ]
    one.write(roles.EXECUTOR, *changes)
    assert kept(one, role=roles.EXECUTOR)[:-1] == changes[-2:]
