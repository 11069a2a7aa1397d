"""Groups that wait for their turn: what goes to the broker in one piece, and is denied in one.

A group has one name in the adapter's outbox. Its orders are asked about one by one, and what is
true of one of them is true of all: a bracket whose entry may not go drops its exits with it, and an
entry whose stop may not go does not go either.

None of it is durable. After a restart nothing of a group is queued, and its orders are UNKNOWN like
any others until the broker has listed what it has.
"""

from tapewire.common.events import SubmitGroup, SubmitOrder


class GroupQueue:
    """The groups that were taken in this process and are neither written nor dropped."""

    def __init__(self) -> None:
        self._waiting: dict[str, SubmitGroup] = {}
        self._group_of: dict[str, str] = {}  # by intent

    def add(self, group: SubmitGroup) -> None:
        """A group was queued."""
        self._waiting[group.id] = group
        self._group_of.update((order.intent_id, group.id) for order in group.orders)

    def name_of(self, intent_id: str) -> str:
        """What an order is queued under: its group while that waits, else itself."""
        return self._group_of.get(intent_id, intent_id)

    def orders(self, name: str) -> tuple[SubmitOrder, ...]:
        """The orders that are queued under a name; none if it is not a group's."""
        group = self._waiting.get(name)
        return group.orders if group is not None else ()

    def taken(self, name: str) -> list[str]:
        """What was queued under `name` is written or dropped: the intents that this is about."""
        group = self._waiting.pop(name, None)
        if group is None:
            return [name]
        for order in group.orders:
            del self._group_of[order.intent_id]
        return [order.intent_id for order in group.orders]


def fault_of(group: SubmitGroup) -> str:
    """Why a group is none, in a sentence; empty if it is one. Whoever sends one is not trusted."""
    known: set[str] = set()
    for order in group.orders:
        if order.group_id != group.id or order.account != group.account:
            return f"{order.intent_id} is not of group {group.id} in account {group.account}"
        if order.parent_id and order.parent_id not in known:
            return f"{order.intent_id} comes before its parent {order.parent_id}"
        if order.intent_id in known:
            return f"{order.intent_id} is in the group twice"
        known.add(order.intent_id)
    return ""


def last_of_families(group: SubmitGroup) -> set[str]:
    """The last order of each family, a parent with its children: with it the broker has all of
    them, and may let them work. An order of no family is one by itself."""
    last = {order.parent_id or order.intent_id: order.intent_id for order in group.orders}
    return set(last.values())
