"""Cancels and changes at the executor: asked until answered, denied in words, counted in full."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.events import (
    CancelOrder,
    CancelSignal,
    ConnectionUp,
    Event,
    ModifyOrder,
    ModifySignal,
    OrderAccepted,
    OrderAnswer,
    OrderCancelled,
    OrderCancelRejected,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderIntended,
    OrderModified,
    OrderModifyIntended,
    OrderModifyRejected,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderUpdated,
    SubmitOrder,
)
from tapewire.executor.executor import Executor
from tests.executor.desk import SECOND, T0, executor, fill, signal, taken

MS = 1_000_000


def cancel(number: int = 2, of: str = "s-e-1", **more: object) -> CancelSignal:
    given = {"strategy": "s", "expires_ns": T0 + 5 * SECOND, **more}
    return CancelSignal(id=f"s-e-{number}", ts_ns=T0, signal_id=of, **given)


def modify(
    quantity: int | None = None, limit: str | None = None, number: int = 2, **more: object
) -> ModifySignal:
    given = {"strategy": "s", "expires_ns": T0 + 5 * SECOND, "signal_id": "s-e-1", **more}
    return ModifySignal(
        id=f"s-e-{number}",
        ts_ns=T0,
        quantity=None if quantity is None else Decimal(quantity),
        limit_price=None if limit is None else Decimal(limit),
        **given,
    )


def working(one: Executor, quantity: int = 10, number: int = 1) -> SubmitOrder:
    """A limit order that TWS has accepted."""
    wanted = signal(number, quantity=quantity, order_type="LMT", limit_price=Decimal(150))
    order = taken(one, wanted)
    one.on_broker(OrderAccepted(T0, order.intent_id, 1, 1), T0)
    return order


def asked(one: Executor, now_ns: int = T0) -> list[Event]:
    return [c for c in one.tick(now_ns) if isinstance(c, CancelOrder | ModifyOrder)]


def change_of(one: Executor, wanted: ModifySignal) -> ModifyOrder:
    """The change that is taken for a signal."""
    (event,), _ = one.on_signal(wanted, T0)
    assert isinstance(event, OrderPendingUpdate), event
    return event.change


def denial(one: Executor, wanted: CancelSignal | ModifySignal) -> str:
    (event,), commands = one.on_signal(wanted, T0)
    assert isinstance(event, OrderDenied), event
    assert (event.signal_id, commands, asked(one)) == (wanted.id, [], [])
    return event.reason


# ---- cancels ------------------------------------------------------------------------------------


def test_a_cancel_is_asked_for_under_its_own_id():
    one = executor()
    working(one)
    assert one.on_signal(cancel(), T0) == ([OrderPendingCancel(T0, "s-e-2", "s", "s-e-1/1")], [])
    assert asked(one) == [CancelOrder("s-e-1/1", T0, "s-e-2")]
    assert one.on_signal(cancel(), T0) == ([], [])


def test_a_cancel_is_asked_for_again_until_it_is_answered_and_after_a_new_connection():
    one = executor()
    working(one)
    one.on_signal(cancel(), T0)
    assert len(asked(one)) == 1
    assert asked(one, T0 + 499 * MS) == []
    assert len(asked(one, T0 + 500 * MS)) == 1
    one.on_answer(OrderAnswer("s-e-2", accepted=True), T0)
    assert asked(one, T0 + SECOND) == []
    one.on_broker(ConnectionUp(T0, 157), T0)
    assert len(asked(one, T0 + 2 * SECOND)) == 1


def test_a_cancel_ends_with_its_order():
    one = executor()
    working(one)
    one.on_signal(cancel(), T0)
    (changed,) = one.on_broker(OrderCancelled(T0, "s-e-1/1"), T0)
    assert changed.state == "CANCELLED"
    assert asked(one) == []
    assert denial(one, cancel(3)) == "the order is CANCELLED already"


def test_an_order_that_comes_back_after_its_cancel_can_be_cancelled_again():
    one = executor()
    working(one)
    one.on_signal(cancel(), T0)
    one.on_broker(OrderCancelled(T0, "s-e-1/1"), T0)
    one.on_broker(OrderAccepted(T0, "s-e-1/1", 1, 1), T0)
    one.on_signal(cancel(3), T0)
    assert asked(one) == [CancelOrder("s-e-1/1", T0, "s-e-3")]


def test_a_cancel_that_the_gateway_refuses_is_denied_and_the_order_lives():
    one = executor()
    order = taken(one, signal())  # INTENDED: a refusal of the order itself would end it
    one.on_signal(cancel(), T0)
    assert one.on_answer(OrderAnswer("s-e-2", False, "gone"), T0) == [
        OrderDenied(T0, "s-e-2", "s", "gone")
    ]
    assert one.ledger.orders[order.intent_id].state == "INTENDED"
    assert one.ledger.exposure("AAPL").buying == 10
    assert asked(one, T0 + SECOND) == []


def test_a_cancel_that_tws_refuses_is_denied_and_may_be_asked_for_again():
    one = executor()
    working(one)
    one.on_signal(cancel(), T0)
    rejected = OrderCancelRejected(T0, "s-e-1/1", 161, "not now")
    assert one.on_broker(rejected, T0) == [OrderDenied(T0, "s-e-2", "s", "not now")]
    assert one.on_broker(rejected, T0) == []
    one.on_signal(cancel(3), T0)
    assert asked(one) == [CancelOrder("s-e-1/1", T0, "s-e-3")]


def test_a_signal_that_is_cancelled_before_it_comes_is_never_traded():
    one = executor()
    reason = "it was cancelled before it came"
    events, _ = one.on_signal(cancel(), T0)
    assert events == [
        OrderDenied(T0, "s-e-1", "s", reason),
        OrderPendingCancel(T0, "s-e-2", "s", "s-e-1/1"),
    ]
    assert one.on_signal(signal(), T0) == ([], [])
    after = executor(journal=events)
    assert after.on_signal(signal(), T0) == ([], [])
    assert denial(one, cancel(3)) == "s has no order of signal s-e-1"


def test_an_order_under_way_to_the_gateway_is_cancelled_there():
    one = executor()
    one.on_signal(signal(), T0)
    one.on_signal(cancel(), T0)
    assert asked(one) == [CancelOrder("s-e-1/1", T0, "s-e-2")]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"strategy": "other"}, "other has no order of signal s-e-1"),
        ({"of": "t-e-9"}, "s has no order of signal t-e-9"),
    ],
)
def test_what_is_not_an_own_order_is_not_cancelled(given: dict, says: str):
    one = executor()
    working(one)
    assert denial(one, cancel(**given)) == says


def test_one_cancel_is_enough():
    one = executor()
    working(one)
    one.on_signal(cancel(), T0)
    asked(one)
    assert denial(one, cancel(3)) == "a cancel of the order is under way already"


@pytest.mark.parametrize("wanted", [cancel(expires_ns=T0 - 1), modify(5, expires_ns=T0 - 1)])
def test_an_expired_cancel_or_change_is_not_put_into_effect(wanted: CancelSignal | ModifySignal):
    one = executor()
    working(one)
    assert one.on_signal(wanted, T0) == ([OrderExpired(T0, "s-e-2", "s")], [])
    assert asked(one) == []


# ---- changes ------------------------------------------------------------------------------------


def test_a_change_leaves_what_it_does_not_name():
    one = executor()
    working(one)
    change = change_of(one, modify(limit="151"))
    assert (change.quantity, change.limit_price) == (10, 151)
    assert (change.id, change.intent_id) == ("s-e-2", "s-e-1/1")
    assert asked(one) == [change]
    assert asked(one, T0 + 499 * MS) == []
    assert asked(one, T0 + 500 * MS) == [change]
    one.on_answer(OrderAnswer("s-e-2", accepted=True), T0)
    assert asked(one, T0 + SECOND) == []


def test_a_change_is_over_when_tws_tells_its_terms():
    one = executor()
    working(one)
    change = change_of(one, modify(15, "151"))
    assert one.on_broker(OrderModifyIntended(T0, change), T0) == []
    done = OrderModified(T0, "s-e-1/1", "s-e-2", Decimal(15), Decimal(151))
    assert one.on_broker(done, T0) == [
        OrderUpdated(T0, "s-e-1/1", "s", Decimal(15), Decimal(151), "s-e-2")
    ]
    assert one.on_broker(done, T0) == []
    assert one.ledger.exposure("AAPL").buying == 15
    assert change_of(one, modify(number=3, limit="152")).quantity == 15


@pytest.mark.parametrize("by", ["the gateway", "TWS"])
def test_a_change_that_is_refused_is_denied_and_the_old_terms_stand(by: str):
    one = executor()
    working(one)
    change = change_of(one, modify(15))
    if by == "TWS":
        one.on_broker(OrderModifyIntended(T0, change), T0)
        news = one.on_broker(OrderModifyRejected(T0, "s-e-1/1", "s-e-2", 104, "no"), T0)
    else:
        news = one.on_answer(OrderAnswer("s-e-2", False, "no"), T0)
    assert news == [OrderDenied(T0, "s-e-2", "s", "no")]
    assert one.ledger.exposure("AAPL").buying == 10
    assert one.on_broker(OrderModifyRejected(T0, "s-e-1/1", "s-e-2", 104, "no"), T0) == []
    assert asked(one, T0 + SECOND) == []


@pytest.mark.parametrize(("quantity", "counts"), [(15, 15), (5, 10)])
def test_the_larger_quantity_counts_from_the_change_to_its_end(quantity: int, counts: int):
    one = executor()
    working(one)
    change = change_of(one, modify(quantity))
    assert one.ledger.exposure("AAPL").buying == counts
    one.on_broker(OrderModifyIntended(T0, change), T0)
    assert one.ledger.exposure("AAPL").buying == counts
    one.on_broker(OrderModified(T0, "s-e-1/1", "s-e-2", Decimal(quantity), Decimal(150)), T0)
    assert one.ledger.exposure("AAPL").buying == quantity


def test_the_rules_see_what_the_changed_order_could_fill():
    one = executor(limit=100)
    order = working(one, 60)
    one.on_broker(fill(order, 20, "e1.01"), T0)
    working(one, 30, number=9)
    assert "MaxContracts: AAPL could get 101 long" in denial(one, modify(71))
    assert change_of(one, modify(70, number=3)).quantity == 70


def test_a_change_that_only_makes_an_order_smaller_needs_no_rule():
    one = executor(limit=100)
    working(one, 60)
    one.rules = one.changes._rules = []
    working(one, 60, number=9)  # over the limit by now
    one.rules = one.changes._rules = executor(limit=100).rules
    assert change_of(one, modify(50)).quantity == 50


def test_two_orders_may_not_grow_into_the_same_room():
    one = executor(limit=100)
    working(one, 40)
    working(one, 40, number=9)
    change_of(one, modify(60))
    asked(one)
    wanted = modify(41, number=3, signal_id="s-e-9")
    assert "could get 101 long" in denial(one, wanted)


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (modify(), "quantity 10 and limit_price 150 are what the order has"),
        (modify(10, "150"), "quantity 10 and limit_price 150 are what the order has"),
        (modify(4), "quantity is 4, must be above the 4 that are filled"),
        (modify(-1), "quantity is -1, must be above the 4 that are filled"),
        (modify(5, strategy="other"), "other has no order of signal s-e-1"),
        (modify(5, signal_id="s-e-7"), "s has no order of signal s-e-7"),
    ],
)
def test_what_cannot_be_a_change_is_denied_and_says_why(wanted: ModifySignal, says: str):
    one = executor()
    order = working(one)
    one.on_broker(fill(order, 4, "e1.01"), T0)
    assert denial(one, wanted) == says


def test_a_market_order_gets_no_limit():
    one = executor()
    order = taken(one, signal())
    one.on_broker(OrderAccepted(T0, order.intent_id, 1, 1), T0)
    assert denial(one, modify(limit="5")) == "a MKT order with limit_price 5"


def test_only_an_accepted_order_is_changed():
    one = executor()
    order = taken(one, signal(order_type="LMT", limit_price=Decimal(150)))
    assert denial(one, modify(5)) == "the order is INTENDED, must be ACCEPTED"
    one.on_broker(OrderFilled(T0, order.intent_id), T0)
    assert denial(one, modify(5, number=3)) == "the order is FILLED already"


@pytest.mark.parametrize("under_way", [cancel(), modify(15)])
def test_an_order_of_which_something_is_under_way_is_not_changed(under_way: Event):
    one = executor()
    working(one)
    one.on_signal(under_way, T0)
    asked(one)
    assert denial(one, modify(5, number=3)) == "a cancel or a change of the order is under way"


def test_terms_that_nobody_asked_for_are_told():
    one = executor()
    working(one)
    (event,) = one.on_broker(OrderModified(T0, "s-e-1/1", "", Decimal(20), Decimal(150)), T0)
    assert event == OrderUpdated(T0, "s-e-1/1", "s", Decimal(20), Decimal(150))
    assert one.ledger.exposure("AAPL").buying == 20


# ---- crashes ------------------------------------------------------------------------------------


def journals(end: str) -> tuple[list[Event], list[Event]]:
    """The executor's journal and the gateway's, of an order that was changed and cancelled."""
    one, own, gateways = executor(), [], []

    def gateway(event: Event) -> None:
        gateways.append(event)
        own.extend(one.on_broker(event, T0))

    wanted = signal(order_type="LMT", limit_price=Decimal(150))
    events, (order,) = one.on_signal(wanted, T0)
    own += events
    gateway(OrderIntended(T0, 1, order))
    gateway(OrderAccepted(T0, order.intent_id, 1, 1))
    events, _ = one.on_signal(modify(15), T0)
    own += events
    gateway(OrderModifyIntended(T0, events[0].change))
    if end == "rejected":
        gateway(OrderModifyRejected(T0, order.intent_id, "s-e-2", 104, "no"))
    else:
        gateway(OrderModified(T0, order.intent_id, "s-e-2", Decimal(15), Decimal(150)))
    own += one.on_signal(cancel(3), T0)[0]
    return own, gateways


@pytest.mark.parametrize("end", ["rejected", "modified"])
@pytest.mark.parametrize("kept", range(7))
def test_what_a_crash_forgets_of_a_change_is_learned_from_the_gateway(kept: int, end: str):
    own, gateways = journals(end)
    one = executor(journal=own[:kept], live=False)
    news = [e for event in gateways for e in one.on_broker(event, T0)]
    news += one.caught_up(T0)
    entry = one.ledger.orders["s-e-1/1"]
    assert entry.quantity == entry.larger == (10 if end == "rejected" else 15)
    assert [c for c in asked(one) if isinstance(c, ModifyOrder)] == []
    assert one.on_signal(modify(15), T0) == ([], [])
    again = executor(journal=[*own[:kept], *news], live=False)
    assert [e for event in gateways for e in again.on_broker(event, T0)] == []
    assert again.caught_up(T0) == []


def test_what_was_taken_before_a_crash_is_asked_for_after_it():
    own, _ = journals("modified")
    one = executor(journal=own)
    assert asked(one) == [CancelOrder("s-e-1/1", T0, "s-e-3")]
    fresh = executor()
    working(fresh)
    (pending,), _ = fresh.on_signal(modify(15), T0)
    created = replace(own[0], order=fresh.ledger.orders["s-e-1/1"].order)
    assert asked(executor(journal=[created, pending])) == [pending.change]


def test_an_unfinished_change_counts_after_a_restart():
    own, gateways = journals("modified")
    one = executor(journal=own[:1], live=False)
    for event in gateways[:3]:
        one.on_broker(event, T0)
    one.caught_up(T0)
    assert one.ledger.exposure("AAPL").buying == 15
