"""The lines of the audit: what the broker received, did and sent, in JSON values.

Each is a dict with `kind` and `ts_ns`; numbers of orders and money are decimal text.
Market data is only counted, in one line per turn that sent some.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from tapewire.common.amounts import text
from tapewire.simulator.exchange.orders import Execution, Order
from tapewire.simulator.protocol.session import Session

Line = dict[str, Any]


def connection(ts_ns: int, event: str, session: Session) -> Line:
    """`event` is opened, started or closed."""
    return {
        "kind": "connection",
        "ts_ns": ts_ns,
        "event": event,
        "conn": session.conn,
        "client_id": session.client_id,
        "version": session.version,
        "reason": session.close_reason,
    }


def message(ts_ns: int, kind: str, session: Session, fields: Sequence[str]) -> Line:
    """`kind` is message_in or message_out."""
    return {
        "kind": kind,
        "ts_ns": ts_ns,
        "conn": session.conn,
        "client_id": session.client_id,
        "fields": list(fields),
    }


def market_data(ts_ns: int, sent: int, sent_total: int) -> Line:
    """How many tick messages a turn sent, and how many were sent so far."""
    return {"kind": "market_data", "ts_ns": ts_ns, "sent": sent, "sent_total": sent_total}


def order(ts_ns: int, event: str, one: Order) -> Line:
    """`event` is placed, modified, rejected, or made: placed, but not by a client."""
    return {
        "kind": "order",
        "ts_ns": ts_ns,
        "event": event,
        **_names(one),
        "symbol": one.instrument.symbol,
        "side": one.side,
        "quantity": text(one.quantity),
        "type": one.order_type,
        "limit": _price(one.limit),
        "stop": _price(one.stop),
        "tif": one.tif,
        "parent_id": one.parent_id,
        "oca_group": one.oca_group,
        "oca_type": one.oca_type,
        "legs": [[leg.instrument.symbol, leg.ratio, leg.side] for leg in one.legs],
    }


def status(ts_ns: int, one: Order) -> Line:
    """An order's current status."""
    return {
        "kind": "status",
        "ts_ns": ts_ns,
        **_names(one),
        "status": one.status,
        "filled": text(one.filled),
        "remaining": text(one.remaining),
        "average_price": text(one.average_price),
        "reason": one.reason,
    }


def execution(one: Execution) -> Line:
    """One execution, as booked; that of a whole combo moves no position, its legs' do."""
    return {
        "kind": "execution",
        "ts_ns": one.ts_ns,
        "exec_id": one.exec_id,
        **_names(one.order),
        "symbol": one.order.instrument.symbol,
        "side": one.order.side,
        "shares": text(one.shares),
        "price": text(one.price),
        "commission": text(one.commission),
        "of_combo": bool(one.order.legs),
    }


def commission(one: Execution, realised: Decimal | None) -> Line:
    """An execution's commission and its gross realised P&L."""
    return {
        "kind": "commission",
        "ts_ns": one.ts_ns,
        "exec_id": one.exec_id,
        "commission": text(one.commission),
        "realised": None if realised is None else text(realised),
    }


def fault(ts_ns: int, number: int, name: str, parameters: Line) -> Line:
    """A fault that was injected, each time that it acts."""
    return {
        "kind": "fault",
        "ts_ns": ts_ns,
        "number": number,
        "what": name,
        "parameters": parameters,
    }


def _names(one: Order) -> Line:
    return {
        "client_id": one.client_id,
        "order_id": one.order_id,
        "perm_id": one.perm_id,
        "order_ref": one.order_ref,
        "account": one.account,
    }


def _price(price: Decimal | None) -> str | None:
    return None if price is None else text(price)
