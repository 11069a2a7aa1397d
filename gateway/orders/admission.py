"""Admission: whether an order may be taken, asked when it comes and again when it is written.

The gateway trusts nobody here: a broken executor, a queue that was held up or a gateway that
wakes late must not add risk after a halt, or while risk is not there to say so.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from tapewire.common.events import Heartbeat, SubmitOrder, signed
from tapewire.gateway.orders.intent import Intent


class Gate:
    """What admission looks at: risk's last word, and the positions that orders could reduce."""

    def __init__(self, lease_ms: int, *, reduce_only: bool) -> None:
        self.lease_ns = lease_ms * 1_000_000
        self.reduce_only = reduce_only
        self.beat: Heartbeat | None = None
        self.halted = False
        self.flattening = False

    def refusal(
        self,
        order: SubmitOrder,
        now_ns: int,
        positions: Mapping[str, Decimal],
        live: Iterable[Intent],
    ) -> str:
        """Why `order` may not go to TWS now; empty if it may."""
        if order.quantity <= 0:
            return f"quantity is {order.quantity}, must be above 0"
        if order.expires_ns < now_ns:
            return "it expired before it could be sent"
        if self.flattening:  # two doors that close one position would turn it round
            return "a flatten is under way, and it closes the positions itself"
        if reduces(order, positions, live):
            return ""
        if self.reduce_only:
            return "it would add risk, and this door takes only orders that reduce it"
        return self._risk_refusal(now_ns)

    def _risk_refusal(self, now_ns: int) -> str:
        if self.beat is None:
            return "risk was not heard yet; an order that adds risk needs its lease"
        age_ns = now_ns - self.beat.ts_ns
        if abs(age_ns) > self.lease_ns:  # ahead of now: the clock was set back since
            return (
                f"risk was last heard {age_ns // 1_000_000} ms ago, its lease is"
                f" {self.lease_ns // 1_000_000} ms"
            )
        trading = self.beat.trading
        if self.halted or trading != "ACTIVE":
            return f"trading is {trading or 'HALTED'}, and the order would add risk"
        return ""


def reduces(order: SubmitOrder, positions: Mapping[str, Decimal], live: Iterable[Intent]) -> bool:
    """Whether `order` can only bring its symbol's position nearer to zero.

    Everything live on the same side counts as filled first; the order itself is left out, so
    that the answer is the same when it is asked again.
    """
    position = positions.get(order.symbol, Decimal(0))
    change = signed(order.action, order.quantity)
    if position * change >= 0:
        return False
    ahead = sum(
        (
            i.remaining
            for i in live
            if i.order.symbol == order.symbol
            and i.order.action == order.action
            and i.order.intent_id != order.intent_id
        ),
        Decimal(0),
    )
    return ahead + order.quantity <= abs(position)
