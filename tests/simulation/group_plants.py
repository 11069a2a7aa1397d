"""Planted bugs in the state machines of groups: see `plants`."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType, SimpleNamespace
from typing import Any, Final

from tapewire.common import roles
from tapewire.common.events import GroupKind
from tapewire.executor import composition
from tapewire.executor.groups import verticals
from tapewire.executor.groups.keeper import Group, GroupKeeper
from tapewire.executor.groups.machine import Fact
from tapewire.executor.groups.steps import Cancel, Look, Place, Wanted
from tapewire.executor.service import ExecutorService
from tapewire.virtual.node import Build, Node

FIRED: Final[Counter[str]] = Counter()
"""How often each of these did what it does."""
Drops = Callable[[Group, Wanted], bool]


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


def uncovered(keeper: GroupKeeper) -> None:
    """It waits for the second order of a vertical for ever."""
    changed: dict[GroupKind, Any] = dict(keeper.kinds)

    def facts(group: Group, look: Look) -> dict[Fact, str]:
        found = dict(verticals.facts(group, look))
        FIRED["vertical-left-uncovered"] += found.pop("unprotected", None) is not None
        return found

    changed["vertical"] = SimpleNamespace(facts=facts, steps=verticals.steps)
    keeper.kinds = changed


GROUP_PLANTS: Final[Mapping[str, dict[str, Build]]] = {
    name: {roles.EXECUTOR: build}
    for name, build in {
        "bracket-stop-not-renewed": _without(
            "bracket-stop-not-renewed", ("bracket",),
            lambda _group, one: isinstance(one, Place) and one.role == "stop",
        ),
        "bracket-left-behind": _without(
            "bracket-left-behind", ("bracket", "ladder"),
            lambda group, one: isinstance(one, Cancel) and group.state == "CANCELLING",
        ),
        "ladder-stop-not-renewed": _without(
            "ladder-stop-not-renewed", ("ladder",),
            lambda _group, one: isinstance(one, Place) and one.role == "stop",
        ),
        "ladder-part-forgotten": _without(
            "ladder-part-forgotten", ("ladder",),
            lambda _group, one: isinstance(one, Place) and one.role == "stop" and one.part > 0,
        ),
        "ladder-left-behind": _without(
            "ladder-left-behind", ("ladder",),
            lambda group, one: isinstance(one, Cancel) and group.state == "CANCELLING",
        ),
        "oco-left-behind": _without(
            "oco-left-behind", ("oco",), lambda _group, one: isinstance(one, Cancel)
        ),
        "vertical-left-uncovered": _executor(uncovered),
    }.items()
}  # fmt: skip
