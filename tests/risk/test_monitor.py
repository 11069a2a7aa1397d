"""The monitor: what halts trading and in which scope, what lifts it, what survives a restart."""

import pytest

from tapewire.common.bus.wire import decode_event, encode
from tapewire.common.events import (
    EVERYTHING,
    CancelAll,
    ConnectionUp,
    Control,
    FlattenCompleted,
    FlattenDelayed,
    FlattenStarted,
    Heartbeat,
    OrderDenied,
    OrderFilled,
    RiskHalted,
    RiskResumed,
    RiskViolation,
    RiskWarned,
    Scope,
)
from tapewire.common.roles import LIQUIDATION, RISK
from tapewire.risk.closing import Asked
from tapewire.risk.halting import Standing
from tests.risk.orders import NOW, SECOND, T0, fill, held, intended, monitor, order, turns
from tests.risk.standings import at_login


def ask(one, action: str, reason: str = "test", scope: Scope = EVERYTHING, after_ns: int = 0):
    return one.control(Control(T0, action, reason, scope), NOW + after_ns)


def test_a_position_beyond_the_limit_halts():
    one = monitor(limit=5)
    one.on_broker(fill(order(), 6, "e1"))
    violation, halted = one.check(NOW)
    assert isinstance(violation, RiskViolation)
    says = "MaxContractsPerInstrument: AAPL is or could get 6 contracts, the limit is 5"
    assert halted == RiskHalted(T0, Scope("DU1"), says, by="MaxContractsPerInstrument")
    assert one.trading == "ACTIVE", "the other accounts go on"
    assert one.halts.keys() == {Scope("DU1")}
    assert one.check(NOW) == []


def test_working_orders_that_could_get_beyond_the_limit_halt():
    one = monitor(limit=15)
    one.on_broker(fill(order("x"), 6, "e1"))
    one.on_broker(intended(order()))
    assert [type(e) for e in one.check(NOW)] == [RiskViolation, RiskHalted]


def test_a_position_that_only_the_broker_knows_of_halts():
    one = monitor(limit=15)
    one.on_broker(held(16))
    assert one.check(NOW)[-1].reason.partition(": ")[2].startswith("AAPL is or could get 16")


def test_at_the_limit_a_person_is_warned_and_nothing_else_happens():
    one = monitor(limit=10)
    one.on_broker(intended(order()))
    one.on_broker(fill(order(), 10, "e1"))
    one.on_broker(held(10))
    assert [type(e) for e in one.check(NOW)] == [RiskWarned]
    assert one.check(NOW, timer=True) == []
    assert one.trading == "ACTIVE"


@pytest.mark.parametrize("action", ["halt", "flatten"])
def test_a_halt_survives_a_restart(action: str):
    reply, events = ask(monitor(), action, "a person said so")
    assert (reply.ok, reply.state) == (True, "HALTED")
    after = monitor(journal=events)
    assert (after.trading, after.reason) == ("HALTED", "a person said so")
    assert after.halted_ns == T0


def test_a_resume_survives_a_restart():
    one = monitor()
    events = [*ask(one, "halt")[1], *ask(one, "resume")[1]]
    assert events == [RiskHalted(T0, EVERYTHING, "test"), RiskResumed(T0, EVERYTHING, "test")]
    after = monitor(journal=events)
    assert (after.trading, after.halted_ns) == ("ACTIVE", 0)


def test_a_second_halt_or_resume_changes_nothing():
    one = monitor()
    assert ask(one, "resume")[1] == []
    ask(one, "halt")
    assert ask(one, "halt")[1] == []


def test_a_resume_is_denied_while_a_rule_is_broken():
    one = monitor(limit=5)
    one.on_broker(fill(order(), 6, "e1"))
    one.check(NOW)
    reply, events = ask(one, "resume")
    assert (reply.ok, reply.state, events) == (False, "ACTIVE", [])
    assert reply.text == "not resumed: AAPL is or could get 6 contracts, the limit is 5"


