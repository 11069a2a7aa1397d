"""Planted bugs in the state machines of groups: see `plants`."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType, SimpleNamespace
from typing import Any, Final

from msgspec.structs import replace

from tapewire.common import roles
from tapewire.common.clock import Now
from tapewire.common.events import Event, GroupKind, OrderCreated
from tapewire.executor import composition
from tapewire.executor.groups import verticals
from tapewire.executor.groups.keeper import Group, GroupKeeper
from tapewire.executor.groups.machine import Fact
from tapewire.executor.groups.steps import Cancel, Look, Place, Wanted
from tapewire.executor.service import ExecutorService
from tapewire.gateway.service import GatewayService
from tapewire.virtual.node import Build, Node

FIRED: Final[Counter[str]] = Counter()
"""How often each of these did what it does."""
Drops = Callable[[Group, Wanted], bool]
BRACKETS: Final[tuple[GroupKind, ...]] = ("bracket", "ladder")


def _executor(spoil: Callable[[GroupKeeper], None]) -> Build:
    """An executor's build, with a bug in how it keeps groups."""

    def build(node: Node) -> ExecutorService:
        service = composition.build(node)
        spoil(service.executor.keeper)
        return service

    return build


def _without(name: str, kinds: tuple[GroupKind, ...], drops: Drops) -> Build:
    """An executor that leaves out some of what groups of these kinds want done."""

    def spoil(keeper: GroupKeeper) -> None:
        changed: dict[GroupKind, Any] = dict(keeper.kinds)
        for kind in kinds:
            changed[kind] = _filtered(name, keeper.kinds[kind], drops)
        keeper.kinds = changed

    return _executor(spoil)


def _filtered(name: str, module: ModuleType, drops: Drops) -> Any:
    def steps(group: Group, look: Look) -> Iterator[Wanted]:
        for one in module.steps(group, look):
            if drops(group, one):
                FIRED[name] += 1
            else:
                yield one

    return SimpleNamespace(facts=module.facts, steps=steps)


def hasty_stop(keeper: GroupKeeper) -> None:
    """It places a stop at once, whatever may have filled, and lets it open a position."""
    look, done = keeper._look, keeper._done

    def settled(group: Group, now: Now) -> Look:
        return look(group, now)._replace(quiet_ns=2**62)

    def opening(group: Group, wanted: Wanted, now: Now) -> Iterator[Event]:
        for event in done(group, wanted, now):
            if isinstance(event, OrderCreated) and event.order.reduces_only:
                FIRED["hasty-stop"] += 1
                order = replace(event.order, reduces_only=False)
                yield OrderCreated(event.ts_ns, event.signal_id, order)
            else:
                yield event

    keeper._look, keeper._done = settled, opening  # type: ignore[method-assign]


def uncovered(keeper: GroupKeeper) -> None:
    """It waits for the second order of a vertical for ever."""
    changed: dict[GroupKind, Any] = dict(keeper.kinds)

    def facts(group: Group, look: Look) -> dict[Fact, str]:
        found = dict(verticals.facts(group, look))
        FIRED["vertical-left-uncovered"] += found.pop("unprotected", None) is not None
        return found

    changed["vertical"] = SimpleNamespace(facts=facts, steps=verticals.steps)
    keeper.kinds = changed


def group_not_asked_again(service: GatewayService) -> None:
    """It does not ask about a group when it is written, however long it has waited."""
    entry = service.gateway.entry
    group_denial = entry._group_denial

    def let(orders: Any, now: Now, *, arriving: bool = False) -> str:
        denial = group_denial(orders, now, arriving=arriving)
        FIRED["group-not-asked-again"] += bool(denial) and not arriving
        return denial if arriving else ""

    entry._group_denial = let  # type: ignore[method-assign]


EXECUTOR_PLANTS: Final[Mapping[str, Build]] = {
    "bracket-stop-not-renewed": _without(
        "bracket-stop-not-renewed", BRACKETS,
        lambda _group, one: isinstance(one, Place) and one.role == "stop",
    ),
    "bracket-left-behind": _without(
        "bracket-left-behind", BRACKETS,
        lambda group, one: isinstance(one, Cancel) and group.state == "CANCELLING",
    ),
    "ladder-part-forgotten": _without(
        "ladder-part-forgotten", ("ladder",),
        lambda _group, one: isinstance(one, Place) and one.part > 0,
    ),
    "oco-left-behind": _without(
        "oco-left-behind", ("oco",), lambda _group, one: isinstance(one, Cancel)
    ),
    "hasty-stop": _executor(hasty_stop),
    "vertical-left-uncovered": _executor(uncovered),
}  # fmt: skip


def with_groups(gateway: Callable[[Callable[[GatewayService], None]], Build]) -> dict[str, Any]:
    """These plants by name; `gateway` builds a gateway with a bug."""
    return {
        **{name: {roles.EXECUTOR: build} for name, build in EXECUTOR_PLANTS.items()},
        "group-not-asked-again": {roles.GATEWAY: gateway(group_not_asked_again)},
    }
