"""A group of orders as its strategy sees it."""

from decimal import Decimal

import msgspec

from tapewire.common.accounting.groups import OrderGroup
from tapewire.common.accounting.orders import Order
from tapewire.common.events import ComboLeg, GroupKind, GroupState


class LiveGroup(msgspec.Struct, frozen=True):
    """A group of this strategy that is not DONE. `id` is what `buy` or `bracket` returned.

    `entered` is what its entry has filled, `open` what of it no exit has filled. `stop_loss` and
    `take_profit` are the prices of its first stop and target that work; None where there is none.
    """

    id: str
    kind: GroupKind
    symbol: str
    account: str
    state: GroupState
    reason: str
    entered: Decimal
    open: Decimal
    stop_loss: Decimal | None
    take_profit: Decimal | None
    orders: tuple[str, ...]
    legs: tuple[ComboLeg, ...] = ()
    """What its first order trades, if that is a combo; `symbol` is then a name for the whole."""

    def trades(self, symbol: str) -> bool:
        """Whether its first order trades a symbol."""
        return (
            any(leg.symbol == symbol for leg in self.legs) if self.legs else self.symbol == symbol
        )


def shown(group: OrderGroup[Order]) -> LiveGroup:
    """A group as the strategy sees it."""
    first = group.plan.orders[0]
    return LiveGroup(
        id=group.id,
        kind=group.plan.kind,
        symbol=first.symbol,
        account=first.account,
        state=group.state,
        reason=group.reason,
        entered=group.entered,
        open=group.open,
        stop_loss=group.price_of("stop"),
        take_profit=group.price_of("target"),
        orders=tuple(one.intent_id for one in group.live),
        legs=first.legs,
    )
