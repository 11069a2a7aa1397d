"""What the broker reports apart from orders and positions: accounts, instruments, errors."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from tapewire.common.clock import Now
from tapewire.common.events import AccountUpdated, Event, InstrumentDescribed
from tapewire.common.instruments import Instrument
from tapewire.gateway import broker
from tapewire.gateway.account_values import AccountValues
from tapewire.gateway.broker import Broker, BrokerEvent
from tapewire.gateway.descriptions import Descriptions
from tapewire.gateway.error_reports import ErrorReports

FACTS: Final = frozenset({AccountUpdated, InstrumentDescribed})
"""The events of these."""


class Facts:
    """Account values, descriptions and errors of one login. An `idle` one asks for none of them, as
    the liquidation gateway only closes. `complaints` takes what a person has to see; account values
    that have not come to their end are late after `late_ms`."""

    def __init__(
        self,
        adapter: Broker,
        instruments: Mapping[str, Instrument],
        complaints: list[tuple[str, bytes]],
        *,
        late_ms: int = 10_000,
        idle: bool = False,
    ) -> None:
        self.accounts = AccountValues(adapter, late_ms)
        self.instruments = Descriptions(adapter, instruments)
        self.errors = ErrorReports(complaints)
        self.handlers: Mapping[type[BrokerEvent], Callable[[Any, Now], list[Event]]] = {
            broker.AccountReport: self.accounts.on_value,
            broker.AccountsComplete: self.accounts.on_complete,
            broker.ErrorReport: self.errors.on_error,
        }
        self._complaints = complaints
        self._is_idle = idle

    def apply(self, event: Event) -> None:
        """Take in an event of the own journal."""
        if isinstance(event, AccountUpdated):
            self.accounts.apply(event)
        elif isinstance(event, InstrumentDescribed):
            self.instruments.apply(event)

    def snapshot(self) -> dict[str, Any]:
        """The durable state as plain values."""
        return {"accounts": self.accounts.snapshot(), "instruments": self.instruments.snapshot()}

    def tick(self, now: Now, *, reading: bool, connected: bool) -> list[Event]:
        """What is news, to be applied; asks for more in its time. Account values are read while the
        broker's orders still are."""
        events = self.errors.tick(now)
        if self._is_idle:
            return events
        events += self.accounts.tick(now, connected=reading)
        described = self.instruments.tick(now, connected=connected)
        if not described:  # as in almost every turn
            return events
        self._complaints += [(one.contradiction, b"") for one in described if one.contradiction]
        return [*events, *described]
