"""Conflicts: reports of an order or an execution that bears the tag of ours and is not ours.

A conflict names where nothing may add risk until a person has looked: the account and the symbol
that the stranger trades. If it or our order is a combo, no single symbol says that, and the next
report of the same stranger may be of another leg. So all of the account is meant then.
"""

from tapewire.common.accounting.identity import Names
from tapewire.common.events import TEXT_MAX, OrderConflict, SubmitOrder
from tapewire.gateway import broker
from tapewire.gateway.orders.intent import Intent


def of_order(intent: Intent, report: broker.OrderReport, why: str, now_ns: int) -> OrderConflict:
    """An order bears the tag of `intent`."""
    symbol = report.symbol or intent.order.symbol
    if report.legs or (intent.order.legs and not report.symbol):
        symbol = ""
    return _conflict(intent, report.names, report.account, symbol, why, now_ns)


def parts_text(order: SubmitOrder) -> str:
    """What an order trades, for a sentence."""
    return " and ".join(f"{side} {symbol}" for symbol, side, _ in order.parts)


def of_execution(intent: Intent, report: broker.ExecutionReport, now_ns: int) -> OrderConflict:
    """An execution does, and cannot be one of its order."""
    why = (
        f"execution {report.exec_id}, {report.side} {report.quantity:f} {report.symbol}, has"
        f" its tag under {report.names}; ours is {parts_text(intent.order)} under {intent.names}"
    )
    symbol = "" if intent.order.legs else report.symbol
    return _conflict(intent, report.names, report.account, symbol, why, now_ns)


def _conflict(
    intent: Intent, names: Names, account: str, symbol: str, why: str, now_ns: int
) -> OrderConflict:
    return OrderConflict(
        now_ns, account or intent.order.account, symbol, intent.intent_id, names.permanent_id,
        why[:TEXT_MAX],
    )  # fmt: skip
