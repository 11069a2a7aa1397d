"""What Prometheus is shown of a gateway: whether TWS is up, orders by state, account values.

Read in the exporter's thread, when it asks: it only looks.
"""

from collections.abc import Mapping
from functools import partial
from typing import Final, get_args

from tapewire.common.accounting.account_values import AMOUNTS
from tapewire.common.events import OrderState
from tapewire.common.runtime.metrics import Labels, Metrics
from tapewire.gateway.gateway import Gateway

STATES: Final = get_args(OrderState)


def watch(metrics: Metrics, gateway: Gateway) -> None:
    """Show these of a gateway."""
    states = gateway.orders.states
    metrics.show("tws_up", (), lambda: {(): gateway.is_up})
    metrics.show("orders", ("state",), lambda: {(state,): states[state] for state in STATES})
    for name in AMOUNTS:
        read = partial(_of, gateway, name)
        metrics.show(f"account_{name}", ("account", "currency"), read)


def _of(gateway: Gateway, name: str) -> Mapping[Labels, float]:
    """One of the values of each account, where the broker has reported it."""
    known = list(gateway.facts.accounts.known.values())
    found = {(one.account, one.currency): getattr(one, name) for one in known}
    return {labels: float(value) for labels, value in found.items() if value is not None}
