"""The gateway's own limits: the rules whoever sends an order, a largest size, a largest rate."""

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest
from msgspec.structs import replace

from tapewire.common.clock import Now
from tapewire.common.config.settings import RuleConfig
from tapewire.common.events import (
    OrderDenied,
    OrderModifyRejected,
    RulesChanged,
    SubmitOrder,
    Trade,
)
from tapewire.risk.rules import Rule, RuleBook, View, load_rules
from tapewire.risk.rules.in_force import text_of
from tests.gateway.test_groups import bracket
from tests.gateway.tws_bench import OTHER_ACCOUNT, Bench, modify_order, submit, terms_of
from tests.gateway.tws_messages import ACCOUNT, INSTRUMENTS, SECOND, T0

RATE_MAX_PER_S = 45
RULES = load_rules([RuleConfig(rule="MaxContractsPerInstrument", parameters={"limit": 200})])


def bench(rules: RuleBook = RULES, **given: object) -> Bench:
    return Bench(
        rules=rules, instruments=INSTRUMENTS.values(), accounts=(ACCOUNT, OTHER_ACCOUNT), **given
    )


def reasons(one: Bench) -> list[str]:
    kinds = OrderDenied | OrderModifyRejected
    return [e.reason for e in one.journal if isinstance(e, kinds)]


@pytest.fixture
def limited() -> Bench:
    return bench()


# ---- the rules -----------------------------------------------------------------------------------


def test_of_500_orders_that_nobody_has_checked_those_up_to_the_limit_are_taken(limited: Bench):
    answers = [limited.submit(submit(f"forged-{n}/1", quantity=1)) for n in range(500)]
    assert [answer.accepted for answer in answers] == [True] * 200 + [False] * 300
    assert answers[200].reason == (
        "MaxContractsPerInstrument: AAPL could get 201 long with this order, the limit is 200"
    )
    assert 0 < len(limited.flush()) <= RATE_MAX_PER_S, "the others wait for their turn"
    denied = [event for event in limited.journal if isinstance(event, OrderDenied)]
    assert {event.stage for event in denied} == {"gateway"}


def test_what_is_held_counts_whoever_traded_it(limited: Bench):
    limited.hold(150)
    assert not limited.submit(submit("a/1", quantity=51)).accepted
    assert limited.submit(submit("b/1", quantity=50)).accepted
    assert limited.submit(submit("c/1", quantity=51, symbol="MSFT")).accepted
    assert limited.submit(submit("d/1", quantity=51, account=OTHER_ACCOUNT)).accepted


def test_what_the_newest_order_trades_is_at_stake_though_it_was_judged_without_itself(
    limited: Bench,
):
    limited.submit(submit("a/1", quantity=50, symbol="MSFT"))
    assert limited.gateway.limits.at_stake() == ["MSFT"]


def test_what_is_at_stake_has_an_order_that_no_restart_changes(limited: Bench):
    """Lines are opened in it, and what the market sends first depends on that."""
    for number, symbol in enumerate(["MSFT", "AAPL"]):
        limited.submit(submit(f"a-{number}/1", quantity=1, symbol=symbol))
    assert limited.gateway.limits.at_stake() == ["AAPL", "MSFT"]


def test_a_fill_counts_before_the_broker_reports_the_position(limited: Bench):
    order = limited.send(submit("a/1", quantity=200))
    limited.fill(order, 200, "0001.01")
    assert not limited.submit(submit("b/1", quantity=1)).accepted
    limited.hold(200)
    assert not limited.submit(submit("c/1", quantity=1)).accepted


def test_what_was_closed_elsewhere_does_not_count_any_more(limited: Bench):
    order = limited.send(submit("a/1", quantity=200))
    limited.fill(order, 200, "0001.01")
    limited.hold(200)
    limited.hold(0)
    assert limited.submit(submit("b/1", quantity=200)).accepted


def test_an_exit_passes_and_what_would_turn_the_position_round_does_not(limited: Bench):
    limited.hold(300)  # more than the limit: it was lowered, or somebody traded by hand
    assert limited.submit(submit("a/1", side="SELL", quantity=300)).accepted
    assert not limited.submit(submit("b/1", side="SELL", quantity=201)).accepted
    assert not limited.submit(submit("c/1", quantity=1)).accepted


def test_rules_are_asked_again_when_an_order_is_written(limited: Bench):
    assert limited.submit(submit("a/1", quantity=100)).accepted
    limited.hold(150)
    assert limited.flush() == []
    assert reasons(limited) == [
        "MaxContractsPerInstrument: AAPL could get 250 long with this order, the limit is 200"
    ]


