"""Combo orders at the gateway: admission leg by leg, executions of the legs, and strangers."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.config.settings import RuleConfig
from tapewire.common.events import (
    ComboLeg,
    Fill,
    OrderConflict,
    OrderFilled,
    Scope,
    SubmitOrder,
    Tick,
    Trade,
    WhatIf,
)
from tapewire.simulator.exchange.orders import order_of_leg
from tests.gateway.one_combo import LEGS, LIMIT, combo, limited, working, works
from tests.gateway.tws_bench import Bench, modify_order, names, submit
from tests.gateway.tws_messages import (
    ACCOUNT,
    INSTRUMENTS,
    T0,
    completed_order_of,
    execution_message,
    execution_of,
    managed_accounts,
)


@pytest.fixture
def bench() -> Bench:
    return limited(LIMIT)


# ---- admission -----------------------------------------------------------------------------------


def test_a_combo_is_taken_sent_as_one_contract_and_counts_on_each_leg(bench: Bench):
    order = works(bench)
    assert bench.placed() == [str(order.order_id)]
    assert bench.state() == "ACCEPTED"
    assert working(bench) == ((10, 0), (0, 20))


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        ({"AAPL": 11}, "MaxContractsPerInstrument: AAPL could get 21 long with this order"),
        ({"MSFT": -1}, "MaxContractsPerInstrument: MSFT could get 21 short with this order"),
    ],
)
def test_it_is_denied_where_one_leg_would_break_a_limit(bench: Bench, held: dict, reason: str):
    for symbol, quantity in held.items():
        bench.hold(quantity, symbol)
    assert bench.submit(combo()).reason.startswith(reason)


def test_what_works_of_a_combo_counts_for_whoever_trades_one_of_its_legs(bench: Bench):
    works(bench)
    assert not bench.submit(submit("b/1", side="SELL", quantity=1, symbol="MSFT")).accepted
    assert bench.submit(submit("c/1", quantity=10)).accepted
    assert not bench.submit(submit("d/1", quantity=1)).accepted


def test_it_passes_as_reducing_only_if_each_leg_does(bench: Bench):
    bench.hold(-10)
    bench.hold(19, "MSFT")
    bench.halt()
    assert "trading is HALTED for everything" in bench.submit(combo("a/1")).reason
    bench.hold(20, "MSFT")
    assert bench.submit(combo("b/1")).accepted
    assert "trading is HALTED" in bench.submit(combo("c/1", quantity=1)).reason, "b/1 closes it all"
    bench.flush()
    assert len(bench.placed()) == 1


def test_the_liquidation_gateway_takes_no_combo_that_could_open_anything():
    bench = Bench(reduce_only=True)
    bench.hold(-10)
    assert "only takes orders that reduce" in bench.submit(combo("a/1")).reason
    bench.hold(20, "MSFT")
    assert bench.submit(combo("b/1")).accepted


@pytest.mark.parametrize("symbol", ["AAPL", "MSFT"])
def test_a_halt_of_one_leg_covers_the_combo(bench: Bench, symbol: str):
    bench.halt(Scope(symbol=symbol))
    assert f"trading is HALTED for symbol {symbol}" in bench.submit(combo()).reason


def test_a_halt_that_arrives_before_it_is_written_ends_it(bench: Bench):
    assert bench.submit(combo()).accepted
    bench.halt(Scope(symbol="MSFT"))
    assert bench.flush() == []
    assert bench.state() == "DENIED"
    assert working(bench) == ((0, 0), (0, 0))


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (combo(legs=LEGS[:1]), "a combo trades two symbols or more, each in one leg"),
        (combo(legs=(LEGS[0], LEGS[0])), "a combo trades two symbols or more, each in one leg"),
        (combo(legs=(LEGS[0], ComboLeg("GOOG", 1, "SELL"))), "symbol GOOG is not configured"),
        (combo(quantity="1.5"), "quantity is 1.5; there are whole combos only"),
        (combo(quantity=0), "quantity is 0; it must be above 0"),
        (combo(limit="5.003"), "limit is 5.003; prices of AAPL - 2 MSFT are multiples of 0.01"),
        (combo(limit="0.003"), "limit is 0.003; prices of AAPL - 2 MSFT are multiples of 0.01"),
        (combo(account="DU9"), "the order's account is not one of this login's"),
    ],
)
def test_a_combo_that_makes_no_sense_is_denied(bench: Bench, order: SubmitOrder, reason: str):
    assert bench.submit(order).reason.startswith(reason)
    assert bench.flush() == []


def test_each_leg_is_in_lots_of_its_own():
    lots = {"AAPL": 10, "MSFT": 20}
    given = [replace(one, lot=Decimal(lots[one.symbol])) for one in INSTRUMENTS.values()]
    bench = Bench(instruments=given)
    assert "leg MSFT: quantity is 10; MSFT trades in lots of 20" in (
        bench.submit(combo("a/1", quantity=5, legs=(LEGS[1], LEGS[0]))).reason
    )
    assert bench.submit(combo("b/1", quantity=10)).accepted


def test_the_largest_quantity_of_an_order_is_that_of_its_largest_leg():
    bench = limited(quantity_max=Decimal(19))
    assert "its quantity is 20" in bench.submit(combo("a/1")).reason
    assert bench.submit(combo("b/1", quantity=9)).accepted


def test_the_account_s_limit_sees_what_all_legs_could_add_together():
    bench = limited(RuleConfig(rule="MaxContracts", parameters={"limit": 29}))
    assert "could get 30 contracts" in bench.submit(combo("a/1")).reason
    assert bench.submit(combo("b/1", quantity=9)).accepted


# ---- prices and amounts are the whole's ----------------------------------------------------------

MARKS = {"AAPL": 100.0, "MSFT": 45.0}


def market(bench: Bench, **prices: float | None) -> Bench:
    marks = {**MARKS, **prices}

    def newest(symbol: str) -> Tick | None:
        price = marks[symbol]
        return None if price is None else Trade(symbol, T0, price, 1.0)

    bench.gateway.limits.watch(newest)
    return bench


def test_its_amount_is_that_of_its_legs_at_the_market():
    rule = RuleConfig(rule="MaxOrderNotional", parameters={"limit": 1_900})
    bench = market(limited(rule))
    assert bench.submit(combo("a/1")).accepted
    assert bench.submit(combo("b/1", quantity=11)).reason == (
        "MaxOrderNotional: the legs of BUY 11 LMT limit 5 AAPL - 2 MSFT come to 2090.00 USD"
        " together, the limit is 1900"
    )
    market(bench, MSFT=None)
    assert "there is no price of MSFT yet" in bench.submit(combo("c/1", quantity=1)).reason


@pytest.mark.parametrize(
    ("side", "limit", "reason"),
    [("BUY", "29", ""), ("BUY", "29.01", "further above 10"),
     ("SELL", "-9", ""), ("SELL", "-9.01", "further below 10")],
)  # fmt: skip
def test_its_limit_is_held_against_what_its_legs_come_to(side: str, limit: str, reason: str):
    """10 % of 100 and of 2 x 45 are 19 on either side of 100 - 2 x 45."""
    rule = RuleConfig(rule="PriceCollar", parameters={"percent": 10})
    bench = market(limited(rule))
    answer = bench.submit(combo(side=side, limit=limit))
    assert answer.accepted is not bool(reason)
    assert reason in answer.reason
    market(bench, AAPL=None)
    assert bench.submit(combo("b/1", side=side, limit="1000")).accepted


# ---- executions ----------------------------------------------------------------------------------


def test_the_executions_of_the_legs_fill_it_and_that_of_the_whole_is_left_out(bench: Bench):
    order = works(bench)
    first, second = order_of_leg(order, 1), order_of_leg(order, 2)
    assert names(bench.fill(first, 10, "0001.01")) == ["Fill"]
    assert (bench.intent().filled, working(bench)) == (0, ((0, 0), (0, 20)))
    assert names(bench.fill(second, 20, "0002.01")) == ["Fill", "OrderFilled"]
    assert bench.receive(execution_message(execution_of(order, 10, "0003.01", "5"))) == []
    assert (bench.state(), bench.intent().filled) == ("FILLED", 10)
    fills = [event for event in bench.journal if isinstance(event, Fill)]
    assert [(one.symbol, one.side, one.quantity, one.intent_id) for one in fills] == [
        ("AAPL", "BUY", 10, "s-1/1"), ("MSFT", "SELL", 20, "s-1/1"),
    ]  # fmt: skip
    assert not any(isinstance(event, OrderConflict) for event in bench.journal)


def test_it_is_filled_by_its_last_leg_whichever_that_is_and_one_more_report_changes_nothing(
    bench: Bench,
):
    order = works(bench, "SELL", 5)
    legs = [order_of_leg(order, 2), order_of_leg(order, 1)]
    bench.fill(legs[0], 10, "0001.01")
    bench.fill(legs[1], 4, "0002.01")
    assert (bench.state(), bench.intent().filled) == ("ACCEPTED", 4)
    bench.fill(legs[1], 1, "0003.01")
    for _ in range(2):
        bench.fill(legs[1], 1, "0003.01")
    assert bench.state() == "FILLED"
    assert sum(isinstance(event, OrderFilled) for event in bench.journal) == 1


def test_a_correction_of_a_leg_does_not_fill_it_twice(bench: Bench):
    order = works(bench)
    first, second = order_of_leg(order, 1), order_of_leg(order, 2)
    bench.fill(second, 20, "0001.01")
    bench.fill(first, 6, "0002.01")
    bench.fill(first, 8, "0002.02")
    assert (bench.state(), bench.intent().filled) == ("ACCEPTED", 8)
    bench.fill(first, 2, "0003.01")
    assert bench.state() == "FILLED"


@pytest.mark.parametrize(
    "strange", [{"instrument": INSTRUMENTS["MSFT"], "side": "BUY"}, {"account": "DU7654321"}]
)
def test_an_execution_of_another_side_or_account_is_a_conflict_of_the_whole_account(
    bench: Bench, strange: dict
):
    leg = order_of_leg(works(bench), 1)
    bench.receive(managed_accounts(ACCOUNT, "DU7654321"))
    for name, value in strange.items():
        setattr(leg, name, value)
    assert names(bench.fill(leg, 10, "0001.01")) == ["OrderConflict", "Fill"]
    (conflict,) = [event for event in bench.journal if isinstance(event, OrderConflict)]
    assert (conflict.symbol, conflict.account) == ("", leg.account)
    assert "ours is BUY AAPL and SELL MSFT under" in conflict.reason
    assert working(bench) == ((10, 0), (0, 20)), "ours may still fill"


def test_a_restart_has_the_same_state_and_a_repeated_combo_its_first_answer(bench: Bench):
    order = works(bench)
    bench.fill(order_of_leg(order, 1), 4, "0001.01")
    again = Bench(bench.journal)
    assert again.gateway.snapshot()["orders"] == bench.gateway.snapshot()["orders"]
    assert working(again) == ((6, 0), (0, 20))
    assert again.submit(combo()).accepted
    assert again.placed() == []


def test_one_that_was_cut_off_is_settled_by_its_legs(bench: Bench):
    order = bench.send(combo())
    bench.lose()
    assert bench.state() == "UNKNOWN"
    bench.connect()
    legs = [order_of_leg(order, 1), order_of_leg(order, 2)]
    listed = [execution_of(legs[0], 10, "0001.01"), execution_of(legs[1], 20, "0002.01")]
    order.status = "Filled"
    bench.answer_snapshot(
        *(execution_message(one, 1) for one in listed),
        execution_message(execution_of(order, 10, "0003.01", "5"), 1),
        completed_order_of(order),
    )
    assert bench.state() == "FILLED"


# ---- modifies ------------------------------------------------------------------------------------


def test_it_is_modified_as_a_whole_and_the_larger_quantity_counts_on_each_leg(bench: Bench):
    works(bench, quantity=8)
    answer = bench.modify(modify_order(quantity=10, limit=6))
    assert answer.accepted
    assert working(bench) == ((10, 0), (0, 20))
    bench.flush()
    assert len(bench.placed()) == 2
    assert not bench.modify(modify_order("s-3", quantity=11, limit=6)).accepted


def test_a_modify_beyond_the_limit_of_one_leg_is_denied(bench: Bench):
    works(bench)
    answer = bench.modify(modify_order(quantity=11, limit=5))
    assert "MSFT could get 22 short" in answer.reason


# ---- what a person has to know -------------------------------------------------------------------


def test_a_combo_that_ends_with_one_leg_ahead_is_reported(bench: Bench):
    order = works(bench)
    bench.fill(order_of_leg(order, 1), 4, "0001.01")
    bench.fill(order_of_leg(order, 2), 6, "0002.01")
    order.status = "Cancelled"
    bench.opened(order)
    assert [text for text, _ in bench.gateway.complaints] == [
        "combo s-1/1 is CANCELLED with 3 whole ones filled, and 1 AAPL beyond them: what that has"
        " opened has no other leg"
    ]
    assert working(bench) == ((0, 0), (0, 0))


def test_one_that_ends_whole_is_not(bench: Bench):
    order = works(bench)
    bench.fill(order_of_leg(order, 1), 3, "0001.01")
    bench.fill(order_of_leg(order, 2), 6, "0002.01")
    order.status = "Cancelled"
    bench.opened(order)
    assert (bench.state(), bench.gateway.complaints) == ("CANCELLED", [])


def test_what_a_combo_would_do_is_asked_with_its_legs(bench: Bench):
    question = WhatIf("q", T0, combo())
    answer, _ = bench.gateway.obey(question, bench.now)
    assert answer.accepted
    (written,) = [fields for fields in bench.flush() if fields[0] == "3"]
    assert "BAG" in written
    unknown = WhatIf("r", T0, combo(legs=(LEGS[0], ComboLeg("GOOG", 1, "SELL"))))
    answer, _ = bench.gateway.obey(unknown, bench.now)
    assert "symbol GOOG is not configured" in answer.reason
