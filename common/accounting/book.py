"""Positions and P&L from fills: one core, used by the gateway, the executor's ledger and risk.

Average-cost method. Adding to a position moves its average cost; reducing it realises
(price - average cost) x quantity x multiplier; going through zero does both, one after the other.
Commissions are kept beside the realised P&L, not inside it.
"""

from collections.abc import Mapping
from decimal import Decimal

from tapewire.common.events import Commission, Fill, signed

ZERO = Decimal(0)


class Position:
    """What is held of one symbol. `quantity` is signed; money is in the instrument's currency."""

    def __init__(self, symbol: str, multiplier: Decimal = Decimal(1)) -> None:
        self.symbol = symbol
        self.multiplier = multiplier
        self.quantity = ZERO
        self.average_cost = ZERO
        self.realised = ZERO
        self.commission = ZERO
        self.mark: Decimal | None = None

    def __repr__(self) -> str:
        return f"<Position {self.symbol} {self.quantity} @ {self.average_cost:.4f}>"

    @property
    def unrealised(self) -> Decimal | None:
        """P&L of the open part at the mark; None while there is no mark."""
        if self.mark is None:
            return None
        return (self.mark - self.average_cost) * self.quantity * self.multiplier

    def trade(self, change: Decimal, price: Decimal) -> None:
        """Apply an execution of `change` (signed) at `price`."""
        closing = ZERO
        if self.quantity * change < 0:
            closing = max(-abs(self.quantity), min(abs(self.quantity), change))
            self.realised -= closing * (price - self.average_cost) * self.multiplier
        opening = change - closing
        held = self.quantity + closing
        self.quantity = held + opening
        if opening:
            self.average_cost = (held * self.average_cost + opening * price) / self.quantity
        elif not held:
            self.average_cost = ZERO


class Book:
    """All positions, from each execution once.

    A corrected execution (same id but for the part after the last full stop) takes the place of
    the one it corrects: the symbol's history is applied anew.
    """

    def __init__(self, multipliers: Mapping[str, Decimal] | None = None) -> None:
        self._multipliers = dict(multipliers or {})
        self.positions: dict[str, Position] = {}
        self._fills: dict[str, Fill] = {}
        self._commissions: dict[str, Commission] = {}

    def apply_fill(self, fill: Fill) -> bool:
        """Count a fill; False if this very execution was counted before, or a later correction."""
        key = execution_key(fill.exec_id)
        known = self._fills.get(key)
        if known is not None and fill.exec_id <= known.exec_id:
            return False
        self._fills[key] = fill
        position = self.position(fill.symbol)
        if known is not None:
            self._replay(fill.symbol)
            return True
        position.trade(signed(fill.side, fill.quantity), fill.price)
        if key in self._commissions:
            position.commission += self._commissions[key].amount
        return True

    def apply_commission(self, commission: Commission) -> bool:
        """Count a commission; False if it was counted before. A correction's takes its place."""
        key = execution_key(commission.exec_id)
        known = self._commissions.get(key)
        if known is not None and commission.exec_id <= known.exec_id:
            return False
        self._commissions[key] = commission
        if key in self._fills:
            change = commission.amount - (known.amount if known else ZERO)
            self.position(self._fills[key].symbol).commission += change
        return True

    def position(self, symbol: str) -> Position:
        """The position of `symbol`, an empty one if it was never traded."""
        if symbol not in self.positions:
            multiplier = self._multipliers.get(symbol, Decimal(1))
            self.positions[symbol] = Position(symbol, multiplier)
        return self.positions[symbol]

    @property
    def realised(self) -> Decimal:
        """Realised P&L of all symbols, before commissions."""
        return sum((p.realised for p in self.positions.values()), ZERO)

    @property
    def unrealised(self) -> Decimal:
        """Unrealised P&L of the positions that have a mark."""
        return sum((p.unrealised or ZERO for p in self.positions.values()), ZERO)

    @property
    def commission(self) -> Decimal:
        """Commissions of all symbols."""
        return sum((p.commission for p in self.positions.values()), ZERO)

    def _replay(self, symbol: str) -> None:
        old = self.positions[symbol]
        fresh = Position(symbol, old.multiplier)
        fresh.mark, fresh.commission = old.mark, old.commission
        for fill in self._fills.values():
            if fill.symbol == symbol:
                fresh.trade(signed(fill.side, fill.quantity), fill.price)
        self.positions[symbol] = fresh


def execution_key(exec_id: str) -> str:
    """What an execution and its corrections share: the id but for the part after the last stop."""
    return exec_id.rpartition(".")[0] or exec_id
