"""Groups that enter nothing: one-cancels-other, and a combo in one order.

The broker cancels the others of a one-cancels-other when one fills, in part too. Here they are
cancelled if it does not, and all of them when one ends without having filled: what is left of such
a group is not what was asked for.
"""

from collections.abc import Iterator, Mapping

from tapewire.common.accounting.book import ZERO
from tapewire.common.accounting.groups import OrderGroup, filled_of
from tapewire.executor.groups.brackets import failed_of, is_placed
from tapewire.executor.groups.machine import Fact
from tapewire.executor.groups.steps import Cancel, Look, Tell, Wanted
from tapewire.executor.orders import ExecutorOrder

Group = OrderGroup[ExecutorOrder]


def facts(group: Group, look: Look) -> Mapping[Fact, str]:
    """What is true of a group whose orders fill side by side."""
    found: dict[Fact, str] = {}
    filled = [one for one in group.orders if one.filled]
    failed = failed_of(group)
    if group.live:
        found["working"] = "an order that was given up works after all"
    elif group.orders:
        found["over"] = "" if filled or failed is None else _why(failed)
    if filled and look.settled and any(not one.filled for one in group.live):
        found["failed"] = f"{filled[0].intent_id} is filled"
    elif failed is not None and not filled:
        found["failed"] = _why(failed)
    if is_placed(group):
        found["placed"] = ""
    return found


def steps(group: Group, look: Look) -> Iterator[Wanted]:
    """Cancel what works; of a group that has filled, only the orders that have not."""
    if too_much := _too_much(group):
        yield Tell(too_much)
    if group.state not in ("CANCELLING", "DONE"):
        return
    has_filled = any(one.filled for one in group.orders)
    yield from (Cancel(one) for one in group.live if not (has_filled and one.filled))


def _too_much(group: Group) -> str:
    """That more than one of them has filled, in a clause; empty if it is not so."""
    filled = sum(map(filled_of, group.orders), ZERO)
    largest = max(order.terms.quantity for order in group.plan.orders)
    if filled <= largest:
        return ""
    return (
        f"has filled {filled:f}, and one of its orders alone was to fill, for {largest:f} at most"
    )


def _why(failed: ExecutorOrder) -> str:
    return f"{failed.intent_id} is {failed.state}: {failed.reason}"
