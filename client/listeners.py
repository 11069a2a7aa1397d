"""Listeners: the callbacks for events of the followed streams, by the events' names."""

from collections.abc import Callable
from fnmatch import fnmatchcase

from tapewire.client.callbacks import Callback, Reports, Subscription
from tapewire.common.config.near import expected
from tapewire.common.events import Event
from tapewire.common.retention.decisions import DECISIONS


def kinds_of(name: str) -> frozenset[type[Event]]:
    """The events of a name, or of all that fit `order.*`; ValueError for a name that none has."""
    known = {str(kind.__struct_config__.tag): kind for kind in DECISIONS}
    kinds = frozenset(kind for one, kind in known.items() if fnmatchcase(one, name))
    if not kinds:
        raise ValueError(f"{name!r} is not the name of a journaled event; {expected(name, known)}")
    return kinds


class Listeners:
    """Who wants which events. `is_own` says whether an event is about an order of this client."""

    def __init__(self, reports: Reports, is_own: Callable[[Event], bool]) -> None:
        self._reports = reports
        self.is_own = is_own
        self._wanted: dict[Subscription, tuple[frozenset[type[Event]], bool]] = {}

    def on(self, name: str, callback: Callback, *, own: bool) -> Subscription:
        """Call `callback` with each event of a name, or of all that fit `order.*`; with `own` only
        with those about orders of this client. ValueError for a name that no event has."""
        kinds = kinds_of(name)
        one = Subscription(callback, self._reports, lambda: self._wanted.pop(one, None))
        self._wanted[one] = kinds, own
        return one

    def deliver(self, event: Event) -> None:
        """Give an event to those who want it."""
        kind = type(event)
        for one, (kinds, own) in [*self._wanted.items()]:
            if kind in kinds and (not own or self.is_own(event)):
                one.take(event)

    def stop(self) -> None:
        """Call nobody any more."""
        for one in [*self._wanted]:
            one.stop()
