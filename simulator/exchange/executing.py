"""Executions: what one does to its order, and at which prices an order may have one."""

from decimal import Decimal

from tapewire.simulator.exchange.commissions import Commissions
from tapewire.simulator.exchange.orders import Execution, Order


def execute(
    order: Order, shares: Decimal, price: Decimal, now_ns: int, commissions: Commissions
) -> Execution:
    """Let an order trade."""
    order.filled += shares
    order.notional += shares * price
    order.last_price = price
    order.executions += 1
    before = order.commission
    commissions.charge(order, shares, price, now_ns)
    order.status = "Submitted" if order.remaining else "Filled"
    if not order.remaining:
        order.done_ns = now_ns
    return Execution(
        exec_id=f"0000e0d5.{order.perm_id:08x}.{order.leg:02x}{order.executions:06x}.01",
        order=order,
        ts_ns=now_ns,
        shares=shares,
        price=price,
        cumulative=order.filled,
        average_price=order.average_price,
        commission=order.commission - before,
        is_passive=order.resting and order.limit is not None,
    )


def reaches(order: Order, price: Decimal) -> bool:
    """Whether an order may trade at a price: its limit allows it, or it has none."""
    return order.limit is None or is_no_worse(order, price, order.limit)


def is_no_worse(order: Order, price: Decimal, limit: Decimal) -> bool:
    """Whether a price is at the limit, or better for the order."""
    return price <= limit if order.side == "BUY" else price >= limit
