"""Orders of a program: sent until they are answered, followed to their end, never called refused
for want of an answer."""

import asyncio
from datetime import date, datetime
from decimal import Decimal

import pytest

from tapewire.client import Closed, ConfigError, NotConnected
from tapewire.client.chain import Expiry
from tapewire.client.order import PlacedOrder
from tapewire.common.events import (
    CancelSignal,
    GroupSignal,
    ModifyOrder,
    ModifySignal,
    OrderCancelPending,
    OrderDenied,
    OrderModifyPending,
    OrderTermsChanged,
    Signal,
    TermChanges,
)
from tests.client.bench import CALL, FURTHER, T0, TTL_NS, Bench, on_a_loop


async def placed(bench: Bench, *, state: str = "ACCEPTED") -> PlacedOrder:
    """An order that the executor has taken."""
    placing = asyncio.create_task(bench.client.place_order("AAPL", "BUY", 10, limit_price=5))
    await bench.settle()
    signal = bench.signals()[-1]
    bench.created(signal)
    bench.moved(signal.id, state)
    await bench.settle()
    return await placing


@on_a_loop
async def test_an_order_is_a_signal_of_the_clients_name(bench: Bench):
    order = await placed(bench)
    (signal,) = bench.signals()
    assert isinstance(signal, Signal)
    assert (signal.strategy, signal.symbol, signal.account) == ("mine", "AAPL", "")
    assert str(signal.terms) == "BUY 10 LMT limit 5"
    assert (order.id, order.state, order.account) == (signal.id, "ACCEPTED", "DU1")
    assert bench.client.orders == [order]


@on_a_loop
async def test_it_is_sent_again_until_the_executor_answers(bench: Bench):
    placing = asyncio.create_task(bench.client.place_order("AAPL", "BUY", 1))
    await bench.settle()
    await bench.settle(300)
    first, again = bench.signals()
    assert first == again
    bench.created(first)
    await bench.settle()
    await bench.settle(300)
    assert len(bench.signals()) == 2
    assert (await placing).state == "CREATED"


@on_a_loop
async def test_an_order_is_over_once_its_executions_are_here(bench: Bench):
    order = await placed(bench)
    bench.moved(order.id, "FILLED", 10)
    await bench.settle()
    assert (order.state, order.is_over) == ("FILLED", False)
    with pytest.raises(TimeoutError, match="it goes on"):
        await order.done(timeout_s=0)
    bench.filled(order.id, 4, 1)
    bench.filled(order.id, 6, 2)
    await bench.settle()
    assert await order.done(timeout_s=0) is order
    assert [fill.quantity for fill in order.fills] == [4, 6]
    assert (order.filled, order.average_price) == (10, 5)
    assert bench.client.orders == []


@on_a_loop
async def test_a_denial_is_the_end_with_its_reason(bench: Bench):
    placing = asyncio.create_task(bench.client.place_order("AAPL", "BUY", 1))
    await bench.settle()
    (signal,) = bench.signals()
    bench.publish("executor", OrderDenied(T0, "", "mine", "executor", "no", signal_id=signal.id))
    await bench.settle()
    order = await placing
    assert (order.state, order.reason, order.is_over) == ("DENIED", "no", True)


@on_a_loop
async def test_silence_is_unknown_and_not_a_refusal_and_settles_itself(bench: Bench):
    placing = asyncio.create_task(bench.client.place_order("AAPL", "BUY", 1))
    await bench.settle()
    await bench.settle(10_001)
    order = await placing
    assert (order.state, order.is_over) == ("UNKNOWN", False)
    assert "may have been traded" in order.reason
    for _ in range(3):
        bench.beat("executor")
        await bench.settle(1000)
    assert (order.state, order.is_over) == ("EXPIRED", True)


@on_a_loop
async def test_an_answer_that_is_late_is_taken(bench: Bench):
    placing = asyncio.create_task(bench.client.place_order("AAPL", "BUY", 1))
    await bench.settle()
    await bench.settle(10_001)
    order = await placing
    bench.created(bench.signals()[0])
    bench.moved(order.id, "FILLED", 1)
    bench.filled(order.id, 1)
    await bench.settle()
    assert (order.state, order.is_over) == ("FILLED", True)


@on_a_loop
async def test_nothing_is_sent_while_the_executor_is_not_there(bench: Bench):
    await bench.settle(4000)
    with pytest.raises(NotConnected, match="executor has been silent for 4 s"):
        await bench.client._require("executor", timeout_s=0)
    bench.beat("executor")
    await bench.settle()
    await bench.client._require("executor", timeout_s=0)


@on_a_loop
async def test_what_nobody_waits_for_any_more_is_found_among_the_orders(bench: Bench):
    placing = asyncio.create_task(bench.client.place_order("AAPL", "BUY", 1))
    await bench.settle()
    placing.cancel()
    await bench.settle()
    (order,) = bench.client.orders
    bench.created(bench.signals()[0])
    await bench.settle()
    assert order.state == "CREATED"


@on_a_loop
async def test_a_cancel_names_the_order_and_the_order_ends(bench: Bench):
    order = await placed(bench)
    cancelling = asyncio.create_task(order.cancel())
    await bench.settle()
    cancel = bench.signals()[-1]
    assert isinstance(cancel, CancelSignal)
    assert cancel.signal_id == order.id
    bench.publish("executor", OrderCancelPending(T0, "DU1", cancel.id, "mine", order.intent_id))
    await bench.settle()
    outcome = await cancelling
    assert (outcome.state, outcome.ok) == ("CANCELLING", True)
    bench.moved(order.id, "CANCELLED")
    await bench.settle()
    assert (await order.done(timeout_s=0)).state == "CANCELLED"


