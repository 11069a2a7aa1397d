"""A core from its journals alone, as a restart builds it, and whether it is the one that lives."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from tapewire.common import roles
from tapewire.common.accounting.carried import commission_entry
from tapewire.common.clock import Now
from tapewire.common.config.settings import Config
from tapewire.common.events import Event
from tapewire.executor.executor import Executor
from tapewire.gateway.gateway import Gateway
from tapewire.gateway.tws.adapter import TwsBroker
from tapewire.risk.monitor import RiskMonitor
from tapewire.risk.rules import load_rules

Journals = Mapping[str, Sequence[Event]]
"""Events by the role whose journal they are from."""


class Core(Protocol):
    """What has a durable state."""

    def snapshot(self) -> dict[str, Any]:
        """The durable state as plain values."""


def digest(core: Core) -> str:
    """A hash of a core's durable state: two cores with the same digest agree in every value."""
    return hashlib.sha256(canonical(core.snapshot())).hexdigest()


def canonical(state: Any) -> bytes:
    """A snapshot as JSON with sorted keys; amounts that are equal are written equally."""
    return msgspec.json.encode(_plain(state), order="sorted")


def differences(live: Mapping[str, Any], again: Mapping[str, Any], at: str = "") -> Iterator[str]:
    """Where two snapshots differ, each in a sentence."""
    for key in sorted(live.keys() | again.keys()):
        one, other, place = live.get(key), again.get(key), f"{at}{key}"
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            yield from differences(one, other, f"{place}.")
        elif _plain(one) != _plain(other):
            yield f"{place} is {one}, its replay has {other}"


def without_forgotten(state: dict[str, Any], live: Gateway, whole: Gateway) -> dict[str, Any]:
    """`state`, which is that of `whole`, without what a checkpoint left out of `live`: orders that
    are over, what was denied, and executions of which the id is carried."""
    registry, known = live.registry, live.snapshot()

    def remembered(intent_id: str) -> bool:
        order = whole.orders.get(intent_id)
        return intent_id in live.orders or (order is not None and order.live)

    commissions = registry.carried_commissions
    answers = state["modifies"]["answers"]
    return {
        **state,
        "orders": {name: one for name, one in state["orders"].items() if remembered(name)},
        "denied": {name: one for name, one in state["denied"].items() if name in known["denied"]},
        "executions": [one for one in state["executions"] if not registry.is_carried(one)],
        "commissions": [
            one for one in state["commissions"] if commission_entry(one) not in commissions
        ],
        "modifies": {
            **state["modifies"],
            "answers": {n: a for n, a in answers.items() if n in known["modifies"]["answers"]},
        },
    }


# ---- a restart, core by core --------------------------------------------------------------------


def gateway(config: Config, journals: Journals, role: str = roles.GATEWAY) -> Gateway:
    """A gateway from its own journal."""
    liquidation = role == roles.LIQUIDATION
    broker = TwsBroker(config.all_instruments(), client_id=config.tws.client_id)
    one = Gateway(broker, settle_ms=config.tws.settle_ms, reduce_only=liquidation)
    for event in journals.get(role, ()):
        one.apply(event)
    return one


def executor(config: Config, journals: Journals) -> Executor:
    """An executor from its own journal and then the gateways', one after the other."""
    one = Executor(load_rules(config.risk.rules), config.all_instruments())
    for event in journals.get(roles.EXECUTOR, ()):
        one.apply(event)
    for source, event in _of_gateways(journals):
        one.on_broker(event, Now(0, 0), source)
    return one


def risk(config: Config, journals: Journals) -> RiskMonitor:
    """A risk monitor from its own journal and then the gateways', one after the other."""
    one = RiskMonitor(load_rules(config.risk.rules), config.all_instruments())
    for event in journals.get(roles.RISK, ()):
        one.apply(event)
    for source, event in _of_gateways(journals):
        one.on_broker(event, source)
    return one


def _of_gateways(journals: Journals) -> Iterator[tuple[str, Event]]:
    for source in roles.GATEWAYS:
        for event in journals.get(source, ()):
            yield source, event


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, msgspec.Struct):
        return _plain(msgspec.structs.asdict(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    return value
