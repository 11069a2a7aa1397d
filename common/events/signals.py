"""Signals: what a strategy wants done, on its way to the executor.

`account` is empty where the configuration names none; the executor then takes the login's only
account, and denies the signal if there are several.
"""

from tapewire.common.events.base import Account, Event, Name, Price, TimeNs, Unit
from tapewire.common.events.groups import GroupSignal
from tapewire.common.events.terms import OrderTerms, TermChanges


class Signal(Event, frozen=True, tag="signal"):
    """A wish to trade, acted on once or not at all.

    `id` is strategy, epoch and number; the signal is sent again under the same id until an
    `order.*` event of the executor answers it or it has expired, by `expires_ns` or by
    `expires_mono_ns` (see `expiry`). `cause_id` and `cause_ns` name the tick that triggered it.
    """

    id: Name
    ts_ns: TimeNs
    account: Account
    strategy: Name
    symbol: Name
    terms: OrderTerms
    expires_ns: TimeNs
    trigger_price: Price | None = None
    confidence: Unit = 1.0
    cause_id: str = ""
    cause_ns: TimeNs = 0
    expires_mono_ns: TimeNs = 0

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols that it trades; see `GroupSignal`."""
        return (self.symbol,)


class CancelSignal(Event, frozen=True, tag="signal.cancel"):
    """A wish to cancel the order or the group that signal `signal_id` asked for, or one order of a
    group by its own id. With `closes` a group also closes, at market, what it has open.

    Sent again under its own `id` until the executor answers it or it has expired. One that
    arrives before that signal keeps it from being traded at all.
    """

    id: Name
    ts_ns: TimeNs
    account: Account
    strategy: Name
    signal_id: Name
    expires_ns: TimeNs
    cause_id: str = ""
    cause_ns: TimeNs = 0
    expires_mono_ns: TimeNs = 0
    closes: bool = False


class ModifySignal(Event, frozen=True, tag="signal.modify"):
    """A wish to modify the order of signal `signal_id`: of a group its entry, or one of its orders
    by that one's id. It is sent again as the others are."""

    id: Name
    ts_ns: TimeNs
    account: Account
    strategy: Name
    signal_id: Name
    expires_ns: TimeNs
    changes: TermChanges
    cause_id: str = ""
    cause_ns: TimeNs = 0
    expires_mono_ns: TimeNs = 0


AnySignal = Signal | GroupSignal | CancelSignal | ModifySignal
