"""What risk knows at a moment, as its status, the console and a look at the past show it."""

from typing import Any

from tapewire.common.accounting.book import Position
from tapewire.common.amounts import text, text_or_none
from tapewire.common.events import TradingState
from tapewire.risk.monitor import RiskMonitor
from tapewire.risk.rules import Reading
from tapewire.risk.rules.in_force import shown


def state_of(monitor: RiskMonitor, trading: TradingState) -> dict[str, Any]:
    """Halts, limits, positions and P&L, JSON-able; `trading` is the state that risk announces."""
    book = monitor.accounts.book
    return {
        "trading": trading,
        "halted_ns": monitor.halted_ns,
        "halts": [
            {
                "scope": str(halt.scope),
                "parts": halt.scope.parts,
                "reason": halt.reason,
                "ts_ns": halt.ts_ns,
                "until_ns": halt.until_ns,
                "by": halt.by,
            }
            for halt in monitor.halts.values()
        ],
        "ends_ns": monitor.ends_ns,
        **shown(monitor.rules),
        "headroom": [_headroom(one) for one in monitor.readings],
        "patterns": monitor.rules.counts(),
        "flatten": str(monitor.flattens),
        "held": [
            {"account": account, "symbol": symbol, "quantity": text(quantity)}
            for (account, symbol), quantity in sorted(monitor.accounts.held().items())
        ],
        "foreign_orders": len(monitor.accounts.orders.foreign),
        "positions": [_row(position) for _, position in sorted(book.positions.items())],
        "earned": {currency: one.as_text() for currency, one in monitor.accounts.earned().items()},
    }


def _headroom(one: Reading) -> dict[str, str | None]:
    return {
        "rule": one.rule,
        "account": one.account,
        "symbol": one.symbol,
        "used": text_or_none(one.used),
        "limit": text(one.limit),
        "unit": one.unit,
    }


def _row(position: Position) -> dict[str, str | None]:
    return {
        "account": position.account,
        "symbol": position.symbol,
        "quantity": text(position.quantity),
        "average_cost": text(position.average_cost),
        "mark": text_or_none(position.mark),
        "realised": text(position.realised),
        "unrealised": text_or_none(position.unrealised),
        "fees": text(position.fees),
    }
