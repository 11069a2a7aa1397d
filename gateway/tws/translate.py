"""ibapi's decoder without its threads: a payload in, our own messages out."""

import logging
import math
from decimal import Decimal
from typing import Any, Final

from ibapi.common import UNSET_DOUBLE
from ibapi.decoder import Decoder
from ibapi.wrapper import EWrapper

from tapewire.common.events.terms import REQUIRED_PRICES
from tapewire.gateway.tws import messages as tws

LIMITED: Final = frozenset(kind for kind, of in REQUIRED_PRICES.items() if "limit" in of)
"""TWS's order types that have a limit price; in `lmtPrice`."""
STOPPED: Final = frozenset(kind for kind, of in REQUIRED_PRICES.items() if "stop" in of)
"""TWS's order types that have a stop price; in `auxPrice`."""

logging.getLogger("ibapi").setLevel(logging.ERROR)  # it logs several lines a field


def decimal(value: float) -> Decimal:
    """The decimal that TWS wrote: a float's shortest text is the text it was read from.

    Exact up to 15 significant digits; TWS's "unset" and infinities are refused.
    """
    if value == UNSET_DOUBLE or not math.isfinite(value):
        raise ValueError(f"{value} was found where an amount was expected")
    number = Decimal(repr(value))
    return number.to_integral_value() if number == number.to_integral_value() else number


def _amount(value: float) -> Decimal | None:
    """The decimal that TWS wrote, None where it wrote none: an order may do without."""
    return None if value == UNSET_DOUBLE or not math.isfinite(value) else decimal(value)


class Translator(EWrapper):  # type: ignore[misc]  # ibapi has no types
    """Receives ibapi's callbacks and keeps what the gateway needs of them."""

    def __init__(self, server_version: int) -> None:
        super().__init__()
        self._decoder = Decoder(self, server_version)
        self._messages: list[tws.TwsMessage] = []

    def read(self, payload: bytes) -> list[tws.TwsMessage]:
        """The messages in one payload. Whatever ibapi raises costs this payload alone."""
        self._messages = []
        try:
            self._decoder.interpret(payload.split(b"\0")[:-1])
        except Exception as error:  # noqa: BLE001 - ibapi raises anything on a shape it does not know
            return [tws.Undecodable(repr(error), payload)]
        return self._messages

    # ---- callbacks, named by ibapi ------------------------------------------------------------

    def nextValidId(self, orderId: int) -> None:  # noqa: N802, N803
        """9, after `startApi`."""
        self._messages.append(tws.NextValidId(int(orderId)))

    def managedAccounts(self, accountsList: str) -> None:  # noqa: N802, N803
        """15, after `startApi`; the accounts stand with commas between."""
        accounts = tuple(a for a in accountsList.split(",") if a)
        self._messages.append(tws.ManagedAccounts(accounts))

    def error(self, reqId: int, errorCode: int, errorString: str) -> None:  # noqa: N803
        """4: errors, warnings and notices alike."""
        self._messages.append(tws.TwsError(int(reqId), int(errorCode), errorString))

    def openOrder(self, orderId: int, _contract: Any, order: Any, state: Any) -> None:  # noqa: N802, N803
        """5, at each change of an order and for each that is open."""
        self._messages.append(
            tws.OpenOrder(
                orderId,
                order.clientId,
                order.permId,
                order.orderRef,
                state.status,
                _amount(order.totalQuantity) or None,
                _amount(order.lmtPrice) if order.orderType in LIMITED else None,
                _amount(order.auxPrice) if order.orderType in STOPPED else None,
            )
        )

    def orderStatus(  # noqa: N802
        self,
        orderId: int,  # noqa: N803
        status: str,
        filled: float,
        _remaining: float,
        _average: float,
        permId: int,  # noqa: N803
        _parent: int,
        _last: float,
        clientId: int,  # noqa: N803
        whyHeld: str,  # noqa: N803
        _cap: float,
    ) -> None:
        """3; comes in duplicates, or not at all."""
        self._messages.append(
            tws.OrderStatus(orderId, clientId, permId, status, decimal(filled), whyHeld)
        )

    def execDetails(self, _reqId: int, contract: Any, execution: Any) -> None:  # noqa: N802, N803
        """11; raises where what names the execution is missing, for no journal could keep it."""
        if not (execution.execId and contract.symbol):
            raise ValueError(f"an execution {execution.execId!r} of symbol {contract.symbol!r}")
        self._messages.append(
            tws.Execution(
                account=execution.acctNumber,
                exec_id=execution.execId,
                order_id=execution.orderId,
                client_id=execution.clientId,
                perm_id=execution.permId,
                order_ref=execution.orderRef,
                con_id=contract.conId,
                symbol=contract.symbol,
                local_symbol=contract.localSymbol,
                side="BUY" if execution.side == "BOT" else "SELL",
                quantity=decimal(execution.shares),
                price=decimal(execution.price),
            )
        )

    def commissionReport(self, report: Any) -> None:  # noqa: N802
        """59, after its execution."""
        if not report.execId:
            raise ValueError("a commission of no execution")
        self._messages.append(
            tws.CommissionReported(report.execId, decimal(report.commission), report.currency)
        )

    def completedOrder(self, _contract: Any, order: Any, state: Any) -> None:  # noqa: N802
        """101: today's orders that are over."""
        self._messages.append(
            tws.CompletedOrder(order.permId, order.orderRef, state.status, state.completedStatus)
        )

    def position(self, account: str, contract: Any, position: float, avgCost: float) -> None:  # noqa: N803
        """61, when asked for and at each change."""
        if not contract.symbol:
            raise ValueError("a position of no symbol")
        self._messages.append(
            tws.PositionReported(
                account,
                contract.conId,
                contract.symbol,
                contract.localSymbol,
                decimal(position),
                decimal(avgCost),
            )
        )

    def positionEnd(self) -> None:  # noqa: N802
        """62."""
        self._messages.append(tws.PositionsEnd())

    def contractDetails(self, reqId: int, details: Any) -> None:  # noqa: N802, N803
        """10, one a contract that fits."""
        contract = details.contract
        self._messages.append(
            tws.ContractFound(reqId, contract.conId, contract.localSymbol, decimal(details.minTick))
        )

    def openOrderEnd(self) -> None:  # noqa: N802
        """53."""
        self._messages.append(tws.OpenOrdersEnd())

    def execDetailsEnd(self, _reqId: int) -> None:  # noqa: N802, N803
        """55; may never come."""
        self._messages.append(tws.ExecutionsEnd())

    def completedOrdersEnd(self) -> None:  # noqa: N802
        """102."""
        self._messages.append(tws.CompletedOrdersEnd())
