"""What Prometheus is shown of a gateway: its connection, orders by state, account values.

Read in the exporter's thread, when it asks: it only looks.
"""

from collections.abc import Mapping
from functools import partial
from typing import Final, get_args

from tapewire.common.accounting.account_values import AMOUNTS
from tapewire.common.events import ConnectionState, OrderState
from tapewire.common.runtime.metrics import Labels, Metrics
from tapewire.gateway.gateway import Gateway

STATES: Final = get_args(OrderState)
CONNECTION_STATES: Final = get_args(ConnectionState)


def watch(metrics: Metrics, gateway: Gateway) -> None:
    """Show these of a gateway."""
    states = gateway.orders.states
    connection, adapter = gateway.connection, gateway.broker
    metrics.show("tws_up", (), lambda: {(): gateway.is_up})
    metrics.show("connection_state", ("state",), partial(_connection, gateway))
    metrics.show(
        "connection_uptime_seconds", (),
        lambda: {(): connection.uptime_s(gateway.seen_mono_ns or 0)},
    )  # fmt: skip
    metrics.watch("reconnects", lambda: {"": connection.reconnects}, "counter")
    metrics.watch("tws_requests", lambda: {"": adapter.requests}, "counter")
    metrics.show("subscriptions", (), lambda: {(): adapter.subscriptions})
    metrics.show("orders", ("state",), lambda: {(state,): states[state] for state in STATES})
    for priority, waits in gateway.broker.waits.items():
        metrics.times["outbox_wait", priority] = waits
    for name in AMOUNTS:
        read = partial(_of, gateway, name)
        metrics.show(f"account_{name}", ("account", "currency"), read)


def _connection(gateway: Gateway) -> Mapping[Labels, float]:
    """1 for the state that the connection is in, 0 for the others."""
    return {(state,): gateway.connection.state == state for state in CONNECTION_STATES}


def _of(gateway: Gateway, name: str) -> Mapping[Labels, float]:
    """One of the values of each account, where the broker has reported it."""
    known = list(gateway.facts.accounts.known.values())
    found = {(one.account, one.currency): getattr(one, name) for one in known}
    return {labels: float(value) for labels, value in found.items() if value is not None}
