"""Closing one position: one order at a time, again and again."""

from decimal import Decimal
from itertools import pairwise

import pytest

from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.orders import Order
from tapewire.common.bus import wire
from tapewire.common.clock import Now
from tapewire.common.events import (
    TEXT_MAX,
    CancelOrder,
    OrderCancelled,
    OrderDenied,
    OrderRejected,
    OrderTerms,
    OrderUnknown,
    Side,
    SubmitOrder,
)
from tapewire.common.instruments import Instrument
from tapewire.common.roles import LIQUIDATION, RISK
from tapewire.risk.closing import FILL_WAIT_NS, terms_of, wait_ns
from tapewire.risk.flatten import PATIENCE_NS, Flatten
from tests.risk.flattening import Run, closes, submitted
from tests.risk.orders import AAPL, SECOND, T0, fill, intended, order


@pytest.fixture
def run() -> Run:
    one = Run()
    one.hold(10)
    return one


@pytest.mark.parametrize(("quantity", "side"), [(10, "SELL"), (-10, "BUY")])
def test_it_closes_each_position_whole_by_a_market_order_that_expires(quantity: int, side: Side):
    run = Run()
    run.hold(quantity)
    (close,) = run.closing()
    assert (close.strategy, close.account, close.symbol) == (RISK, "DU1", "AAPL")
    assert close.terms == OrderTerms(side, Decimal(10))
    assert close.expires_ns == run.now.wall_ns + 5 * SECOND
    assert run.roles_of(SubmitOrder) == {LIQUIDATION}


def test_what_is_not_answered_is_asked_for_again_under_the_same_id_until_it_has_expired(run: Run):
    first = run.closing()[0]
    again = submitted(run.pass_s(4))
    assert len(again) == 4
    assert {one.intent_id for one in again} == {first.intent_id}
    later = submitted(run.pass_s(6))
    assert first.intent_id not in {one.intent_id for one in later[2:]}


def test_while_a_closing_order_works_no_other_one_goes(run: Run):
    run.taken(run.closing()[0])
    assert closes(run.pass_s(60)) == []


def test_a_closing_order_that_does_not_fill_is_cancelled_and_replaced(run: Run):
    close = run.taken(run.closing()[0])
    asked = run.pass_s(FILL_WAIT_NS / SECOND)
    assert asked == []
    assert run.pass_s(1)[0] == CancelOrder(close.intent_id, run.now.wall_ns - int(0.5 * SECOND))
    run.apply(OrderCancelled(T0, "DU1", close.intent_id))
    run.open = ()
    (again,) = closes(run.pass_s(3))
    assert again.intent_id != close.intent_id


