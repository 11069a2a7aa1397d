"""What TWS says of orders and trades, as the broker port's reports."""

from typing import Final

from tapewire.common.events import TermChanges, combo_name
from tapewire.gateway import broker
from tapewire.gateway.broker import Status
from tapewire.gateway.tws import messages as tws
from tapewire.gateway.tws.contracts import Contracts

STATUSES: Final[dict[str, Status]] = {
    "PreSubmitted": "working",
    "Submitted": "working",
    "Cancelled": "cancelled",
    "ApiCancelled": "cancelled",
    "Inactive": "rejected",
    "Filled": "filled",
}
"""TWS's words for an order's status; it has the order under any other word too."""

ENDED: Final = frozenset({"Filled", "Cancelled", "ApiCancelled", "Inactive"})


def open_order_report(message: tws.OpenOrder, contracts: Contracts) -> broker.OrderReport:
    """What an open order says of one order. It does not tell whether it is only held; its
    orderStatus follows and does."""
    found = STATUSES.get(message.status, "accepted")
    terms = TermChanges(message.quantity, **message.prices)
    legs = contracts.legs_of(message) if message.legs else ()
    return broker.OrderReport(
        message.order_ref, _text(message.order_id), _text(message.perm_id),
        None if found == "rejected" else found,
        terms if message.quantity is not None else None, listed=True,
        is_open=message.status not in ENDED, client_id=str(message.client_id),
        account=message.account,
        symbol=combo_name(legs) if legs else contracts.symbol_of(message),
        side=message.side, legs=legs, kind=message.kind,
    )  # fmt: skip


def status_report(message: tws.OrderStatus) -> broker.OrderReport:
    """What an order's status says."""
    found = STATUSES.get(message.status, "accepted")
    if found == "rejected" and message.why_held:  # held for a locate: it still lives
        found = "working"
    return broker.OrderReport(
        order_id=_text(message.order_id), permanent_id=_text(message.perm_id), status=found,
        filled=message.filled, client_id=str(message.client_id),
    )  # fmt: skip


def completed_report(message: tws.CompletedOrder) -> broker.OrderReport:
    """The report of a completed order."""
    status = message.status or message.completed_status.partition(" ")[0]
    return broker.OrderReport(
        reference=message.order_ref, permanent_id=_text(message.perm_id),
        status=STATUSES.get(status, "accepted"), filled=message.filled, listed=True,
    )  # fmt: skip


def execution_report(
    message: tws.Execution, contracts: Contracts, account: str
) -> broker.ExecutionReport:
    """A trade of an account."""
    return broker.ExecutionReport(
        account=account,
        exec_id=message.exec_id,
        reference=message.order_ref,
        permanent_id=_text(message.perm_id),
        symbol=contracts.symbol_of(message),
        side="BUY" if message.side == "BUY" else "SELL",
        quantity=message.quantity,
        price=message.price,
        client_id=str(message.client_id),
        order_id=_text(message.order_id),
        listed=message.listed,
    )


def _text(number: int) -> str:
    """A broker's number as opaque text; TWS's 0 stands for none."""
    return str(number) if number else ""
