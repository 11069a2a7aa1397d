"""The executor's core: one intent a signal, whatever is repeated, lost or forgotten."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.bus.wire import decode_event, encode
from tapewire.common.events import (
    AccountPosition,
    Event,
    OrderAccepted,
    OrderAnswer,
    OrderCancelled,
    OrderChanged,
    OrderCreated,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderIntended,
    OrderLost,
    OrderRefused,
    OrderUnknown,
)
from tests.executor.desk import SECOND, T0, executor, fill, signal, taken

MS = 1_000_000


def test_a_signal_becomes_one_intent_that_leads_back_to_it():
    events, (order,) = executor().on_signal(signal(cause_id="tick", cause_ns=3), T0 + 1)
    assert events == [OrderCreated(T0 + 1, "s-e-1", order)]
    assert (order.intent_id, order.signal_id, order.signal_ns) == ("s-e-1/1", "s-e-1", T0)
    assert (order.cause_id, order.cause_ns, order.expires_ns) == ("tick", 3, T0 + 5 * SECOND)


def test_a_repeated_signal_is_answered_by_nothing():
    one = executor()
    one.on_signal(signal(), T0)
    assert one.on_signal(signal(), T0) == ([], [])


def test_an_expired_signal_is_not_traded():
    one = executor()
    late = signal(expires_ns=T0)
    assert one.on_signal(late, T0 + 1) == ([OrderExpired(T0 + 1, "s-e-1", "s")], [])
    assert one.on_signal(late, T0) == ([], [])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"symbol": "TSLA"}, "symbol TSLA is not configured"),
        ({"quantity": 0}, "quantity is 0, must be above 0"),
        ({"quantity": -5}, "quantity is -5, must be above 0"),
        ({"order_type": "LMT"}, "a LMT order with limit_price None"),
        ({"limit_price": Decimal(5)}, "a MKT order with limit_price 5"),
        ({"quantity": 101}, "MaxContracts: AAPL could get 101 long"),
        ({"action": "SELL", "quantity": 101}, "MaxContracts: AAPL could get 101 short"),
    ],
)
def test_what_cannot_be_traded_is_denied_once_and_says_why(given: dict, says: str):
    one = executor()
    (denied,), orders = one.on_signal(signal(**given), T0)
    assert isinstance(denied, OrderDenied)
    assert says in denied.reason
    assert orders == []
    assert one.on_signal(signal(**given), T0) == ([], [])


@pytest.mark.parametrize(
    "after", [None, OrderAccepted(T0, "s-e-1/1", 1, 1), OrderUnknown(T0, "s-e-1/1", "")]
)
def test_max_contracts_counts_what_works_and_what_is_unknown(after: Event | None):
    one = executor()
    taken(one, signal(1, quantity=60))
    if after:
        one.on_broker(after, T0)
    assert one.on_signal(signal(2, quantity=41), T0)[1] == []
    assert len(one.on_signal(signal(3, quantity=40), T0)[1]) == 1


def test_max_contracts_counts_two_signals_of_one_turn():
    one = executor()
    one.on_signal(signal(1, quantity=60), T0)
    assert one.on_signal(signal(2, quantity=60), T0)[1] == []


def test_max_contracts_counts_what_was_held_before_the_first_fill():
    one = executor()
    one.on_broker(AccountPosition(T0, "AAPL", Decimal(90), Decimal(1)), T0)
    assert one.on_signal(signal(1, quantity=11), T0)[1] == []
    assert len(one.on_signal(signal(2, quantity=10), T0)[1]) == 1
    assert len(one.on_signal(signal(3, "SELL", quantity=90), T0)[1]) == 1


@pytest.mark.parametrize("end", [OrderCancelled(T0, "s-e-1/1"), OrderLost(T0, "s-e-1/1", "")])
def test_what_came_to_nothing_makes_room(end: Event):
    one = executor()
    taken(one, signal(1, quantity=100))
    one.on_broker(end, T0)
    assert len(one.on_signal(signal(2, quantity=100), T0)[1]) == 1


def test_an_order_is_followed_to_its_end():
    one = executor()
    _, (order,) = one.on_signal(signal(), T0)
    told = []
    for event in (
        OrderIntended(T0, 1, order),
        OrderAccepted(T0, order.intent_id, 1, 1),
        fill(order, 4, "e1.01"),
        fill(order, 6, "e2.01"),
        OrderFilled(T0, order.intent_id),
    ):
        told += [(e.state, e.filled) for e in one.on_broker(event, T0)]
    states = ["INTENDED", "ACCEPTED", "ACCEPTED", "ACCEPTED", "FILLED"]
    assert told == list(zip(states, [0, 0, 4, 10, 10], strict=True))


def test_a_late_fill_after_a_cancel_is_counted():
    one = executor()
    order = taken(one, signal())
    one.on_broker(OrderCancelled(T0, order.intent_id), T0)
    assert one.on_broker(fill(order, 4, "e1.01"), T0) == [
        OrderChanged(T0, order.intent_id, "s", "CANCELLED", Decimal(4))
    ]
    assert one.ledger.exposure("AAPL").position == 4


def test_a_correction_downwards_is_told():
    one = executor()
    order = taken(one, signal())
    one.on_broker(fill(order, 4, "e1.01"), T0)
    (changed,) = one.on_broker(fill(order, 3, "e1.02"), T0)
    assert changed.filled == 3


# ---- asking again -------------------------------------------------------------------------------


def test_an_intent_whose_answer_is_late_is_asked_for_again_with_the_same_id():
    one = executor()
    _, (order,) = one.on_signal(signal(), T0)
    assert one.tick(T0 + 499 * MS) == []
    assert one.tick(T0 + 500 * MS) == [order]
    assert one.tick(T0 + 501 * MS) == []


def test_an_answered_or_known_intent_is_not_asked_for_again():
    one = executor()
    _, (order,) = one.on_signal(signal(), T0)
    one.on_answer(OrderAnswer(order.intent_id, accepted=True), T0)
    taken(one, signal(2))
    assert one.tick(T0 + SECOND) == []


def test_an_intent_that_the_gateway_refused_before_this_start_does_not_stay_created():
    # An earlier executor asked and died before it wrote the intent down.
    one = executor(live=False)
    one.on_broker(OrderRefused(T0, "s-e-1/1", "halted"), T0)
    one.caught_up(T0)
    _, (order,) = one.on_signal(signal(quantity=100), T0)
    assert one.on_answer(OrderAnswer(order.intent_id, False, "halted"), T0) == [
        OrderChanged(T0, order.intent_id, "s", "REFUSED", Decimal(0), "halted")
    ]
    assert one.tick(T0 + SECOND) == []
    assert len(one.on_signal(signal(2, quantity=100), T0)[1]) == 1


# ---- crashes ------------------------------------------------------------------------------------


def life(*, lost: bool = False) -> tuple[list[Event], list[Event]]:
    """The executor's journal and the gateway's, of one order's whole life."""
    one, own, gateways = executor(), [], []
    events, (order,) = one.on_signal(signal(), T0)
    own += events
    end = OrderLost(T0, order.intent_id, "") if lost else OrderFilled(T0, order.intent_id)
    for event in (
        OrderIntended(T0, 1, order),
        OrderUnknown(T0, order.intent_id, "x"),
        OrderAccepted(T0, order.intent_id, 1, 1),
        fill(order, 4, "e1.01"),
        fill(order, 5, "e1.02"),
        end,
    ):
        gateways.append(event)
        own += one.on_broker(event, T0)
    return own, gateways


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("kept", range(8))
def test_reading_the_gateways_journal_again_tells_only_what_is_new(kept: int, lost: bool):
    own, gateways = life(lost=lost)
    one = executor(journal=own[:kept], live=False)
    news = [e for event in gateways for e in one.on_broker(event, T0)]
    news += one.caught_up(T0)
    again = executor(journal=[*own[:kept], *news], live=False)
    assert [e for event in gateways for e in again.on_broker(event, T0)] == []
    assert again.caught_up(T0) == []
    assert [e for event in gateways[:-1] for e in executor().on_broker(event, T0)] != []
    entry = one.ledger.orders["s-e-1/1"]
    assert (entry.state, entry.filled) == ("LOST" if lost else "FILLED", 5)
    assert len([e for e in [*own[:kept], *news] if isinstance(e, OrderCreated)]) == 1
    assert one.on_signal(signal(), T0) == ([], [])


