"""Events for a program's callbacks: by name, in order, bounded; a fault ends nothing."""

import asyncio

import pytest

from tapewire.client import callbacks
from tapewire.common.bus import coroutines
from tapewire.common.events import Event, OrderFilled, OrderStateChanged, RiskHalted, Scope
from tests.client.bench import T0, Bench, on_a_loop


def filled(intent_id: str) -> OrderFilled:
    return OrderFilled(T0, "DU1", intent_id)


OWN, FOREIGN = filled("mine-e0-7/1"), filled("dip-e9-1/1")


@on_a_loop
async def test_a_callback_gets_the_events_of_its_name(bench: Bench):
    got: list[Event] = []
    bench.client.on("order.filled", got.append)
    bench.publish("gateway", OWN, FOREIGN)
    bench.publish("risk", RiskHalted(T0, Scope(), "a test"))
    await bench.settle()
    assert got == [OWN, FOREIGN]


@on_a_loop
async def test_own_leaves_out_what_is_not_of_this_name(bench: Bench):
    got: list[Event] = []
    bench.client.on("order.*", got.append, own=True)
    bench.publish("gateway", OWN, FOREIGN, filled("mine-too-e1-1/1"))
    changed = OrderStateChanged(T0, "DU1", "mine-e0-7/1", "mine", "FILLED", 0)  # type: ignore[arg-type]
    bench.publish("executor", changed)
    await bench.settle()
    assert got == [OWN, changed]


@on_a_loop
async def test_a_handle_stops_its_callback_alone(bench: Bench):
    first: list[Event] = []
    second: list[Event] = []
    handle = bench.client.on("*", first.append)
    bench.client.on("*", second.append)
    handle.stop()
    handle.stop()
    bench.publish("gateway", OWN)
    await bench.settle()
    assert (first, second) == ([], [OWN])


@on_a_loop
async def test_a_coroutine_is_awaited_with_one_event_after_the_other(bench: Bench):
    got: list[str] = []
    go_on = asyncio.Event()

    async def slow(event: OrderFilled) -> None:
        got.append(f"begin {event.intent_id}")
        await go_on.wait()
        got.append(f"end {event.intent_id}")

    bench.client.on("order.filled", slow)
    bench.publish("gateway", OWN, FOREIGN)
    await bench.settle()
    assert got == ["begin mine-e0-7/1"]
    go_on.set()
    await bench.settle()
    assert got[1:] == ["end mine-e0-7/1", "begin dip-e9-1/1", "end dip-e9-1/1"]


@on_a_loop
async def test_a_callback_that_is_too_slow_misses_events_and_that_is_said_once(
    bench: Bench, monkeypatch
):
    monkeypatch.setattr(coroutines, "QUEUE_MAX", 2)
    monkeypatch.setattr(callbacks, "QUEUE_MAX", 2)

    async def stuck(_event: Event) -> None:
        await asyncio.Event().wait()

    handle = bench.client.on("order.filled", stuck)
    for _ in range(5):
        bench.publish("gateway", OWN)
        await bench.settle()
    assert handle.missed == 3
    (problem,) = bench.client.problems
    assert "stuck is behind by 2 events; it misses what comes" in problem


@on_a_loop
async def test_a_coroutine_can_stop_itself_and_comes_to_its_end(bench: Bench):
    got: list[str] = []

    async def once(event: OrderFilled) -> None:
        handle.stop()
        await asyncio.sleep(0)
        got.append(event.intent_id)

    handle = bench.client.on("order.filled", once)
    bench.publish("gateway", OWN, FOREIGN)
    await bench.settle()
    assert got == [OWN.intent_id]
    assert len(asyncio.all_tasks()) == 1, "nothing of it goes on"


@pytest.mark.parametrize("is_async", [False, True])
@on_a_loop
async def test_what_a_callback_raises_is_logged_and_ends_nothing(
    bench: Bench, caplog, *, is_async: bool
):
    def plain(_event: Event) -> None:
        raise RuntimeError("no")

    async def awaited(_event: Event) -> None:
        raise RuntimeError("no")

    got: list[Event] = []
    bench.client.on("order.filled", awaited if is_async else plain)
    bench.client.on("order.filled", got.append)
    bench.publish("gateway", OWN, FOREIGN)
    await bench.settle()
    assert got == [OWN, FOREIGN]
    assert [record.name for record in caplog.records] == ["tapewire.client"] * 2
    assert "raised RuntimeError('no') on OrderFilled(" in caplog.text
    assert bench.client.is_connected


@on_a_loop
async def test_a_callback_that_raises_each_time_does_not_fill_the_log(bench: Bench):
    def raising(_event: Event) -> None:
        raise RuntimeError("no")

    bench.client.on("order.filled", raising)
    bench.publish("gateway", *[OWN] * 150)
    await bench.settle()
    assert len(bench.client.problems) == 11
    assert bench.client.problems[-1].endswith("; it is the 100th time")


@on_a_loop
async def test_a_name_that_no_event_has_is_refused(bench: Bench):
    for name in ("order.fild", "quote", "ordr.*"):
        with pytest.raises(ValueError, match="is not the name of a journaled event"):
            bench.client.on(name, print)


@on_a_loop
async def test_what_was_missed_of_a_stream_is_asked_for(bench: Bench):
    got: list[Event] = []
    bench.client.on("order.filled", got.append)
    bench.wires.publish("gateway", 3, FOREIGN)
    await bench.settle()
    assert got == []
    assert "gateway has not sent yet what was missed of it" in bench.client.missing()
    (asked,) = bench.wires.asked("gateway")
    assert asked.from_seq == 1


@on_a_loop
async def test_a_plain_callback_that_makes_a_coroutine_is_no_silent_failure(bench: Bench):
    async def later(_event: Event, _order: str) -> None:
        raise AssertionError("nobody awaits it")

    bench.client.on("order.filled", lambda event: later(event, "another"))
    bench.publish("gateway", OWN)
    await bench.settle()
    (problem,) = bench.client.problems
    assert "it returned a coroutine, which nobody awaits; use an async def" in problem
