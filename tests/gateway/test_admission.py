"""Admission: who may add risk, and what only reduces it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewire.common.accounting.exposure import Exposure
from tapewire.common.clock import Now
from tapewire.common.events import (
    EVERYTHING,
    FlattenCompleted,
    FlattenStarted,
    Heartbeat,
    RiskHalted,
    RiskResumed,
    Scope,
    SubmitOrder,
    signed,
)
from tapewire.gateway.orders.admission import Gate
from tests.gateway.tws_bench import NOW, OTHER_ACCOUNT, submit, terms_of
from tests.gateway.tws_messages import ACCOUNT, SECOND, T0

HOUR = 3600 * SECOND


def beat(age_ns: int = 0, trading: str | None = "ACTIVE") -> Heartbeat:
    return Heartbeat(T0 - age_ns, "READY", "", 0, "", trading, NOW.mono_ns - age_ns)


def gate(*events: object, **given: object) -> Gate:
    one = Gate(3000, reduce_only=False)
    one.beat, one.decisions_known = beat(), True
    for event in events:
        one.on_risk(event)
    for name, value in given.items():
        setattr(one, name, value)
    return one


def asked(one: Gate, order: SubmitOrder, held: int = 0, now: Now = NOW, **works: int) -> str:
    working = {side: Decimal(quantity) for side, quantity in works.items()}
    exposure = Exposure(Decimal(held), **working)
    return one.denial(order, now, {(order.account, order.symbol): exposure})


def halted(*parts: str, **named: str) -> RiskHalted:
    return RiskHalted(T0, Scope(*parts, **named), "test")


def test_with_a_fresh_lease_and_active_trading_an_order_may_go():
    assert asked(gate(), submit()) == ""


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"beat": None}, "no heartbeat from risk yet"),
        (
            {"beat": beat(3 * SECOND + 1_000_000)},
            "the last heartbeat from risk is 3001 ms old, its lease is 3000 ms",
        ),
        ({"beat": beat(3 * SECOND + 1)}, "the last heartbeat from risk is 3000 ms old"),
        ({"beat": Heartbeat(T0, "READY", "", 0, "", "ACTIVE")}, "the last heartbeat from risk is"),
        ({"beat": beat(trading="HALTED")}, "trading is HALTED, and"),
        ({"beat": beat(trading="REDUCING")}, "trading is REDUCING, and"),
        ({"beat": beat(trading=None)}, "trading is HALTED, and"),
        ({"decisions_known": False}, "risk's decisions are not all known yet"),
        ({"no_room": "the disk is nearly full"}, "the disk is nearly full"),
        ({"reduce_only": True}, "the liquidation gateway only takes orders that reduce it"),
    ],
    ids=str,
)
def test_what_adds_risk_is_denied_and_what_reduces_it_is_not(given: dict, says: str):
    assert says in asked(gate(**given), submit(side="BUY"), held=10)
    assert asked(gate(**given), submit(side="SELL", quantity=10), held=10) == ""
    assert asked(gate(**given), submit(side="BUY", quantity=10), held=-10) == ""


def test_a_halt_denies_what_adds_risk_and_lets_pass_what_reduces_it():
    one = gate(halted())
    says = "trading is HALTED for everything, and the order would add risk"
    assert asked(one, submit(side="BUY"), held=10) == says
    assert asked(one, submit(side="SELL", quantity=10), held=10) == ""


def test_a_new_gate_knows_nothing_of_risks_decisions():
    one = Gate(3000, reduce_only=False)
    one.on_risk(beat())
    assert asked(one, submit()) == "risk's decisions are not all known yet"


# ---- the lease ----------------------------------------------------------------------------------


def test_a_lease_lasts_its_whole_time():
    assert asked(gate(beat=beat(3 * SECOND)), submit()) == ""


@pytest.mark.parametrize("set_by_ns", [-HOUR, HOUR])
def test_setting_the_wall_clock_neither_ends_nor_prolongs_a_lease(set_by_ns: int):
    order = submit(expires_ns=T0 + 2 * HOUR)
    set_clock = Now(NOW.wall_ns + set_by_ns, NOW.mono_ns)
    assert asked(gate(), order, now=set_clock + 3 * SECOND) == ""
    assert "ms old, its lease is" in asked(gate(), order, now=set_clock + (3 * SECOND + 1))


# ---- halts and flattens with a scope ------------------------------------------------------------


@pytest.mark.parametrize(
    ("halt", "words"),
    [
        (halted(), "everything"),
        (halted(ACCOUNT), f"account {ACCOUNT}"),
        (halted(strategy="s"), "strategy s"),
        (halted(symbol="AAPL"), "symbol AAPL"),
        (halted(ACCOUNT, "s", "AAPL"), f"account {ACCOUNT}, strategy s, symbol AAPL"),
    ],
    ids=str,
)
def test_a_halt_covers_the_orders_in_its_scope_until_it_is_lifted(halt: RiskHalted, words: str):
    one = gate(halt)
    said = asked(one, submit(), held=10)
    assert said == f"trading is HALTED for {words}, and the order would add risk"
    assert asked(one, submit(side="SELL"), held=10) == ""
    one.on_risk(beat())
    assert asked(one, submit()) != ""
    one.on_risk(RiskResumed(T0, halt.scope, "test"))
    assert asked(one, submit()) == ""


@pytest.mark.parametrize(
    "halt",
    [
        halted(OTHER_ACCOUNT),
        halted(strategy="t"),
        halted(symbol="MSFT"),
        halted(ACCOUNT, "s", "MSFT"),
        halted(OTHER_ACCOUNT, "s", "AAPL"),
    ],
    ids=str,
)
def test_a_halt_leaves_alone_what_is_outside_its_scope(halt: RiskHalted):
    assert asked(gate(halt), submit()) == ""


def test_a_resume_lifts_its_own_halt_and_that_of_everything_lifts_all():
    one = gate(halted(ACCOUNT), halted(symbol="AAPL"), halted())
    one.on_risk(RiskResumed(T0, Scope(strategy="s"), "no such halt"))
    one.on_risk(RiskResumed(T0, Scope(ACCOUNT), "test"))
    assert sorted(str(scope) for scope in one.decisions.halts) == ["everything", "symbol AAPL"]
    one.on_risk(RiskResumed(T0, EVERYTHING, "test"))
    assert one.decisions.halts == {}


@pytest.mark.parametrize("scope", [EVERYTHING, Scope(ACCOUNT), Scope(symbol="AAPL")], ids=str)
def test_during_a_flatten_even_a_reducing_order_in_its_scope_is_denied(scope: Scope):
    one, order = gate(FlattenStarted(T0, scope, "test")), submit(side="SELL", quantity=5)
    assert "a flatten is in progress" in asked(one, order, held=10)
    one.on_risk(FlattenCompleted(T0, Scope(symbol="MSFT")))
    assert asked(one, order, held=10) != ""
    one.on_risk(FlattenCompleted(T0, scope))
    assert asked(one, order, held=10) == ""


def test_a_flatten_that_a_larger_one_has_replaced_ends_with_it():
    one, order = gate(FlattenStarted(T0, Scope(symbol="AAPL"), "test")), submit(quantity=5)
    one.on_risk(FlattenStarted(T0, EVERYTHING, "test"))
    one.on_risk(FlattenCompleted(T0, EVERYTHING))
    assert asked(one, order) == ""


def test_a_flatten_elsewhere_leaves_other_orders_alone():
    assert asked(gate(FlattenStarted(T0, Scope(OTHER_ACCOUNT), "test")), submit()) == ""


def test_the_durable_state_has_the_halts_with_their_reasons_and_the_flatten():
    one = gate(halted(symbol="MSFT"), halted(ACCOUNT), FlattenStarted(T0, EVERYTHING, "test"))
    assert one.snapshot() == {
        "halts": [(("", "", "MSFT"), "test", 0), ((ACCOUNT, "", ""), "test", 0)],
        "lock_outs": [],
        "flatten": [(("", "", ""), Decimal(0))],
        "owed": [],
        "answered": [],
    }


# ---- what is not an order at all ----------------------------------------------------------------


@pytest.mark.parametrize("set_by_ns", [-HOUR, HOUR])
def test_a_clock_that_is_set_does_not_keep_an_order_alive(set_by_ns: int):
    order = submit(side="SELL", expires_ns=T0 + 2 * HOUR, expires_mono_ns=NOW.mono_ns + SECOND)
    set_clock = Now(NOW.wall_ns + set_by_ns, NOW.mono_ns + SECOND)
    assert asked(gate(), order, held=10, now=set_clock) == ""
    late = "it expired before it could be sent"
    assert asked(gate(), order, held=10, now=set_clock + 1) == late


def test_an_expired_order_is_denied_even_if_it_reduces():
    late = "it expired before it could be sent"
    assert asked(gate(), submit(side="SELL", expires_ns=T0 - 1), held=10) == late
    assert asked(gate(), submit(expires_ns=T0)) == ""


@pytest.mark.parametrize("quantity", [0, -1])
def test_a_quantity_that_is_none_is_denied(quantity: int):
    assert asked(gate(), submit(quantity=quantity), held=-10).startswith(f"quantity is {quantity}")


def test_terms_that_make_no_sense_are_denied_even_if_they_reduce():
    order = submit(terms=terms_of("SELL", 5, 150, type="STP"))
    assert "STP order has" in asked(gate(), order, held=10)


# ---- what reduces -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "side", "quantity"),
    [(10, "SELL", 11), (10, "BUY", 1), (-10, "BUY", 11), (-10, "SELL", 1), (0, "SELL", 1)],
)
def test_an_order_that_goes_beyond_zero_or_away_from_it_adds_risk(held, side, quantity):
    assert "would add risk" in asked(gate(halted()), submit(side=side, quantity=quantity), held)


def test_what_works_on_the_same_side_fills_first_and_the_other_side_does_not_count():
    one = gate(halted())
    assert asked(one, submit(side="SELL", quantity=5), 10, selling=6) != ""
    assert asked(one, submit(side="SELL", quantity=4), 10, selling=6, buying=100) == ""
    assert asked(one, submit(side="BUY", quantity=4), -10, buying=6, selling=100) == ""


orders = st.lists(st.tuples(st.sampled_from(["BUY", "SELL"]), st.integers(1, 20)), max_size=12)


@given(st.integers(-30, 30), orders, st.randoms())
def test_whatever_fills_of_admitted_orders_while_halted_the_position_never_grows(
    held: int, wanted: list[tuple[str, int]], chance
):
    one, exposure, live = gate(halted()), Exposure(Decimal(held)), []
    for side, quantity in wanted:
        order = submit(side=side, quantity=quantity)
        if one.denial(order, NOW, {(order.account, order.symbol): exposure}) == "":
            live.append(order)
            exposure = exposure.with_order(order.terms)
    position = held
    for each in chance.sample(live, chance.randint(0, len(live))):
        position += int(signed(each.terms.side, each.terms.quantity))
        assert abs(position) <= abs(held)
        assert position * held >= 0
