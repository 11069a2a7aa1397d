"""What the Gateway says of orders, trades, positions and accounts, as the broker port's reports."""

from collections.abc import Callable, Iterator
from decimal import Decimal

from tapewire.common.events import TermChanges
from tapewire.gateway import broker
from tapewire.gateway.projectx.words import (
    ENDED,
    KINDS,
    OF_KIND,
    PRICES,
    SHORT,
    SIDES,
    STATUSES,
    Json,
    decimal,
)

ZERO = Decimal(0)
SymbolOf = Callable[[str], str]
"""Our symbol of a contract; of one that is not configured, its id."""


def order_report(found: Json, symbol_of: SymbolOf, *, listed: bool) -> broker.OrderReport:
    """An order, listed or as it changes. Raises KeyError for what is not an order."""
    number, order_id = found["status"], str(found["id"])
    kind = KINDS.get(found["type"], "")
    return broker.OrderReport(
        reference=found.get("customTag") or "",
        order_id=order_id,
        permanent_id=order_id,
        status=STATUSES.get(number),
        terms=_terms(found, kind),
        filled=decimal(found.get("fillVolume") or 0),
        listed=listed,
        is_open=number not in ENDED,
        account=str(found["accountId"]),
        symbol=symbol_of(found["contractId"]),
        side=SIDES[found["side"]],
        kind=kind,
    )


def _terms(found: Json, kind: str) -> TermChanges | None:
    """The terms that its type has; where a trailing stop is now is none of them."""
    size = decimal(found["size"])
    if size is None:
        return None
    prices = {name: decimal(found.get(PRICES[name])) for name in OF_KIND.get(kind, ())}
    return TermChanges(size, **{name: price for name, price in prices.items() if price is not None})


def trade_reports(
    found: Json, reference: str, symbol_of: SymbolOf, *, listed: bool
) -> Iterator[broker.BrokerEvent]:
    """A trade and what it cost. One that was voided is its own correction, to nothing."""
    is_voided = bool(found.get("voided"))
    exec_id = f"{found['id']}.{2 if is_voided else 1:02d}"
    order_id = str(found["orderId"])
    yield broker.ExecutionReport(
        account=str(found["accountId"]),
        exec_id=exec_id,
        reference=reference,
        permanent_id=order_id,
        symbol=symbol_of(found["contractId"]),
        side=SIDES[found["side"]],
        quantity=ZERO if is_voided else decimal(found["size"]) or ZERO,
        price=decimal(found["price"]) or ZERO,
        order_id=order_id,
        listed=listed,
    )
    fees = decimal(found.get("fees"))
    if fees is not None and not is_voided:
        yield broker.CommissionReport(exec_id, fees, "USD")


def position_report(
    found: Json, symbol_of: SymbolOf, multiplier_of: Callable[[str], Decimal]
) -> broker.PositionReport:
    """A position; its cost is that of one contract, as everywhere."""
    size = decimal(found["size"]) or ZERO
    symbol = symbol_of(found["contractId"])
    price = decimal(found.get("averagePrice")) or ZERO
    return broker.PositionReport(
        str(found["accountId"]),
        symbol,
        -size if found["type"] == SHORT else size,
        decimal(price * multiplier_of(symbol)) or ZERO,
    )


def account_report(found: Json) -> broker.AccountReport:
    """An account's balance, which is its cash: what it holds is not in it."""
    return broker.AccountReport(str(found["id"]), "cash", decimal(found["balance"]) or ZERO, "USD")