@on_a_loop
async def test_the_time_of_a_cancel_begins_when_it_can_be_sent(bench: Bench):
    order = await placed(bench)
    await bench.settle(4000)
    cancelling = asyncio.create_task(order.cancel())
    await bench.settle(5000)
    assert len(bench.signals()) == 1, "the executor is silent"
    bench.beat("executor")
    await bench.settle()
    cancel = bench.signals()[-1]
    assert cancel.expires_mono_ns == bench.clock.mono_ns() + TTL_NS
    cancelling.cancel()


@on_a_loop
async def test_a_spread_for_which_one_is_paid_has_a_limit_below_0(bench: Bench):
    spread = bench.client.place_vertical_spread("AAPL", "20301220", "C", 115, 110, 1, "-1.5")
    placing = asyncio.create_task(spread)
    await bench.settle()
    (signal,) = bench.signals()
    assert isinstance(signal, GroupSignal)
    assert signal.legs[0].terms.limit == Decimal("-1.5")
    placing.cancel()


@on_a_loop
async def test_a_modify_is_over_when_the_broker_has_confirmed_it(bench: Bench):
    order = await placed(bench)
    modifying = asyncio.create_task(order.modify(12, limit_price="5.5"))
    await bench.settle()
    modify = bench.signals()[-1]
    assert isinstance(modify, ModifySignal)
    assert modify.changes == TermChanges(Decimal(12), Decimal("5.5"))
    terms = modify.changes.applied_to(order.terms)
    asked = ModifyOrder(modify.id, T0, order.intent_id, terms, T0)
    bench.publish("executor", OrderModifyPending(T0, "DU1", modify.id, "mine", asked))
    await bench.settle()
    assert not modifying.done()
    changed = OrderTermsChanged(T0, "DU1", order.intent_id, "mine", terms, modify.id)
    bench.publish("executor", changed)
    await bench.settle()
    assert (await modifying).state == "MODIFIED"
    assert order.terms == terms


@pytest.mark.parametrize("expiry", ["2030-12-20", date(2030, 12, 20), datetime(2030, 12, 20)])
@on_a_loop
async def test_a_vertical_spread_is_one_order_that_buys_one_option_and_sells_the_other(
    bench: Bench, expiry: Expiry
):
    placing = asyncio.create_task(
        bench.client.place_vertical_spread("AAPL", expiry, "call", 110, 115, 2, "1.85")
    )
    await bench.settle()
    (signal,) = bench.signals()
    assert isinstance(signal, GroupSignal)
    (leg,) = signal.legs
    assert (signal.kind, signal.strategy, str(leg.terms)) == (
        "vertical", "mine", "BUY 2 LMT limit 1.85"
    )  # fmt: skip
    assert [(one.symbol, one.side) for one in leg.legs] == [(CALL, "BUY"), (FURTHER, "SELL")]
    placing.cancel()


@on_a_loop
async def test_a_combo_is_written_the_way_traders_write_it(bench: Bench):
    placing = asyncio.create_task(
        bench.client.place_order("AAPL 20301220 C 110/115", "SELL", 2, limit_price="1.85")
    )
    await bench.settle()
    (signal,) = bench.signals()
    assert isinstance(signal, GroupSignal)
    (leg,) = signal.legs
    assert (signal.kind, str(leg.terms)) == ("combo", "SELL 2 LMT limit 1.85")
    assert [(one.symbol, one.side) for one in leg.legs] == [(CALL, "BUY"), (FURTHER, "SELL")]
    placing.cancel()


@pytest.mark.parametrize(
    ("given", "fault", "says"),
    [
        (("TSLA", "BUY", 1), ConfigError, "'TSLA' is not one of the group's .*instruments"),
        (("AAPL", "BUY", 0), ValueError, "quantity is 0; it must be above 0"),
        (("AAPL", "BUY", "ten"), ValueError, "quantity is 'ten'; it must be a number"),
        (("AAPL", "HOLD", 1), ValueError, "side is 'HOLD'; it must be BUY or SELL"),
    ],
)
@on_a_loop
async def test_what_makes_no_sense_is_not_sent(bench: Bench, given, fault, says: str):
    with pytest.raises(fault, match=says):
        await bench.client.place_order(*given)
    assert bench.signals() == []


@on_a_loop
async def test_what_no_executor_could_read_is_refused_and_ends_nothing(bench: Bench):
    order = await placed(bench)
    for wrong in (order, "", 7):
        with pytest.raises(ValueError, match="cannot be sent"):
            await bench.client.cancel(wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="cannot be sent"):
        await bench.client.place_order("AAPL", "BUY", 1, outside_hours="yes")  # type: ignore[arg-type]
    await bench.settle()
    assert bench.client.is_connected
    assert bench.client.orders == [order]


@on_a_loop
async def test_a_spread_of_options_that_are_not_configured_names_those_that_are(bench: Bench):
    says = "no option on AAPL fits; configured are 20301220 C 110, 20301220 C 115"
    with pytest.raises(ConfigError, match=says):
        await bench.client.place_vertical_spread("AAPL", "20301220", "P", 110, 115, 1, 1)


@on_a_loop
async def test_who_waits_when_the_client_is_closed_learns_that(bench: Bench):
    order = await placed(bench)
    waiting = asyncio.create_task(order.done())
    await bench.settle()
    await bench.client.close()
    with pytest.raises(Closed, match="the client is closed"):
        await waiting
    assert bench.wires.is_closed
