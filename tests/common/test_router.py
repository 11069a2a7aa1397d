"""Events reach their handlers by type; what one handler raises costs its own event."""

import asyncio
import re
import threading
from collections.abc import Iterator

import pytest

from tapewire.common.bus import coroutines, wire
from tapewire.common.bus.router import EventRouter
from tapewire.common.events import (
    Event,
    Fill,
    Quote,
    RiskHalted,
    RiskResumed,
    RiskViolation,
    Tick,
    Trade,
)
from tapewire.common.runtime.metrics import Metrics

HALT = RiskHalted(1, "lunch")
RESUME = RiskResumed(2, "back")
QUOTE = Quote("ES", 1, 1.0, 1.0, 2.0, 1.0)


class Desk:
    """A router with what it stands on."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.buried: list[tuple[str, str, Event]] = []
        self.now_ns = 0
        self.heard: list[object] = []
        self.router: EventRouter[str] = EventRouter(
            self.metrics, self.bury, lambda: self.now_ns, fatal=(MemoryError,)
        )

    def bury(self, origin: str, reason: str, body: bytes) -> None:
        self.buried.append((origin, reason, wire.decode_event(body)))

    def route(self, *events: Event) -> None:
        for event in events:
            self.router.route("risk.events", event, "risk")


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.router.close()


def test_an_event_goes_to_the_handlers_of_its_type_in_the_order_of_their_registration(desk: Desk):
    desk.router.on(RiskHalted, lambda event, source: desk.heard.append(("first", source)))
    desk.router.on(RiskHalted, lambda event, source: desk.heard.append(("second", event)))
    desk.router.on(RiskResumed, lambda event, source: desk.heard.append(event))
    desk.route(HALT)
    assert desk.heard == [("first", "risk"), ("second", HALT)]


def test_it_registers_as_a_decorator_and_leaves_the_function_as_it_is(desk: Desk):
    @desk.router.on(RiskHalted)
    def halted(event: RiskHalted, source: str) -> None:
        desk.heard.append(event.reason)

    desk.route(HALT)
    halted(HALT, "by hand")
    assert desk.heard == ["lunch", "lunch"]


def test_a_handler_of_the_base_sees_every_event(desk: Desk):
    desk.router.on(Event, lambda event, source: desk.heard.append(event))
    desk.route(HALT, QUOTE)
    assert desk.heard == [HALT, QUOTE]


def test_it_takes_the_names_that_events_have_on_the_wire(desk: Desk):
    desk.router.on("risk.halted", lambda event, source: desk.heard.append(event))

    @desk.router.on("risk.resumed")
    def resumed(event: RiskResumed, source: str) -> None:
        desk.heard.append(event.reason)

    desk.route(HALT, RESUME, QUOTE)
    assert desk.heard == [HALT, "back"]


def test_it_takes_a_union_of_event_types(desk: Desk):
    desk.router.on(Tick, lambda event, source: desk.heard.append(event))
    desk.route(HALT, QUOTE)
    assert desk.heard == [QUOTE]


UNREGISTERED = {
    "risk.halt": "'risk.halt' is not the name of an event; did you mean risk.halted?",
    "RiskHalted": "'RiskHalted' is not the name of an event; did you mean risk.halted?",
    Metrics: "Metrics is not an event type; expected a class of tapewire.common.events such as OrderFilled,"
    " or its name, order.filled",
    int | RiskHalted: "int is not an event type; expected a class of tapewire.common.events",
    None: "None is not an event type",
    HALT: "a risk.halted event is not an event type; did you mean its class, RiskHalted?",
}


@pytest.mark.parametrize("key", UNREGISTERED, ids=repr)
@pytest.mark.parametrize("register", ["on", "on_async"])
def test_what_no_event_can_be_is_refused_at_registration(desk: Desk, register: str, key: object):
    for handler in ((), (desk.heard.append,)):
        with pytest.raises((TypeError, ValueError), match=re.escape(UNREGISTERED[key])):
            getattr(desk.router, register)(key, *handler)


def test_a_handler_that_comes_later_is_called_from_then_on(desk: Desk):
    desk.route(HALT)
    desk.router.on(RiskHalted, lambda event, source: desk.heard.append(event))
    desk.route(HALT)
    assert desk.heard == [HALT]


def test_events_without_a_handler_go_to_the_one_for_the_rest(desk: Desk):
    rest: list[Event] = []
    router: EventRouter[()] = EventRouter(desk.metrics, desk.bury, lambda: 0, otherwise=rest.append)
    router.on(RiskHalted, desk.heard.append)
    for event in (HALT, RESUME):
        router.route("x", event)
    assert (desk.heard, rest) == ([HALT], [RESUME])


def test_a_handler_that_raises_costs_its_event_and_neither_the_others_nor_other_handlers(
    desk: Desk,
):
    def fragile(event: RiskHalted, source: str) -> None:
        if event.reason == "lunch":
            raise RuntimeError("cannot")

    desk.router.on(RiskHalted, fragile)
    desk.router.on(RiskHalted, lambda event, source: desk.heard.append(event))
    desk.route(HALT, RiskHalted(3, "again"))
    assert desk.heard == [HALT, RiskHalted(3, "again")]
    assert desk.buried == [("risk.events", "RuntimeError('cannot')", HALT)]
    assert desk.metrics.value("handler_failures") == 1


def test_what_is_fatal_is_not_forgiven(desk: Desk):
    def broken(event: Event, source: str) -> None:
        raise MemoryError

    desk.router.on(Event, broken)
    with pytest.raises(MemoryError):
        desk.route(HALT)
    assert desk.buried == []


def test_middleware_may_change_an_event_even_into_one_of_another_type(desk: Desk):
    desk.router.use(lambda event: RESUME if event == HALT else event)
    desk.router.on(RiskHalted, lambda event, source: desk.heard.append(event))
    desk.router.on(RiskResumed, lambda event, source: desk.heard.append(event))
    desk.route(HALT, RiskHalted(5, "kept"))
    assert desk.heard == [RESUME, RiskHalted(5, "kept")]


def test_middleware_may_drop_an_event_and_that_is_counted(desk: Desk):
    seen: list[Event] = []
    desk.router.use(lambda event: None if event == HALT else event)

    @desk.router.use
    def note(event: Event) -> Event:
        seen.append(event)
        return event

    desk.router.on(Event, lambda event, source: desk.heard.append(event))
    desk.route(HALT, RESUME)
    assert desk.heard == seen == [RESUME]
    assert desk.metrics.counters["events_dropped", "risk.halted"] == 1


def test_middleware_that_raises_costs_the_event(desk: Desk):
    def broken(event: Event) -> Event:
        raise ValueError("no")

    desk.router.use(broken)
    desk.router.on(Event, lambda event, source: desk.heard.append(event))
    desk.route(HALT)
    assert desk.heard == []
    assert [origin for origin, _, _ in desk.buried] == ["risk.events"]


def test_each_type_is_counted_and_timed(desk: Desk):
    def slow(event: Event, source: str) -> None:
        desk.now_ns += 2_000_000

    desk.router.on(RiskHalted, slow)
    desk.route(HALT, HALT, RESUME)
    times = {label: (h.count, h.sum_ns) for (_, label), h in desk.metrics.times.items()}
    assert times == {"risk.halted": (2, 4_000_000), "risk.resumed": (1, 0)}


def test_no_thread_is_started_without_a_coroutine_handler(desk: Desk):
    before = threading.active_count()
    desk.router.on(Event, lambda event, source: None)
    desk.route(HALT)
    assert threading.active_count() == before
    assert desk.router.close() == 0


def test_coroutine_handlers_run_in_a_thread_of_their_own_and_end_with_the_router(desk: Desk):
    @desk.router.on_async(RiskHalted)
    async def notify(event: RiskHalted, source: str) -> None:
        await asyncio.sleep(0)
        desk.heard.append((event.ts_ns, source, threading.current_thread().name))

    desk.route(*(RiskHalted(n, "") for n in range(50)))
    assert desk.router.close() == 0
    assert desk.heard == [(n, "risk", "async") for n in range(50)]
    assert "async" not in {thread.name for thread in threading.enumerate()}


def test_a_coroutine_handler_that_raises_costs_its_event(desk: Desk):
    async def notify(event: RiskHalted, source: str) -> None:
        if event.ts_ns == 1:
            raise RuntimeError("no network")
        desk.heard.append(event.ts_ns)

    desk.router.on_async(RiskHalted, notify)
    desk.route(HALT, RiskHalted(2, ""))
    desk.router.close()
    assert desk.heard == [2]
    assert desk.buried == [("async", "RuntimeError('no network')", HALT)]
    assert desk.metrics.counters["handler_failures", "async.risk.halted"] == 1


def test_one_slow_coroutine_handler_holds_up_no_other(desk: Desk):
    done = threading.Event()

    async def stuck(event: Event, source: str) -> None:
        await asyncio.sleep(3600)

    async def quick(event: Event, source: str) -> None:
        done.set()

    desk.router.on_async(Event, stuck)
    desk.router.on_async(Event, quick)
    desk.route(HALT)
    assert done.wait(5)
    assert desk.router.close(timeout_s=0.01) == 1, "what it never finished is said"


def test_a_full_queue_costs_the_event_and_not_the_router(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(coroutines, "QUEUE_MAX", 3)
    go = threading.Event()

    async def waits(event: Event, source: str) -> None:
        await asyncio.to_thread(go.wait)
        desk.heard.append(event)

    desk.router.on_async(RiskViolation, waits)
    desk.route(*(RiskViolation(n, "rule", "") for n in range(5)))
    go.set()
    desk.router.close()
    assert len(desk.heard) == 3
    assert ["is behind by 3 events" in reason for _, reason, _ in desk.buried] == [True, True]


def test_after_the_end_coroutine_handlers_take_nothing_more(desk: Desk):
    async def notify(event: Event, source: str) -> None:
        desk.heard.append(event)

    desk.router.on_async(Event, notify)
    desk.router.close()
    desk.route(HALT)
    assert desk.heard == []
    assert len(desk.buried) == 1


def test_types_are_told_apart_by_class_and_not_by_shape(desk: Desk):
    desk.router.on(Trade, lambda event, source: desk.heard.append(event))
    desk.router.on(Fill, lambda event, source: desk.heard.append(event))
    desk.route(QUOTE, Trade("ES", 1, 1.0, None))
    assert desk.heard == [Trade("ES", 1, 1.0, None)]
