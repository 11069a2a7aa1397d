"""A core from its journals alone, as a restart builds it, and whether it is the one that lives."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from tapewire.common import roles
from tapewire.common.clock import Now
from tapewire.common.config.settings import Config
from tapewire.common.events import Event
from tapewire.executor.executor import Executor
from tapewire.gateway.gateway import Gateway
from tapewire.gateway.orders.waits import Waits
from tapewire.gateway.tws.adapter import TwsBroker
from tapewire.risk.monitor import RiskMonitor
from tapewire.risk.rules import load_rules
from tapewire.strategy.runner import Runner

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


# ---- a restart, core by core --------------------------------------------------------------------


def gateway(config: Config, journals: Journals, role: str = roles.GATEWAY) -> Gateway:
    """A gateway from its own journal."""
    liquidation = roles.kind_of(role) == roles.LIQUIDATION
    broker = TwsBroker(config.all_instruments(), client_id=config.tws.client_id)
    one = Gateway(
        broker, waits=Waits(settle_ms=config.tws.settle_ms), reduce_only=liquidation,
        instruments=config.all_instruments(),
    )  # fmt: skip
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


def strategy(config: Config, journals: Journals, name: str) -> Runner:
    """A strategy from the journals that it follows, one after the other. Its callbacks are not
    called: nothing of this is news."""
    one = Runner(config.strategy(name), (), "replay", lambda _raised: None)
    login = config.logins().of(config.strategy(name).account)
    gateway = login.gateway if login is not None else roles.GATEWAY
    for source in (roles.EXECUTOR, gateway, roles.RISK):
        for seq, event in enumerate(journals.get(source, ()), 1):
            one.on_event(source, event, seq, Now(0, 0))
    return one


def _of_gateways(journals: Journals) -> Iterator[tuple[str, Event]]:
    for source in filter(roles.has_broker, journals):
        for event in journals[source]:
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
