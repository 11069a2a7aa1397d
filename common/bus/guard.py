"""Guard: what becomes of an event that a handler failed on, and when to stop trying.

A handler that was registered with more than one attempt gets the event again, later and later. It
says by this that it may get an event twice and out of order: one that folds events into state must
not. Its failures open a circuit by event type and error type. While that is open, its events of the
type become dead letters at once, and can be handed back from there.

A handler with one attempt always gets every event: skipping one that it could have taken would be
worse than another failure. Its circuit only reports that something fails again and again.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from tapewire.common.delivery.breaker import Change, CircuitBreaker
from tapewire.common.delivery.retries import Retries
from tapewire.common.events import Event, name_of

Handler = Callable[..., None]

FAILURES_MAX: Final = 10
WINDOW_NS: Final = 60_000_000_000
PAUSE_NS: Final = 10_000_000_000


def checked_attempts(attempts: int) -> int:
    """How many attempts a handler has at an event; raises ValueError unless it is 1 or more."""
    if attempts < 1:
        raise ValueError(f"attempts is {attempts}; it must be 1 or more")
    return attempts


def name_of_handler(handler: Callable[..., object]) -> str:
    """A name that is the same in every run, as a seed has to be."""
    return str(getattr(handler, "__qualname__", type(handler).__qualname__))


class Call(NamedTuple):
    """A handler with what it is called with, and where the event came from."""

    handler: Handler
    origin: str
    event: Event
    context: tuple[Any, ...]


class Guard:
    """The attempts and circuits of one router's handlers; `seed` decides the jitter of waits."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._retries: dict[Handler, Retries[Call]] = {}
        self.circuits: dict[tuple[str, str], CircuitBreaker] = {}
        """By event type and error type; empty as long as nothing has failed."""

    def allow(self, handler: Handler, attempts: int) -> None:
        """Let a handler have this many attempts at an event."""
        if checked_attempts(attempts) > 1:
            seed = f"{self._seed} {name_of_handler(handler)}"
            self._retries[handler] = Retries(seed, attempts)

    @property
    def is_unused(self) -> bool:
        """Whether no handler has more than one attempt, and none has failed."""
        return not (self._retries or self.circuits)

    def refusal(self, call: Call, mono_ns: int) -> str:
        """Why the handler is not even called, in a sentence; empty if it is."""
        if not self.circuits or call.handler not in self._retries:
            return ""
        of_type = name_of(call.event)
        for (kind, _), circuit in self.circuits.items():
            if kind == of_type and not circuit.allows(mono_ns):
                return f"the circuit {circuit.name} is open"
        return ""

    def failed(self, call: Call, error: BaseException, attempt: int, mono_ns: int) -> bool:
        """An attempt failed; whether there will be another one."""
        key = name_of(call.event), type(error).__name__
        if key not in self.circuits:
            name = f"{key[0]}/{key[1]}"
            self.circuits[key] = CircuitBreaker(name, FAILURES_MAX, WINDOW_NS, PAUSE_NS)
        self.circuits[key].failed(mono_ns, repr(error)[:200])
        retries = self._retries.get(call.handler)
        return retries is not None and retries.failed(call, attempt, mono_ns)

    def succeeded(self, event: Event) -> None:
        """An attempt went well."""
        for (kind, _), circuit in self.circuits.items():
            if kind == name_of(event):
                circuit.succeeded()

    def due(self, mono_ns: int) -> list[tuple[Call, int]]:
        """The calls to be tried again now, each with the number of its attempt."""
        waiting = (one for retries in self._retries.values() for one in retries.due(mono_ns))
        return [(one.what, one.attempt) for one in waiting]

    def give_up(self) -> list[Call]:
        """What still waits, at the end."""
        return [call for retries in self._retries.values() for call in retries.give_up()]

    def take_changes(self) -> list[tuple[str, Change]]:
        """What has changed since it was last asked, with the circuit's name."""
        circuits = self.circuits.values()
        return [(one.name, change) for one in circuits for change in one.take_changes()]