def test_an_order_does_not_count_against_itself_when_it_is_written(limited: Bench):
    assert limited.submit(submit("a/1", quantity=200)).accepted
    assert len(limited.flush()) == 1


@pytest.mark.parametrize("when", ["asked", "written"])
def test_a_modify_is_held_to_the_rules_by_what_remains_of_its_order(limited: Bench, when: str):
    limited.rest(150)
    if when == "written":
        assert limited.modify(modify_order("s-2", 200, "150")).accepted
    limited.hold(1)
    if when == "asked":
        assert not limited.modify(modify_order("s-2", 200, "150")).accepted
    assert limited.flush() == []
    assert "AAPL could get 201 long" in reasons(limited)[0]
    assert limited.modify(modify_order("s-3", 199, "150")).accepted
    assert len(limited.flush()) == 1


def test_its_picture_is_the_same_after_a_restart(limited: Bench):
    order = limited.send(submit("a/1", quantity=120))
    limited.fill(order, 50, "0001.01")
    after = bench(journal=limited.journal)
    assert not after.submit(submit("b/1", quantity=81)).accepted
    assert after.submit(submit("c/1", quantity=80)).accepted


class Seen(Rule):
    """Keeps what a rule of a user's may ask."""

    def denial(self, order: SubmitOrder, view: View) -> str:
        self.keys = view.keys(order.account)
        self.fills = view.day(order.account).fills
        self.live = [one.intent_id for one in view.open_orders(order.account)]
        return ""


def test_a_rule_sees_orders_positions_and_the_day_as_in_the_executor():
    seen = Seen(msgspec.Struct())
    one = bench(RuleBook([seen]))
    order = one.send(submit("a/1", quantity=10))
    one.fill(order, 4, "0001.01")
    one.hold(7, "MSFT")
    assert one.submit(submit("b/1")).accepted
    assert seen.keys == [(ACCOUNT, "AAPL"), (ACCOUNT, "MSFT")]
    assert (seen.fills, seen.live) == (1, ["a/1"])


class Broken(Rule):
    """Raises."""

    def denial(self, order: SubmitOrder, view: View) -> str:
        raise RuntimeError("a bug")


def test_a_rule_that_raises_lets_no_order_pass():
    answer = bench(RuleBook([Broken(msgspec.Struct())])).submit(submit())
    assert not answer.accepted
    assert "rule Broken failed, so the order is not sent" in answer.reason


def test_the_liquidation_gateway_has_no_limits_and_takes_what_reduces():
    one = bench(RuleBook(), reduce_only=True)
    one.hold(500)
    assert one.submit(submit(side="SELL", quantity=500)).accepted


# ---- size and rate -------------------------------------------------------------------------------


def test_an_order_larger_than_the_largest_is_denied_but_for_an_exit():
    one = bench(RuleBook(), quantity_max=Decimal(50))
    assert one.submit(submit("a/1", quantity=50)).accepted
    refused = one.submit(submit("b/1", quantity="50.5"))
    assert refused.reason == "its quantity is 50.5, and gateway.order_quantity_max is 50"
    one.hold(80, "MSFT")
    assert one.submit(submit("c/1", side="SELL", quantity=80, symbol="MSFT")).accepted


def accepted(one: Bench, count: int, make: Callable[[int], SubmitOrder]) -> int:
    return sum(one.submit(make(number)).accepted for number in range(count))


def test_no_more_orders_are_taken_in_a_second_than_may_be():
    one = bench(RuleBook(), orders_max_per_s=3)
    assert accepted(one, 5, lambda n: submit(f"a-{n}/1", quantity=1)) == 3
    assert reasons(one)[0] == (
        "the account had 3 orders within a second, and gateway.orders_max_per_s is 3"
    )
    assert one.submit(submit("other/1", account=OTHER_ACCOUNT)).accepted, "each account has its own"
    one.now += SECOND - 1
    assert accepted(one, 5, lambda n: submit(f"b-{n}/1", quantity=1)) == 0
    one.now += 1
    assert accepted(one, 5, lambda n: submit(f"c-{n}/1", quantity=1)) == 3


def test_the_rate_is_counted_by_the_monotonic_clock():
    one = bench(RuleBook(), orders_max_per_s=1)
    assert one.submit(submit("a/1")).accepted
    one.now = Now(one.now.wall_ns - 3600 * SECOND, one.now.mono_ns)
    assert not one.submit(submit("b/1")).accepted
    one.now = Now(one.now.wall_ns, one.now.mono_ns + SECOND)
    one.beat()
    assert one.submit(submit("c/1")).accepted


