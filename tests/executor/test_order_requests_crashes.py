"""Cancels and modifies over a crash: the gateway's journal says what came of them."""

import pytest
from msgspec.structs import replace

from tapewire.common.events import (
    CancelOrder,
    Event,
    ModifyOrder,
    OrderModified,
    OrderModifyIntended,
    OrderModifyRejected,
)
from tests.executor.orders import (
    NOW,
    T0,
    accepted,
    asked,
    cancel,
    executor,
    intended,
    modify,
    signal,
    terms,
    working,
)  # fmt: skip


def journals(end: str) -> tuple[list[Event], list[Event]]:
    """The executor's journal and the gateway's, of an order that was modified and cancelled."""
    one, own, gateways = executor(), [], []

    def gateway(event: Event) -> None:
        gateways.append(event)
        own.extend(one.on_broker(event, NOW))

    wanted = signal(limit=150)
    events, (order,) = one.on_signal(wanted, NOW)
    own += events
    gateway(intended(order))
    gateway(accepted(order))
    events, _ = one.on_signal(modify(15), NOW)
    own += events
    gateway(OrderModifyIntended(T0, "DU1", events[0].modify))
    if end == "rejected":
        gateway(OrderModifyRejected(T0, "DU1", order.intent_id, "s-e-2", 104, "no"))
    else:
        gateway(OrderModified(T0, "DU1", order.intent_id, "s-e-2", terms("BUY", 15, 150)))
    own += one.on_signal(cancel(3), NOW)[0]
    return own, gateways


@pytest.mark.parametrize("end", ["rejected", "modified"])
@pytest.mark.parametrize("kept", range(7))
def test_what_a_crash_forgets_of_a_modify_is_learned_from_the_gateway(kept: int, end: str):
    own, gateways = journals(end)
    one = executor(journal=own[:kept], live=False)
    news = [e for event in gateways for e in one.on_broker(event, NOW)]
    news += one.caught_up(NOW)
    entry = one.ledger.orders["s-e-1/1"]
    assert entry.terms.quantity == entry.worst_case_quantity == (10 if end == "rejected" else 15)
    assert [c for c in asked(one) if isinstance(c, ModifyOrder)] == []
    assert one.on_signal(modify(15), NOW) == ([], [])
    again = executor(journal=[*own[:kept], *news], live=False)
    assert [e for event in gateways for e in again.on_broker(event, NOW)] == []
    assert again.caught_up(NOW) == []


def test_what_was_taken_before_a_crash_is_asked_for_after_it():
    own, _ = journals("modified")
    one = executor(journal=own)
    assert asked(one) == [CancelOrder("s-e-1/1", T0, "s-e-3")]
    fresh = executor()
    working(fresh)
    (pending,), _ = fresh.on_signal(modify(15), NOW)
    created = replace(own[0], order=fresh.ledger.orders["s-e-1/1"].order)
    assert asked(executor(journal=[created, pending])) == [pending.modify]


def test_an_unfinished_modify_counts_after_a_restart():
    own, gateways = journals("modified")
    one = executor(journal=own[:1], live=False)
    for event in gateways[:3]:
        one.on_broker(event, NOW)
    one.caught_up(NOW)
    assert one.ledger.exposure("DU1", "AAPL").buying == 15
