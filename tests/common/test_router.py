"""Events reach their handlers by type; what one handler raises costs its own event."""

import asyncio
import re
import threading
from collections.abc import Iterator

import pytest

from tapewire.common.bus import coroutines, wire
from tapewire.common.bus.router import EventRouter
from tapewire.common.events import (
    EVERYTHING,
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

HALT = RiskHalted(1, EVERYTHING, "lunch")
RESUME = RiskResumed(2, EVERYTHING, "back")
QUOTE = Quote("ES", 1, 1.0, 1.0, 2.0, 1.0)


class Routed:
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
def routed() -> Iterator[Routed]:
    routed = Routed()
    yield routed
    routed.router.close()


def test_an_event_goes_to_the_handlers_of_its_type_in_the_order_of_their_registration(
    routed: Routed,
):
    routed.router.on(RiskHalted, lambda event, source: routed.heard.append(("first", source)))
    routed.router.on(RiskHalted, lambda event, source: routed.heard.append(("second", event)))
    routed.router.on(RiskResumed, lambda event, source: routed.heard.append(event))
    routed.route(HALT)
    assert routed.heard == [("first", "risk"), ("second", HALT)]


def test_it_registers_as_a_decorator_and_leaves_the_function_as_it_is(routed: Routed):
    @routed.router.on(RiskHalted)
    def halted(event: RiskHalted, source: str) -> None:
        routed.heard.append(event.reason)

    routed.route(HALT)
    halted(HALT, "by hand")
    assert routed.heard == ["lunch", "lunch"]


def test_a_handler_of_the_base_sees_every_event(routed: Routed):
    routed.router.on(Event, lambda event, source: routed.heard.append(event))
    routed.route(HALT, QUOTE)
    assert routed.heard == [HALT, QUOTE]


def test_it_takes_the_names_that_events_have_on_the_wire(routed: Routed):
    routed.router.on("risk.halted", lambda event, source: routed.heard.append(event))

    @routed.router.on("risk.resumed")
    def resumed(event: RiskResumed, source: str) -> None:
        routed.heard.append(event.reason)

    routed.route(HALT, RESUME, QUOTE)
    assert routed.heard == [HALT, "back"]


def test_it_takes_a_union_of_event_types(routed: Routed):
    routed.router.on(Tick, lambda event, source: routed.heard.append(event))
    routed.route(HALT, QUOTE)
    assert routed.heard == [QUOTE]


UNREGISTERED = {
    "risk.halt": "'risk.halt' is not the name of an event; did you mean risk.halted?",
    "RiskHalted": "'RiskHalted' is not the name of an event; did you mean risk.halted?",
    Metrics: (
        "Metrics is not an event type; expected a class of tapewire.common.events such as"
        " OrderFilled, or its name, order.filled"
    ),
    int | RiskHalted: "int is not an event type; expected a class of tapewire.common.events",
    None: "None is not an event type",
    HALT: "a risk.halted event is not an event type; did you mean its class, RiskHalted?",
}


@pytest.mark.parametrize("key", UNREGISTERED, ids=repr)
@pytest.mark.parametrize("register", ["on", "on_async"])
def test_what_no_event_can_be_is_refused_at_registration(
    routed: Routed, register: str, key: object
):
    for handler in ((), (routed.heard.append,)):
        with pytest.raises((TypeError, ValueError), match=re.escape(UNREGISTERED[key])):
            getattr(routed.router, register)(key, *handler)


def test_a_handler_that_comes_later_is_called_from_then_on(routed: Routed):
    routed.route(HALT)
    routed.router.on(RiskHalted, lambda event, source: routed.heard.append(event))
    routed.route(HALT)
    assert routed.heard == [HALT]


def test_events_without_a_handler_go_to_the_one_for_the_rest(routed: Routed):
    rest: list[Event] = []
    router: EventRouter[()] = EventRouter(
        routed.metrics, routed.bury, lambda: 0, otherwise=rest.append
    )
    router.on(RiskHalted, routed.heard.append)
    for event in (HALT, RESUME):
        router.route("x", event)
    assert (routed.heard, rest) == ([HALT], [RESUME])


def test_a_handler_that_raises_costs_its_event_and_neither_the_others_nor_other_handlers(
    routed: Routed,
):
    def fragile(event: RiskHalted, source: str) -> None:
        if event.reason == "lunch":
            raise RuntimeError("cannot")

    routed.router.on(RiskHalted, fragile)
    routed.router.on(RiskHalted, lambda event, source: routed.heard.append(event))
    routed.route(HALT, RiskHalted(3, EVERYTHING, "again"))
    assert routed.heard == [HALT, RiskHalted(3, EVERYTHING, "again")]
    assert routed.buried == [("risk.events", "RuntimeError('cannot')", HALT)]
    assert routed.metrics.value("handler_failures") == 1


def test_what_is_fatal_is_not_forgiven(routed: Routed):
    def broken(event: Event, source: str) -> None:
        raise MemoryError

    routed.router.on(Event, broken)
    with pytest.raises(MemoryError):
        routed.route(HALT)
    assert routed.buried == []


def test_middleware_may_change_an_event_even_into_one_of_another_type(routed: Routed):
    routed.router.use(lambda event: RESUME if event == HALT else event)
    routed.router.on(RiskHalted, lambda event, source: routed.heard.append(event))
    routed.router.on(RiskResumed, lambda event, source: routed.heard.append(event))
    routed.route(HALT, RiskHalted(5, EVERYTHING, "kept"))
    assert routed.heard == [RESUME, RiskHalted(5, EVERYTHING, "kept")]


def test_middleware_may_drop_an_event_and_that_is_counted(routed: Routed):
    seen: list[Event] = []
    routed.router.use(lambda event: None if event == HALT else event)

    @routed.router.use
    def note(event: Event) -> Event:
        seen.append(event)
        return event

    routed.router.on(Event, lambda event, source: routed.heard.append(event))
    routed.route(HALT, RESUME)
    assert routed.heard == seen == [RESUME]
    assert routed.metrics.counters["events_dropped", "risk.halted"] == 1


def test_middleware_that_raises_costs_the_event(routed: Routed):
    def broken(event: Event) -> Event:
        raise ValueError("no")

    routed.router.use(broken)
    routed.router.on(Event, lambda event, source: routed.heard.append(event))
    routed.route(HALT)
    assert routed.heard == []
    assert [origin for origin, _, _ in routed.buried] == ["risk.events"]


def test_each_type_is_counted_and_timed(routed: Routed):
    def slow(event: Event, source: str) -> None:
        routed.now_ns += 2_000_000

    routed.router.on(RiskHalted, slow)
    routed.route(HALT, HALT, RESUME)
    times = {label: (h.count, h.sum_ns) for (_, label), h in routed.metrics.times.items()}
    assert times == {"risk.halted": (2, 4_000_000), "risk.resumed": (1, 0)}


def test_no_thread_is_started_without_a_coroutine_handler(routed: Routed):
    before = threading.active_count()
    routed.router.on(Event, lambda event, source: None)
    routed.route(HALT)
    assert threading.active_count() == before
    assert routed.router.close() == 0


def test_coroutine_handlers_run_in_a_thread_of_their_own_and_end_with_the_router(routed: Routed):
    @routed.router.on_async(RiskHalted)
    async def notify(event: RiskHalted, source: str) -> None:
        await asyncio.sleep(0)
        routed.heard.append((event.ts_ns, source, threading.current_thread().name))

    routed.route(*(RiskHalted(n, EVERYTHING, "") for n in range(50)))
    assert routed.router.close() == 0
    assert routed.heard == [(n, "risk", "async") for n in range(50)]
    assert "async" not in {thread.name for thread in threading.enumerate()}


def test_a_coroutine_handler_that_raises_costs_its_event(routed: Routed):
    async def notify(event: RiskHalted, source: str) -> None:
        if event.ts_ns == 1:
            raise RuntimeError("no network")
        routed.heard.append(event.ts_ns)

    routed.router.on_async(RiskHalted, notify)
    routed.route(HALT, RiskHalted(2, EVERYTHING, ""))
    routed.router.close()
    assert routed.heard == [2]
    assert routed.buried == [("async", "RuntimeError('no network')", HALT)]
    assert routed.metrics.counters["handler_failures", "async.risk.halted"] == 1


def test_one_slow_coroutine_handler_holds_up_no_other(routed: Routed):
    done = threading.Event()

    async def stuck(event: Event, source: str) -> None:
        await asyncio.sleep(3600)

    async def quick(event: Event, source: str) -> None:
        done.set()

    routed.router.on_async(Event, stuck)
    routed.router.on_async(Event, quick)
    routed.route(HALT)
    assert done.wait(5)
    assert routed.router.close(timeout_s=0.01) == 1, "it reports what it never finished"


def test_a_full_queue_costs_the_event_and_not_the_router(
    routed: Routed, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(coroutines, "QUEUE_MAX", 3)
    go = threading.Event()

    async def waits(event: Event, source: str) -> None:
        await asyncio.to_thread(go.wait)
        routed.heard.append(event)

    routed.router.on_async(RiskViolation, waits)
    routed.route(*(RiskViolation(n, EVERYTHING, "rule", "") for n in range(5)))
    go.set()
    routed.router.close()
    assert len(routed.heard) == 3
    assert ["is behind by 3 events" in reason for _, reason, _ in routed.buried] == [True, True]


def test_after_the_end_coroutine_handlers_take_nothing_more(routed: Routed):
    async def notify(event: Event, source: str) -> None:
        routed.heard.append(event)

    routed.router.on_async(Event, notify)
    routed.router.close()
    routed.route(HALT)
    assert routed.heard == []
    assert len(routed.buried) == 1


def test_types_are_told_apart_by_class_and_not_by_shape(routed: Routed):
    routed.router.on(Trade, lambda event, source: routed.heard.append(event))
    routed.router.on(Fill, lambda event, source: routed.heard.append(event))
    routed.route(QUOTE, Trade("ES", 1, 1.0, None))
    assert routed.heard == [Trade("ES", 1, 1.0, None)]