def test_a_resume_is_denied_while_a_flatten_is_in_progress():
    one = monitor()
    ask(one, "flatten")
    reply, events = ask(one, "resume")
    assert (reply.ok, events, one.trading) == (False, [], "HALTED")
    assert "is in progress" in reply.text


def test_a_fault_halts_once_and_cannot_be_resumed():
    one = monitor()
    assert [type(e) for e in one.on_fault("the tail is lost", NOW)] == [RiskViolation, RiskHalted]
    assert one.on_fault("the tail is lost", NOW) == []
    reply, events = ask(one, "resume")
    assert (reply.text, events) == ("not resumed: the tail is lost", [])


def test_the_kill_switch_halts_once_and_nobody_resumes_while_it_is_pulled():
    one = monitor()
    assert one.on_kill_switch("", NOW) == []
    report, halted = one.on_kill_switch("enough", NOW)
    assert isinstance(report, RiskViolation)
    assert halted == RiskHalted(T0, EVERYTHING, "enough", by="kill switch")
    assert one.on_kill_switch("enough", NOW) == []
    assert ask(one, "resume")[0].text == "not resumed: enough"
    assert one.on_kill_switch("", NOW) == []
    assert one.trading == "HALTED", "a person has to resume"
    assert ask(one, "resume")[0].ok


def test_the_kill_switch_makes_a_lock_out_of_everything_last():
    one = monitor(journal=[RiskHalted(T0, EVERYTHING, "x", until_ns=T0 + SECOND)])
    assert [type(e) for e in one.on_kill_switch("enough", NOW)] == [RiskViolation, RiskHalted]
    assert one.trading == "HALTED"


def test_a_second_flatten_does_not_start_another():
    one = monitor()
    assert [type(e) for e in ask(one, "flatten")[1]] == [RiskHalted, FlattenStarted]
    assert ask(one, "flatten", after_ns=5)[1] == []


def test_a_flatten_goes_to_its_end_and_trading_stays_halted():
    one = monitor()
    one.on_broker(held(10), LIQUIDATION)
    ask(one, "flatten")
    events, (cancel, (role, close)) = turns(one, NOW)
    assert (events, cancel, role) == ([], Asked(LIQUIDATION, CancelAll(T0)), LIQUIDATION)
    one.on_broker(intended(close), LIQUIDATION)
    one.on_broker(OrderFilled(T0, "DU1", close.intent_id), LIQUIDATION)
    one.on_broker(held(0, ts_ns=T0 + 1), LIQUIDATION)
    assert turns(one, NOW + SECOND) == ([FlattenCompleted(T0 + SECOND, EVERYTHING)], [])
    assert (one.flatten, one.trading) == (None, "HALTED")
    assert ask(one, "resume")[0].ok


def test_a_flatten_resumes_after_a_restart():
    before = monitor()
    events = ask(before, "flatten")[1]
    one = monitor(journal=events)
    one.on_broker(held(10), LIQUIDATION)
    _, (cancel, (_, close)) = turns(one, NOW + 60 * SECOND)
    assert cancel == Asked(LIQUIDATION, CancelAll(T0 + 60 * SECOND))
    assert close.terms.quantity == 10


def test_a_flatten_that_was_over_does_not_start_again_with_a_restart():
    about = (T0, EVERYTHING)
    journal = [RiskHalted(*about, "x"), FlattenStarted(*about, "x"), FlattenCompleted(*about)]
    one = monitor(journal=journal)
    assert turns(one, NOW) == ([], [])
    assert one.trading == "HALTED"


# ---- scopes and accounts ------------------------------------------------------------------------


