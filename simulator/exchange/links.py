"""Orders that belong together: a parent with its children, and one-cancels-all groups."""

from collections.abc import Iterable
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from tapewire.simulator.exchange.orders import Execution, Order

Group = tuple[str, str]  # account, the group's name
CANCEL, REDUCE, REDUCE_UNBLOCKED = 1, 2, 3
OCA_TYPES: Final = (CANCEL, REDUCE, REDUCE_UNBLOCKED)
GROUP_OVER: Final = "the OCA group is over: an order of it was filled or cancelled"


class Links:
    """Who is whose child, and who is in which group.

    A group's name can be used once: after an order of it was filled or cancelled, nobody can join.
    """

    def __init__(self) -> None:
        self._children: dict[Order, list[Order]] = {}
        self._groups: dict[Group, list[Order]] = {}

    def attach(self, order: Order) -> None:
        """Note a child of its parent."""
        if order.parent is not None:
            self._children.setdefault(order.parent, []).append(order)

    def restore(self, orders: Iterable[Order]) -> None:
        """Take back the orders of an earlier run, those that have ended too."""
        for order in orders:
            self.attach(order)
            if order.oca_group:
                self._groups.setdefault((order.account, order.oca_group), []).append(order)

    def replace(self, order: Order, other: Order) -> None:
        """An order that was not transmitted yet is sent again."""
        siblings = self._children.get(order.parent, []) if order.parent is not None else []
        if order in siblings:
            siblings.remove(order)
        for child in self._children.pop(order, []):
            child.parent = other
            self.attach(child)

    def children(self, order: Order) -> list[Order]:
        """The order's children, as they were placed."""
        return list(self._children.get(order, ()))

    def family(self, order: Order) -> list[Order]:
        """The order's parent, or itself, and then all children of that."""
        root = order.parent or order
        return [root, *self.children(root)]

    def join(self, order: Order) -> str:
        """Let an order join its group; why it cannot, "" if it has."""
        if order.parent is not None and not order.oca_group:
            order.oca_group, order.oca_type = str(order.parent.perm_id), REDUCE_UNBLOCKED
        if not order.oca_group:
            return ""
        members = self._groups.setdefault((order.account, order.oca_group), [])
        if any(one.status in ("Filled", "Cancelled") for one in members):
            return GROUP_OVER
        members.append(order)
        return ""

    def others(self, order: Order) -> list[Order]:
        """The orders of its group that can still trade, without itself."""
        members = self._groups.get((order.account, order.oca_group), []) if order.oca_group else []
        return [one for one in members if one.is_open and one is not order]


def released_by(execution: Execution, child: Order) -> Decimal:
    """How much more of a child may trade, now that its parent has: the same share of it."""
    parent = execution.order
    return child.terms.quantity * execution.shares / parent.quantity


def cut_by(execution: Execution, other: Order) -> Decimal:
    """How much a group's other order loses: the share that the execution was of what was left.

    What remains is rounded up to whole units, so that the group's last unit is not given up early.
    """
    left = execution.order.quantity - execution.cumulative
    before = left + execution.shares
    if left <= 0:
        return other.remaining
    cut = other.remaining * execution.shares / before
    return cut if other.is_divisible else cut.to_integral_value(rounding=ROUND_FLOOR)