def test_one_that_does_not_end_is_cancelled_ever_more_rarely_and_reported_once(run: Run):
    close = run.taken(run.closing()[0])
    run.apply(OrderUnknown(T0, "DU1", close.intent_id, "the connection was lost"))
    run.hold(0)
    times = []
    for _ in range(4 * 120):
        if any(isinstance(one, CancelOrder) for one in run.tick(0.25)):
            times.append(run.now.mono_ns)
    waits = [(b - a) // SECOND for a, b in pairwise(times)]
    assert waits == [1, 2, 4, 8, 16, 30, 30]
    (alarm,) = run.alarms
    assert f"closing order {close.intent_id} is UNKNOWN and does not end" in alarm
    assert f"tapewire orders resolve {close.intent_id} filled|cancelled" in alarm
    assert "waiting for its closing orders to end" in str(run.flatten)


def test_one_whose_end_comes_to_light_by_its_cancel_is_replaced_for_what_the_list_shows(run: Run):
    close = run.taken(run.closing()[0])
    run.apply(OrderUnknown(T0, "DU1", close.intent_id, "the connection was lost"))
    run.open = ()
    asked = run.pass_s(FILL_WAIT_NS / SECOND + 1)
    assert {type(one) for one in asked} == {CancelOrder}
    run.hold(6)
    run.apply(OrderRejected(T0, "DU1", close.intent_id, 201, "the broker lists it as rejected"))
    (again,) = closes(run.pass_s(3))
    assert again.terms == OrderTerms("SELL", Decimal(6))


def test_one_that_fills_bit_by_bit_is_left_alone(run: Run):
    close = run.taken(run.closing()[0])
    for number in range(5):
        run.apply(fill(close, 1, f"e{number}.01"))
        assert run.pass_s(8) == []


def test_a_closing_order_of_an_earlier_start_of_risk_counts(run: Run):
    close = run.taken(run.closing()[0])
    run.flatten = Flatten("risk-1")
    assert closes(run.pass_s(9)) == []
    asked = run.pass_s(2)
    assert [type(one) for one in asked] == [CancelOrder] * len(asked) != []
    assert asked[0].intent_id == close.intent_id


def test_it_never_gives_up_and_waits_longer_each_time(run: Run):
    times = []
    for _ in range(4 * 600):
        for close in closes(run.tick(0.25)):
            times.append(run.now.mono_ns)
            run.apply(intended(close), OrderRejected(T0, "DU1", close.intent_id, 201, "no"))
    waits = [(b - a) // SECOND for a, b in pairwise(times)]
    assert waits[:6] == [1, 2, 4, 8, 16, 30]
    assert set(waits[6:]) == {30}
    assert run.flatten.phase == "CLOSING"


def test_what_it_fails_at_is_reported_once_and_names_the_reason(run: Run):
    for _ in range(4 * 120):
        for close in closes(run.tick(0.25)):
            run.apply(OrderDenied(T0, "DU1", RISK, "gateway", "it is closed", close.intent_id))
    assert run.alarms == ["AAPL 10 in account DU1 is still open after 3 attempts: it is closed"]


def test_an_execution_sets_the_wait_back(run: Run):
    close = run.taken(run.closing()[0])
    for _ in range(3):
        run.apply(OrderCancelled(T0, "DU1", close.intent_id))
        (close,) = closes(run.pass_s(9))[:1]
        run.taken(close)
    run.apply(fill(close, 1, "e1"), OrderCancelled(T0, "DU1", close.intent_id))
    run.open = ()
    assert len(closes(run.pass_s(3))) == 1


def test_a_closing_order_that_hangs_does_not_keep_another_position_open(run: Run):
    run.hold(7, account="DU2")
    first, second = run.closing()
    run.taken(first)
    run.apply(intended(second), OrderCancelled(T0, "DU2", second.intent_id))
    (again,) = closes(run.pass_s(2))
    assert again.account == "DU2"


def test_each_closing_order_has_an_id_of_its_own_also_after_a_restart(run: Run):
    run.hold(7, account="DU2")
    closing = run.closing()
    run.flatten = Flatten("risk-1")
    run.now += SECOND
    run.accounts = Accounts([AAPL], Order)
    run.hold(10)
    closing += run.closing()
    assert len({one.intent_id for one in closing}) == 3
    assert [wire.decode_event(wire.encode(one)) for one in closing] == closing


def test_setting_the_wall_clock_makes_no_attempt_late(run: Run):
    (close,) = run.closing()
    run.apply(OrderDenied(T0, "DU1", RISK, "gateway", "no", close.intent_id))
    run.now = Now(run.now.wall_ns - 3600 * SECOND, run.now.mono_ns)
    assert closes(run.pass_s(0.75)) == []
    assert len(closes(run.pass_s(0.5))) == 1


def test_alarms_can_be_read_again_however_much_they_name(run: Run):
    for number in range(60):
        run.apply(intended(order(f"{'x' * 120}{number}")))
    run.open = tuple(one.intent_id for one in run.accounts.orders.live())
    run.pass_s(PATIENCE_NS / SECOND + 4)
    assert len(run.alarms) == 1
    assert len(run.alarms[0]) <= TEXT_MAX


def test_the_wait_has_a_bound():
    assert [wait_ns(n) // SECOND for n in (0, 1, 2, 3, 5, 6, 1000)] == [1, 1, 2, 4, 16, 30, 30]


# ---- how the next one is priced ------------------------------------------------------------------


def prices(side: Side, price: str | None = "100", tick: str = "0.01") -> list[str]:
    """The limits of the first attempts; "" is a market order."""
    instrument = Instrument(symbol="X", min_tick=Decimal(tick))
    newest = None if price is None else Decimal(price)
    made = [terms_of(side, Decimal(3), n, newest, instrument) for n in range(1, 7)]
    assert {(one.side, one.quantity) for one in made} == {(side, 3)}
    assert all(one.outside_hours == (one.type == "LMT") for one in made)
    return [f"{one.limit:f}" if one.limit is not None else "" for one in made]


def test_every_other_order_is_a_limit_order_that_is_priced_better_each_time():
    assert prices("SELL") == ["", "99.50", "", "99.00", "", "98.50"]
    assert prices("BUY") == ["", "100.50", "", "101.00", "", "101.50"]


def test_prices_are_steps_of_the_instrument_and_further_from_the_market_in_doubt():
    assert prices("SELL", "100.10", "0.25")[1] == "99.50"
    assert prices("BUY", "100.10", "0.25")[1] == "100.75"


@pytest.mark.parametrize(("side", "cap"), [("SELL", 95), ("BUY", 105)])
def test_no_order_goes_further_than_the_cap(side: Side, cap: int):
    for attempt in (20, 22, 100):
        terms = terms_of(side, Decimal(3), attempt, Decimal(100), AAPL)
        assert terms.limit == cap


@pytest.mark.parametrize("price", [None, "0", "-3"])
def test_without_a_price_that_a_limit_could_be_beyond_all_are_market_orders(price: str | None):
    assert prices("SELL", price) == [""] * 6


def test_what_is_not_configured_is_closed_at_the_market():
    assert terms_of("SELL", Decimal(3), 2, Decimal(100), None) == OrderTerms("SELL", Decimal(3))


def test_where_the_market_takes_no_market_orders_the_second_one_has_a_limit(run: Run):
    run.price = Decimal(50)
    first = run.taken(run.closing()[0])
    run.apply(OrderRejected(T0, "DU1", first.intent_id, 201, "only limit orders now"))
    run.open = ()
    (second,) = closes(run.pass_s(3))
    assert (second.terms.type, second.terms.limit) == ("LMT", Decimal("49.75"))
