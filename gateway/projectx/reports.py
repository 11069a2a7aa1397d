"""What the Gateway says of orders, trades, positions and accounts, as the broker port's reports."""

from collections.abc import Callable, Iterator
from decimal import Decimal

from tapewire.common.events import TermChanges
from tapewire.gateway import broker
from tapewire.gateway.projectx.words import (
    ENDED,
    KINDS,
    LONG,
    OF_KIND,
    PRICES,
    SHORT,
    SIDES,
    STATUSES,
    Json,
    amount,
    decimal,
    flag,
    identifier,
    size,
    tag_of,
)

ZERO = Decimal(0)
SymbolOf = Callable[[str], str]
"""Our symbol of a contract; of one that is not configured, its id. Raises for what is neither."""
SIGNS = {LONG: 1, SHORT: -1}


def order_report(found: Json, symbol_of: SymbolOf, *, listed: bool) -> broker.OrderReport:
    """An order, listed or as it changes. Raises KeyError or ValueError for what is not an order."""
    number, order_id = found["status"], identifier(found["id"])
    kind = KINDS.get(found["type"], "")
    return broker.OrderReport(
        reference=tag_of(found.get("customTag")),
        order_id=order_id,
        permanent_id=order_id,
        status=STATUSES.get(number),
        terms=_terms(found, kind),
        filled=size(found.get("fillVolume") or 0),
        listed=listed,
        is_open=number not in ENDED,
        account=identifier(found["accountId"]),
        symbol=symbol_of(found["contractId"]),
        side=SIDES[found["side"]],
        kind=kind,
    )


def _terms(found: Json, kind: str) -> TermChanges | None:
    """The terms that its type has; where a trailing stop is now is none of them."""
    if found["size"] is None:
        return None
    given = {name: found.get(PRICES[name]) for name in OF_KIND.get(kind, ())}
    prices = {name: amount(price) for name, price in given.items() if price is not None}
    return TermChanges(size(found["size"]), **prices)


def trade_reports(
    found: Json, reference: str, symbol_of: SymbolOf, *, listed: bool
) -> Iterator[broker.BrokerEvent]:
    """A trade and what it cost. One that was voided is its own correction, to nothing."""
    is_voided = flag(found.get("voided") or False)
    exec_id = f"{identifier(found['id'])}.{2 if is_voided else 1:02d}"
    order_id = identifier(found["orderId"])
    quantity = ZERO if is_voided else size(found["size"])
    if not is_voided and not quantity:
        raise ValueError(f"trade {exec_id} is of no size")
    fees = None if is_voided or found.get("fees") is None else amount(found["fees"])
    yield broker.ExecutionReport(
        account=identifier(found["accountId"]),
        exec_id=exec_id,
        reference=reference,
        permanent_id=order_id,
        symbol=symbol_of(found["contractId"]),
        side=SIDES[found["side"]],
        quantity=quantity,
        price=amount(found["price"]),
        order_id=order_id,
        listed=listed,
    )
    if fees is not None:
        yield broker.CommissionReport(exec_id, fees, "USD")


def position_report(
    found: Json, symbol_of: SymbolOf, multiplier_of: Callable[[str], Decimal]
) -> broker.PositionReport:
    """A position; its cost is that of one contract, as everywhere."""
    account, symbol = identifier(found["accountId"]), symbol_of(found["contractId"])
    held = size(found["size"])
    if not held:  # of what is flat neither side nor cost matters
        return broker.PositionReport(account, symbol, ZERO, ZERO)
    cost = amount(found["averagePrice"]) * multiplier_of(symbol)
    return broker.PositionReport(
        account, symbol, held * SIGNS[found["type"]], decimal(cost) or ZERO
    )


def account_report(found: Json) -> broker.AccountReport:
    """An account's balance, which is its cash: what it holds is not in it."""
    return broker.AccountReport(identifier(found["id"]), "cash", amount(found["balance"]), "USD")