def test_each_account_has_its_own_limit_and_its_own_halt():
    one = monitor(limit=5)
    one.on_broker(fill(order(), 3, "e1"))
    one.on_broker(fill(order("b/1", account="DU2"), 6, "e2"))
    assert [e.scope for e in one.check(NOW)] == [Scope("DU2")] * 2
    assert one.reason.startswith("account DU2: MaxContractsPerInstrument: AAPL is or could get 6")
    one.on_broker(fill(order("c/1"), 3, "e3"))
    assert [e.scope for e in one.check(NOW)] == [Scope("DU1")] * 2


def test_a_halt_of_everything_is_what_the_reason_names_first():
    one = monitor()
    ask(one, "halt", "small", Scope("DU1"))
    assert (one.trading, one.reason, one.halted_ns) == ("ACTIVE", "account DU1: small", 0)
    ask(one, "halt", "large", after_ns=SECOND)
    assert (one.trading, one.reason, one.halted_ns) == ("HALTED", "large", T0 + SECOND)


def test_a_resume_lifts_exactly_the_halt_that_it_names_and_that_of_everything_lifts_all():
    one = monitor()
    for scope in (Scope("DU1"), Scope("DU2"), Scope("DU1", symbol="AAPL"), EVERYTHING):
        ask(one, "halt", scope=scope)
    assert ask(one, "resume", scope=Scope("DU1"))[0].ok
    assert one.halts.keys() == {Scope("DU2"), Scope("DU1", symbol="AAPL"), EVERYTHING}
    reply, events = ask(one, "resume", scope=Scope("DU3"))
    assert (reply.text, events) == ("not resumed: account DU3 is not halted by itself", [])
    ask(one, "resume")
    assert one.halts == {}


def test_a_broken_rule_keeps_its_own_halt_and_that_of_everything_and_no_other():
    one = monitor(limit=5)
    one.on_broker(fill(order(), 6, "e1"))
    one.check(NOW)
    for scope in (Scope("DU2"), EVERYTHING):
        ask(one, "halt", scope=scope)
    assert not ask(one, "resume", scope=Scope("DU1"))[0].ok
    assert not ask(one, "resume")[0].ok
    assert ask(one, "resume", scope=Scope("DU2"))[0].ok


def test_a_flatten_of_an_account_halts_and_closes_that_account_alone():
    one = monitor()
    for account, quantity in (("DU1", 10), ("DU2", 40)):
        one.on_broker(held(quantity, account=account), LIQUIDATION)
    reply, events = ask(one, "flatten", scope=Scope("DU1"))
    assert reply.ok
    assert events == [
        RiskHalted(T0, Scope("DU1"), "test"),
        FlattenStarted(T0, Scope("DU1"), "test"),
    ]
    _, ((_, close),) = turns(one, NOW)
    assert (close.account, close.terms.quantity) == ("DU1", 10)
    one.on_broker(OrderDenied(T0, "DU1", RISK, "gateway", "no", close.intent_id), LIQUIDATION)
    one.on_broker(held(0), LIQUIDATION)
    assert turns(one, NOW + SECOND) == ([FlattenCompleted(T0 + SECOND, Scope("DU1"))], [])


def test_a_flatten_of_everything_is_over_only_when_every_account_is_flat():
    one = monitor()
    one.on_broker(held(-5), LIQUIDATION)
    one.on_broker(held(40, account="DU2"), LIQUIDATION)
    ask(one, "flatten")
    _, (_, *closing) = turns(one, NOW)
    assert [(c.account, str(c.terms)) for _, c in closing] == [
        ("DU1", "BUY 5 MKT"), ("DU2", "SELL 40 MKT"),
    ]  # fmt: skip
    for _, close in closing:
        denied = OrderDenied(T0, close.account, RISK, "gateway", "no", close.intent_id)
        one.on_broker(denied, LIQUIDATION)
    one.on_broker(held(0), LIQUIDATION)
    events, ((_, again),) = turns(one, NOW + SECOND)
    assert (events, again.account, again.terms.quantity) == ([], "DU2", 40)
    one.on_broker(OrderDenied(T0, "DU2", RISK, "gateway", "no", again.intent_id), LIQUIDATION)
    one.on_broker(held(0, account="DU2"), LIQUIDATION)
    assert turns(one, NOW + 2 * SECOND) == ([FlattenCompleted(T0 + 2 * SECOND, EVERYTHING)], [])