def test_exits_and_repeated_intents_do_not_count_to_the_rate_and_modifies_do():
    one = bench(RuleBook(), orders_max_per_s=2)
    one.hold(10, "MSFT")
    one.rest(10)
    assert one.submit(submit()).accepted, "the same again"
    assert one.submit(submit("exit/1", side="SELL", quantity=10, symbol="MSFT")).accepted
    assert one.modify(modify_order("s-2", 11, "150")).accepted
    assert not one.modify(modify_order("s-3", 12, "150")).accepted
    assert not one.submit(submit("b/1")).accepted


def test_writing_an_order_does_not_count_it_again():
    one = bench(RuleBook(), orders_max_per_s=1)
    assert one.submit(submit()).accepted
    assert len(one.flush()) == 1


# ---- lot, tick, time, market ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"quantity": "0.5"}, "quantity is 0.5; AAPL trades in lots of 1"),
        (
            {"limit": "150.001"},
            "limit price is 150.001; prices of AAPL from 1 on are multiples of 0.01",
        ),
        (
            {"terms": terms_of(time_in_force="GTD", good_till_ns=T0 - 1)},
            f"good_till_ns is {T0 - 1}, which is over",
        ),
    ],
)
def test_what_no_exchange_takes_is_denied_whoever_sends_it(limited: Bench, given, says: str):
    answer = limited.submit(submit(**given))
    assert not answer.accepted
    assert says in answer.reason


def test_a_modify_is_held_to_the_tick_too():
    one = bench()
    one.rest(limit=149)
    assert "multiples of 0.01" in one.modify(modify_order(limit="150.001")).reason


def test_an_exit_of_half_a_share_is_taken(limited: Bench):
    limited.hold("10.5")
    assert limited.submit(submit(side="SELL", quantity="10.5")).accepted


def test_the_rules_see_the_newest_price_of_the_market():
    one = bench(load_rules([RuleConfig(rule="PriceCollar", parameters={"percent": 5})]))
    assert one.submit(submit("a/1", limit=160)).accepted
    one.gateway.limits.watch(lambda symbol: Trade(symbol, T0, 150.0, None))
    assert "more than 5 % above its newest price 150" in one.submit(submit("b/1", limit=160)).reason
    assert one.submit(submit("c/1", limit=157)).accepted


def test_a_modify_of_an_order_that_is_partly_filled_is_in_lots_as_a_whole():
    hundreds = replace(INSTRUMENTS["AAPL"], lot=Decimal(100))
    one = Bench(instruments=[hundreds])
    order = one.rest(quantity=300, limit="150")
    one.fill(order, 30, "0001.01")
    denied = one.modify(modify_order("s-3", quantity=250, limit=148))
    assert "quantity is 250; AAPL trades in lots of 100" in denied.reason
    assert one.modify(modify_order(quantity=200, limit=149)).accepted


@pytest.mark.parametrize(("limit", "passes"), [(2, False), (3, True)])
@pytest.mark.parametrize(
    "rule", [("MaxOpenOrders", {}), ("TradeFrequencyLimit", {"per": "minute", "of": "orders"})]
)
def test_the_orders_of_a_group_are_counted_before_any_of_them_is_taken(
    rule: tuple[str, dict], limit: int, passes: bool
):
    name, more = rule
    one = bench(load_rules([RuleConfig(rule=name, parameters={"limit": limit, **more})]))
    answer, _ = one.obey(bracket())
    assert answer.accepted == passes
    one.flush()
    assert len(one.placed()) == (3 if passes else 0)


# ---- rules that are taken over -------------------------------------------------------------------


def taken(name: str, **parameters: object) -> RulesChanged:
    return RulesChanged(T0, text_of([RuleConfig(rule=name, parameters=parameters)]))


def test_other_rules_are_taken_over_from_risks_journal(limited: Bench):
    limited.gateway.on_risk(taken("MaxContractsPerInstrument", limit=5))
    assert not limited.submit(submit("a/1", quantity=6)).accepted
    limited.gateway.on_risk(taken("MaxContractsPerInstrument", limit=500))
    assert limited.submit(submit("b/1", quantity=400)).accepted


def test_rules_that_cannot_be_loaded_here_let_only_exits_pass(limited: Bench):
    limited.hold(10)
    limited.gateway.on_risk(taken("own.rules:Missing"))
    answer = limited.submit(submit("a/1", quantity=1))
    assert "the rules in force cannot be loaded" in answer.reason
    assert limited.submit(submit("b/1", "SELL", quantity=10)).accepted


def test_rules_that_come_later_count_what_was_before_them():
    one = bench(RuleBook())
    for number in range(2):
        assert one.submit(submit(f"a{number}/1", quantity=1)).accepted
    one.gateway.on_risk(taken("TradeFrequencyLimit", limit=2, per="minute", of="orders"))
    assert not one.submit(submit("b/1", quantity=1)).accepted