def test_an_intent_forgotten_in_a_crash_is_adopted_and_its_signal_not_traded_again():
    _, (order,) = executor().on_signal(signal(), T0)
    one = executor()
    assert one.on_broker(OrderIntended(T0, 1, order), T0 + 9) == [
        OrderCreated(T0 + 9, "s-e-1", order),
        OrderChanged(T0 + 9, "s-e-1/1", "s", "INTENDED", Decimal(0)),
    ]
    assert one.on_signal(signal(), T0) == ([], [])
    assert one.ledger.exposure("AAPL").buying == 10


def test_an_adopted_order_without_a_signal_can_be_read_from_the_journal_again():
    _, (order,) = executor().on_signal(signal(), T0)
    (created, _) = executor().on_broker(OrderIntended(T0, 1, replace(order, signal_id="")), T0)
    assert decode_event(encode(created)) == created


def test_risks_own_orders_are_not_adopted_but_their_fills_count():
    _, (order,) = executor().on_signal(signal(), T0)
    closing = replace(order, strategy="risk", signal_id="")
    one = executor()
    assert one.on_broker(OrderIntended(T0, 1, closing), T0) == []
    assert one.on_broker(fill(closing, 10, "e1.01"), T0) == []
    assert one.ledger.exposure("AAPL").position == 10


def test_a_created_order_that_never_left_is_sent_after_the_restart():
    events, (order,) = executor().on_signal(signal(), T0)
    one = executor(journal=events)
    assert one.tick(T0) == [order]


def test_an_order_that_was_told_accepted_is_not_sent_again_though_the_gateway_forgot_it():
    own, _ = life()
    accepted = next(n for n, e in enumerate(own) if getattr(e, "state", "") == "ACCEPTED")
    one = executor(journal=own[: accepted + 1])
    assert one.tick(T0 + SECOND) == []
    assert one.ledger.exposure("AAPL").buying == 10