def test_what_delays_a_flatten_is_in_the_journal():
    one = monitor()
    ask(one, "flatten")
    beat = Heartbeat(T0, "READY", "", 0, "", mono_ns=NOW.mono_ns, risk_seq=1)
    without = Standing(1, 1, beat, reachable=False)
    assert one.tick(NOW, at_login(without))[0] == []
    (delayed,), _ = one.tick(NOW + 11 * SECOND, at_login(without))
    assert delayed == FlattenDelayed(
        T0 + 11 * SECOND, EVERYTHING, "the liquidation gateway is not READY"
    )


def test_a_flatten_of_a_strategy_is_denied_since_positions_are_an_accounts():
    reply, events = ask(monitor(), "flatten", scope=Scope(strategy="dip"))
    assert (reply.ok, events) == (False, [])
    assert reply.text == ("not flattened: positions are an account's; name an account or a symbol")


def test_a_flatten_of_everything_takes_over_from_a_smaller_one():
    one = monitor()
    ask(one, "flatten", scope=Scope("DU1"))
    reply, events = ask(one, "flatten", after_ns=1)
    assert reply.ok
    assert [type(e) for e in events] == [RiskHalted, FlattenStarted]
    assert one.flatten.scope == EVERYTHING


def test_a_smaller_flatten_is_part_of_the_larger_one_and_another_has_to_wait():
    one = monitor()
    ask(one, "flatten", scope=Scope("DU1"))
    reply, events = ask(one, "flatten", scope=Scope("DU1", symbol="AAPL"))
    assert (reply.ok, [type(e) for e in events]) == (True, [RiskHalted])
    reply, events = ask(one, "flatten", scope=Scope(symbol="AAPL"))
    assert (reply.ok, events) == (False, [])
    assert reply.text == "not flattened: a flatten of account DU1 is in progress"


def test_a_request_to_cancel_all_goes_to_the_liquidation_gateway_once():
    one = monitor()
    reply, events = ask(one, "cancel_all")
    assert (reply.ok, reply.state, events) == (True, "ACTIVE", [])
    assert one.tick(NOW, at_login(Standing(reachable=False))) == ([], [])
    assert one.tick(NOW, at_login(Standing())) == ([], [Asked(LIQUIDATION, CancelAll(T0))])
    assert one.tick(NOW, at_login(Standing())) == ([], [])


def test_a_reason_that_is_too_long_can_be_read_from_the_journal_again():
    one = monitor()
    for event in one.on_fault("x" * 600, NOW):
        assert decode_event(encode(event)) == event


@pytest.mark.parametrize("action", ["halt", "flatten"])
def test_an_account_that_the_login_does_not_have_is_refused(action: str):
    one = monitor()
    one.on_broker(ConnectionUp(T0, 157, ("DU1", "DU2")))
    reply, events = ask(one, action, scope=Scope("X"))
    done = {"halt": "halted", "flatten": "flattened"}[action]
    says = f"not {done}: account X is not one of this login's; expected one of: DU1, DU2"
    assert (reply.ok, reply.text, events) == (False, says, [])
    assert ask(one, action, scope=Scope("DU2"))[0].ok


def test_while_no_login_is_known_any_account_can_be_halted():
    assert ask(monitor(), "halt", scope=Scope("DU3"))[0].ok


def test_an_account_that_was_traded_can_be_halted_after_the_login_changed():
    one = monitor()
    one.on_broker(held(1))
    one.on_broker(ConnectionUp(T0, 157, ("DU9",)))
    assert ask(one, "halt", scope=Scope("DU1"))[0].ok
