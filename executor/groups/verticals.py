"""Verticals built leg by leg: the second order goes once the first has filled.

Until then nothing is open but what the first order has filled, and that is never open alone for
longer than `within_ms`: if the second order fails, or does not fill in that time, it is cancelled
and what it has not covered is closed at market. A vertical in one combo order needs none of that.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from tapewire.common.accounting.groups import FAILED, OrderGroup
from tapewire.executor.groups import cancelling
from tapewire.executor.groups.brackets import close, failed_of, is_placed
from tapewire.executor.groups.machine import Fact
from tapewire.executor.groups.steps import Cancel, Continue, Look, Wanted
from tapewire.executor.orders import ExecutorOrder

Group = OrderGroup[ExecutorOrder]
MS: Final = 1_000_000


def facts(group: Group, look: Look) -> Mapping[Fact, str]:
    """What is true of a vertical."""
    if not group.plan.later:
        return cancelling.facts(group, look)
    found: dict[Fact, str] = {}
    failed = failed_of(group)
    if group.entered:
        found["entered"] = ""
    if group.open > 0:
        found["open"] = ""
    if group.live:
        found["working"] = "an order that was given up works after all"
    elif group.orders and group.open <= 0:
        found["over"] = "" if group.entered or failed is None else _why(failed)
    if not group.entered and failed is not None:
        found["failed"] = _why(failed)
    if is_placed(group):
        found["placed"] = ""
    if why := _uncovered(group, look):
        found["unprotected"] = why
    return found


def steps(group: Group, look: Look) -> Iterator[Wanted]:
    """What is to be done about it in its present state."""
    if not group.plan.later:
        yield from cancelling.steps(group, look)
    elif group.state in ("CANCELLING", "DONE"):
        yield from map(Cancel, group.live)
    elif group.state == "PROTECTING":
        entry = group.entry
        if entry is not None and not entry.live and not group.of("cover"):
            yield Continue(group.open)
    elif group.state == "CLOSING":
        yield from close(group, look)


def _uncovered(group: Group, look: Look) -> str:
    """Why what is open is not going to be covered; empty if it may be."""
    if group.open <= 0:
        return ""
    for one in group.of("cover"):
        if one.state in FAILED and look.settled:
            return _why(one)
    if look.entered_ns >= group.plan.within_ms * MS:
        return f"it was not covered within {group.plan.within_ms} ms"
    return ""


def _why(failed: ExecutorOrder) -> str:
    return f"{failed.intent_id} is {failed.state}: {failed.reason}"
