"""The connection of a gateway with its broker: each change of its state, and why."""

from typing import Literal

from tapewire.common.events.base import Account, Event, Text, TimeNs

ConnectionState = Literal[
    "CONNECTING", "HANDSHAKING", "SYNCHRONISING", "READY", "DEGRADED", "RESTARTING", "REFUSED"
]


class ConnectionUp(Event, frozen=True, tag="connection.up"):
    """The broker session is synchronised: its orders and executions are known."""

    ts_ns: TimeNs
    server_version: int
    accounts: tuple[Account, ...] = ()


class ConnectionLost(Event, frozen=True, tag="connection.lost"):
    """The broker session ended; what was under way is UNKNOWN until it is back.

    One that is `expected` ended within the configured daily restart. If the broker does not come
    back within its time, the event is repeated, and is not expected any more.
    """

    ts_ns: TimeNs
    reason: Text
    expected: bool = False


class ConnectionChanged(Event, frozen=True, tag="connection.changed"):
    """The state of the connection has changed, for a reason.

    A line that changes its state too often has some changes left out, `omitted` of them before
    this one; `before` is the state of the last event.
    """

    ts_ns: TimeNs
    before: ConnectionState
    after: ConnectionState
    reason: Text
    omitted: int = 0
