"""Events to their handlers by type, through middleware; what a handler raises costs its event."""

from collections.abc import Awaitable, Callable, Iterable
from types import UnionType
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, TypeVarTuple, get_args, overload

from tapewire.common.bus import wire
from tapewire.common.bus.guard import Call, Guard
from tapewire.common.config.near import expected
from tapewire.common.delivery.letters import given_up
from tapewire.common.events import Event, name_of, types_by_name
from tapewire.common.runtime.metrics import Histogram, Metrics

if TYPE_CHECKING:
    from tapewire.common.bus.coroutines import Coroutines

E = TypeVar("E", bound=Event)
A = TypeVar("A", bound=Awaitable[None])
H = TypeVar("H", bound=Callable[..., None])
AH = TypeVar("AH", bound=Callable[..., Awaitable[None]])
Ts = TypeVarTuple("Ts")

DeadLetterSink = Callable[[str, str, bytes], None]
"""Keeps a dead letter: where it came from, why it could not be used, its bytes."""
Middleware = Callable[[Event], Event | None]
"""May give another event instead of the one it is given, or None to drop it."""

ASYNC_TIMEOUT_S: Final = 2.0


class EventRouter(Generic[*Ts]):
    """Calls the handlers that an event's type, or a base of it, was registered for.

    Register an event type (`OrderFilled`), a union of them (`Tick`), or the name that a type has
    on the wire (`"order.filled"`). Anything else raises TypeError, an unknown name ValueError.

    `Ts` is what a handler is given beside the event. `now_ns` is the clock that handlers are
    measured by, `fatal` what no handler may be forgiven, `otherwise` whoever takes the events
    that have no handler; without it they are passed over.

    A handler may be given several `attempts` at an event (see `guard` for when that is safe). Then,
    and with coroutine handlers, `retry` has to be called once in a while.

    Counted in `metrics`: `times["handler", TYPE]`, and with it how many there were;
    `events_dropped` by middleware, `handler_failures`, and of these `handler_retries`, those that
    are tried again; every other one is a dead letter.
    """

    def __init__(
        self,
        metrics: Metrics,
        dead_letter: DeadLetterSink,
        now_ns: Callable[[], int],
        *,
        fatal: tuple[type[Exception], ...] = (),
        otherwise: Callable[[Event, *Ts], None] | None = None,
        seed: str = "",
    ) -> None:
        self.guard = Guard(seed)
        self._metrics = metrics
        self._dead_letter = dead_letter
        self._now_ns = now_ns
        self._fatal = fatal
        self._otherwise = otherwise
        self._middleware: list[Middleware] = []
        self._handlers: list[tuple[tuple[type[Event], ...], Callable[..., None]]] = []
        self._routes: dict[type[Event], _Route] = {}
        self._coroutines: Coroutines | None = None

    @overload
    def on(
        self, kind: type[E] | str, handler: Callable[[E, *Ts], None], *, attempts: int = 1
    ) -> Callable[[E, *Ts], None]: ...

    @overload
    def on(
        self, kind: type[E], *, attempts: int = 1
    ) -> Callable[[Callable[[E, *Ts], None]], Callable[[E, *Ts], None]]: ...

    @overload
    def on(self, kind: str, *, attempts: int = 1) -> Callable[[H], H]: ...

    def on(
        self, kind: Any, handler: Callable[..., None] | None = None, *, attempts: int = 1
    ) -> Any:
        """Call `handler` with each `kind`; as a decorator where no handler is given. An event that
        it raised on comes again until it had `attempts`, and only then is a dead letter."""
        kinds = _types_of(kind)
        if handler is None:
            return lambda decorated: self.on(kind, decorated, attempts=attempts)
        self.guard.allow(handler, attempts)
        self._add(kinds, handler)
        return handler

    @overload
    def on_async(
        self, kind: type[E] | str, handler: Callable[[E, *Ts], A], *, attempts: int = 1
    ) -> Callable[[E, *Ts], A]: ...

    @overload
    def on_async(
        self, kind: type[E], *, attempts: int = 1
    ) -> Callable[[Callable[[E, *Ts], A]], Callable[[E, *Ts], A]]: ...

    @overload
    def on_async(self, kind: str, *, attempts: int = 1) -> Callable[[AH], AH]: ...

    def on_async(
        self,
        kind: Any,
        handler: Callable[..., Awaitable[None]] | None = None,
        *,
        attempts: int = 1,
    ) -> Any:
        """As `on`, for a coroutine function: it is awaited on an asyncio loop in a thread that
        starts with the first of them. Each takes its events in order, from a bounded queue; an
        event that waits for its next attempt holds up those behind it, and opens no circuit. What
        it raises is counted, and becomes a dead letter, in the next `retry`."""
        kinds = _types_of(kind)
        if handler is None:
            return lambda decorated: self.on_async(kind, decorated, attempts=attempts)
        if self._coroutines is None:
            from tapewire.common.bus.coroutines import Coroutines

            self._coroutines = Coroutines()
        self._add(kinds, self._coroutines.taker(handler, attempts))
        return handler

    def use(self, middleware: Middleware) -> Middleware:
        """Let `middleware` see every event before its handlers do, after those in use already."""
        self._middleware.append(middleware)
        return middleware

    def route(self, origin: str, event: Event, *context: *Ts) -> None:
        """Hand `event` to its handlers; `origin` names where it came from in a dead letter."""
        self.route_all(origin, (event,), *context)

    def route_all(self, origin: str, events: Iterable[Event], *context: *Ts) -> None:
        """`route` for each of `events`, in order. They are many, so the clock is read once for
        each: the end of one is the beginning of the next."""
        routes, guard, now_ns = self._routes, self.guard, self._now_ns
        began_ns = now_ns()
        for given in events:
            event = self._through(origin, given) if self._middleware else given
            if event is None:
                began_ns = now_ns()
                continue
            route = routes.get(type(event)) or self._find(type(event))
            for handler in route.handlers:
                if guard.circuits:  # something has failed before
                    self._attempt(Call(handler, origin, event, context), 1)
                    continue
                try:
                    handler(event, *context)
                except self._fatal:
                    raise
                except Exception as error:  # noqa: BLE001 - one bad event costs itself, nothing else
                    self._call_failed(Call(handler, origin, event, context), error, 1)
            ended_ns = now_ns()
            route.times.record(ended_ns - began_ns)
            began_ns = ended_ns

    @property
    def is_at_ease(self) -> bool:
        """Whether there is nothing to try again, and nothing that could have failed beside it."""
        return self.guard.is_unused and self._coroutines is None

    def retry(self, mono_ns: int) -> None:
        """Try again what is due, and take note of what coroutine handlers raised."""
        for call, attempt in self.guard.due(mono_ns):
            self._attempt(call, attempt)
        if self._coroutines is not None:
            self._note(self._coroutines)

    def close(self, timeout_s: float = ASYNC_TIMEOUT_S) -> int:
        """Let coroutine handlers finish what they were given; returns how much they left undone.
        What waits for another attempt becomes a dead letter."""
        for call in self.guard.give_up():
            self._bury(call.origin, call.event, "the process ended before the next attempt")
        if self._coroutines is None:
            return 0
        left = self._coroutines.close(timeout_s)
        self._note(self._coroutines)
        return left

    def _add(self, kinds: tuple[type[Event], ...], handler: Callable[..., None]) -> None:
        self._handlers.append((kinds, handler))
        self._routes.clear()

    def _find(self, kind: type[Event]) -> "_Route":
        handlers = [handler for wanted, handler in self._handlers if issubclass(kind, wanted)]
        if not handlers and self._otherwise is not None:
            handlers = [self._otherwise]
        name = str(kind.__struct_config__.tag)
        route = self._routes[kind] = _Route(handlers, self._metrics.times["handler", name])
        return route

    def _through(self, origin: str, event: Event) -> Event | None:
        """What middleware makes of `event`; None if it dropped it, or failed on it."""
        passed: Event | None = event
        for middleware in self._middleware:
            try:
                passed = middleware(event)
            except Exception as error:  # noqa: BLE001 - as a handler's
                self._failed(origin, event, error)
                return None
            if passed is None:
                self._metrics.count("events_dropped", label=name_of(event))
                return None
            event = passed
        return passed

    def _attempt(self, call: Call, attempt: int) -> None:
        """Call a handler, unless its circuit is open."""
        if refusal := self.guard.refusal(call, self._now_ns()):
            self._bury(call.origin, call.event, refusal)
            return
        try:
            call.handler(call.event, *call.context)
        except self._fatal:
            raise
        except Exception as error:  # noqa: BLE001 - one bad event costs itself, nothing else
            self._call_failed(call, error, attempt)
        else:
            self.guard.succeeded(call.event)

    def _call_failed(self, call: Call, error: Exception, attempt: int) -> None:
        again = self.guard.failed(call, error, attempt, self._now_ns())
        self._failed(call.origin, call.event, error, again=again, attempt=attempt)

    def _note(self, coroutines: "Coroutines") -> None:
        for event, error, final, attempt in coroutines.take_failures():
            self._failed("async", event, error, again=not final, attempt=attempt)

    def _failed(
        self,
        origin: str,
        event: Event,
        error: BaseException,
        *,
        again: bool = False,
        attempt: int = 1,
    ) -> None:
        label = f"{origin}.{name_of(event)}"
        self._metrics.count("handler_failures", label=label)
        if again:
            self._metrics.count("handler_retries", label=label)
        else:
            self._bury(origin, event, given_up(repr(error), attempt))

    def _bury(self, origin: str, event: Event, reason: str) -> None:
        self._dead_letter(origin, reason, wire.encode(event))


def _types_of(kind: Any) -> tuple[type[Event], ...]:
    """The event types that `kind` stands for, as `EventRouter` says."""
    if isinstance(kind, str):
        known = types_by_name()
        if kind not in known:
            raise ValueError(f"{kind!r} is not the name of an event; {expected(kind, known)}")
        return (known[kind],)
    kinds = get_args(kind) if isinstance(kind, UnionType) else (kind,)
    for one in kinds:
        if isinstance(one, Event):
            raise TypeError(
                f"a {name_of(one)} event is not an event type;"
                f" did you mean its class, {type(one).__name__}?"
            )
        if not (isinstance(one, type) and issubclass(one, Event)):
            shown = one.__name__ if isinstance(one, type) else f"{one!r:.80}"
            raise TypeError(
                f"{shown} is not an event type; expected a class of tapewire.common.events such as"
                " OrderFilled, or its name, order.filled"
            )
    return kinds


class _Route:
    """Who takes one type of event, and the histogram of how long that took."""

    __slots__ = ("handlers", "times")

    def __init__(self, handlers: list[Callable[..., None]], times: Histogram) -> None:
        self.handlers = handlers
        self.times = times
