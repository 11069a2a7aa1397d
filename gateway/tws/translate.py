"""ibapi's decoder without its threads: a payload in, our own messages out."""

import logging
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from ibapi.decoder import Decoder
from ibapi.wrapper import EWrapper

from tapewire.common.accounting.exec_ids import is_correction
from tapewire.common.config.text import printable
from tapewire.common.events import TEXT_MAX, PriceStep, Side
from tapewire.common.events.accounts import CURRENCY_MAX
from tapewire.common.events.base import ACCOUNT_MAX
from tapewire.common.events.order_commands import RATIO_MAX
from tapewire.common.events.order_types import ORDER_TYPES, OrderKind
from tapewire.common.options import OPTION
from tapewire.gateway.tws import messages as tws
from tapewire.gateway.tws.account_callbacks import AccountCallbacks
from tapewire.gateway.tws.checked import amount, decimal, given, named
from tapewire.gateway.tws.contracts import BAG
from tapewire.gateway.tws.estimates import estimate
from tapewire.gateway.tws.fields import ABSENT, Size, bounded, fields_of
from tapewire.gateway.tws.query_callbacks import QueryCallbacks
from tapewire.gateway.tws.versions import (
    FRACTIONS_SINCE,
    LIBRARY_VERSION,
    RECEIVED,
    SIZED,
    changes_at,
    older,
)

UNKNOWN_KIND: Final = OrderKind("")
"""Of an order that is not ours, and of a type that we have no name for: no price of it is read."""
SIDES: Final = {"BOT": "BUY", "SLD": "SELL"}
ACTIONS: Final[Mapping[str, Side]] = {
    "BUY": "BUY",
    "SELL": "SELL",
    "SSHORT": "SELL",
    "SLONG": "SELL",
}
MIN_SHARES: Final = 1e-15  # of anything that can be traded
ERROR_CODE_MAX: Final = 2**31 - 1
HALVES: Final = re.compile(rb"\\(?:u|U0000)[dD][89a-fA-F][0-9a-fA-F]{2}")
"""Escapes of half a character. ibapi takes each for a character, and no event can hold one."""

logging.getLogger("ibapi").setLevel(logging.ERROR)  # it logs several lines per message


def _prices(order: Any, kind: OrderKind) -> dict[str, Decimal]:
    """The prices that TWS reports of an order, under our names.

    Of a price that the order may do without, 0 stands for none, as ibapi reads an empty field. A
    trailing order that was given a percentage has the distance that it comes to in the other field.
    """
    prices = {name: amount(getattr(order, field)) for name, field in kind.fields.items()}
    if kind.trails:
        prices.pop("stop", None)  # where it has moved to by now
    must = kind.required - {"limit_offset"}
    found = {n: p for n, p in prices.items() if p is not None and (p or n in must)}
    if "trail_percent" in found:
        found.pop("trail", None)
    return found


def _side(what: str, action: str) -> Side:
    """Whether an order buys or sells; one that does neither is refused."""
    if action not in ACTIONS:
        raise ValueError(f"{what} is to {action!r:.20}; expected one of {', '.join(ACTIONS)}")
    return ACTIONS[action]


def _legs(contract: Any) -> tuple[tws.Leg, ...]:
    """The legs of a combo; one of a ratio that no journal could keep is refused."""
    legs = contract.comboLegs or ()
    for leg in legs:
        if not 1 <= leg.ratio <= RATIO_MAX:
            raise ValueError(f"a leg has ratio {leg.ratio}; it must be from 1 to {RATIO_MAX}")
    return tuple(tws.Leg(leg.conId, leg.ratio, _side("a leg", leg.action)) for leg in legs)


def _option(contract: Any) -> tuple[str, Decimal | None, str]:
    """Expiry, strike and right of an option. Of others the contract's month or last day is in the
    same field, and a strike of 0."""
    if contract.secType != OPTION:
        return "", None, ""
    right = str(contract.right)[:1]  # TWS writes C or P; others have written CALL
    expiry = str(contract.lastTradeDateOrContractMonth)[:8]
    return expiry, decimal(contract.strike), right if right in ("C", "P") else ""


class Translator(QueryCallbacks, AccountCallbacks, EWrapper):  # type: ignore[misc]  # ibapi has no types
    """Receives ibapi's callbacks and keeps what the gateway needs of them."""

    def __init__(self, server_version: int) -> None:
        super().__init__()
        self._decoder = Decoder(self, min(server_version, LIBRARY_VERSION))
        self._changes = changes_at(RECEIVED, server_version)
        self._sized = SIZED if server_version >= FRACTIONS_SINCE else frozenset()
        self._messages: list[tws.TwsMessage] = []

    def read(self, payload: bytes) -> list[tws.TwsMessage]:
        """The messages in one payload. Whatever ibapi raises costs this payload alone.

        ibapi drops a message with a field too many, or takes it and leaves the field over, without
        a word. Neither is the message that it knows, so neither is read.
        """
        self._messages = []
        try:
            self._interpret(payload)
        except Exception as error:  # noqa: BLE001 - ibapi raises anything on a shape it does not know
            self.forget_bars()
            self.forget_ranked()
            return [tws.Undecodable(repr(error), payload)]
        return self._messages

    def _interpret(self, payload: bytes) -> None:
        if not payload.endswith(b"\0"):
            raise ValueError("its last field has no end")
        if b"\\" in payload:
            payload = HALVES.sub(b"?", payload)
        kind = int(payload.partition(b"\0")[0])
        handle = self._decoder.msgId2handleInfo.get(kind)
        if handle is None:
            return
        changes, over = self._changes.get(kind, ()), 0
        if handle.wrapperMeth is not None:
            fields = older(payload.split(b"\0")[:-1], changes)
            expected = len(handle.wrapperParams) + 1  # its kind and version, and not `self`
            over = len(fields) - expected
            if not over:
                self._decoder.interpretWithSignature(fields, handle)
        else:
            fields = older(fields_of(payload), changes)
            rest = map(Size, fields) if kind in self._sized and payload.isascii() else iter(fields)
            handle.processMeth(self._decoder, rest)
            over = len(list(rest))
        if over:
            count = payload.count(b"\0")
            raise ValueError(f"it has {count} fields, expected {count - over}")

    # ---- callbacks, named by ibapi ------------------------------------------------------------

    def nextValidId(self, orderId: int) -> None:  # noqa: N802, N803
        """9, after `startApi`. It may be one that no order at TWS can have."""
        self._messages.append(tws.NextValidId(bounded(orderId)))

    def currentTime(self, time: int) -> None:  # noqa: N802
        """49, once per question."""
        self._messages.append(tws.CurrentTime(int(time)))

    def managedAccounts(self, accountsList: str) -> None:  # noqa: N802, N803
        """15, after `startApi`; the accounts stand with commas between; there is one at least."""
        listed = dict.fromkeys(filter(None, accountsList.split(",")))
        if not listed:
            raise ValueError("it names no account")
        accounts = tuple(named("an account", one, ACCOUNT_MAX) for one in listed)
        self._messages.append(tws.ManagedAccounts(accounts))

    def error(self, reqId: int, errorCode: int, errorString: str) -> None:  # noqa: N803
        """4: errors, warnings and notices alike. Their text is shown on terminals."""
        if not 0 <= int(errorCode) <= ERROR_CODE_MAX:
            raise ValueError(f"error code {errorCode}, expected 0 to {ERROR_CODE_MAX}")
        self._messages.append(tws.TwsError(bounded(reqId), int(errorCode), printable(errorString)))

    def openOrder(self, orderId: int, contract: Any, order: Any, state: Any) -> None:  # noqa: N802, N803
        """5, at each change of an order and for each that is open. A tag longer than any of ours is
        cut: it is journaled, and may be as long as a message."""
        if order.totalQuantity < 0:
            raise ValueError(f"order {orderId} has quantity {order.totalQuantity}")
        if order.whatIf:
            self._messages.append(estimate(orderId, order.clientId, state))
            return
        kind = ORDER_TYPES.get(order.orderType, UNKNOWN_KIND)
        self._messages.append(
            tws.OpenOrder(
                orderId,
                order.clientId,
                order.permId,
                order.orderRef[:TEXT_MAX],
                state.status,
                amount(order.totalQuantity) or None,
                _prices(order, kind),
                named("an order's account", order.account, ACCOUNT_MAX, 0),
                _side("an order", order.action),
                contract.conId,
                named("an order's symbol", contract.symbol, least=0),
                named("a local symbol", contract.localSymbol, least=0),
                (amount(order.trailStopPrice) or None) if kind.trails else None,
                _legs(contract),
                kind.name,
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

    def execDetails(self, reqId: int, contract: Any, execution: Any) -> None:  # noqa: N802, N803
        """11; raises where no journal could keep it, or no account could be right with it. A
        correction to no shares takes an execution back: it was busted.

        That of a combo is left out. TWS reports one for the whole and one for each leg, and no
        position is of the whole: the legs' executions say all that has happened, and counted
        beside them it would be a trade of something that nobody holds."""
        if contract.secType == BAG:
            return
        least = 0 if is_correction(execution.execId) else MIN_SHARES
        if execution.side not in SIDES or not execution.shares >= least:
            raise ValueError(f"an execution of side {execution.side!r}, {execution.shares} shares")
        self._messages.append(
            tws.Execution(
                account=named("an execution's account", execution.acctNumber, ACCOUNT_MAX, 0),
                exec_id=named("an execution's id", execution.execId),
                order_id=execution.orderId,
                client_id=execution.clientId,
                perm_id=execution.permId,
                order_ref=execution.orderRef,
                con_id=contract.conId,
                symbol=named("an execution's symbol", contract.symbol),
                local_symbol=named("a local symbol", contract.localSymbol, least=0),
                side=SIDES[execution.side],
                quantity=decimal(execution.shares),
                price=given("an execution's price", execution.price),
                listed=reqId >= 0,
            )
        )

    def commissionReport(self, report: Any) -> None:  # noqa: N802
        """59, after its execution."""
        execution = named("a commission's execution", report.execId)
        currency = named("a commission's currency", report.currency, CURRENCY_MAX, 0)
        self._messages.append(
            tws.CommissionReported(execution, given("a commission", report.commission), currency)
        )

    def completedOrder(self, _contract: Any, order: Any, state: Any) -> None:  # noqa: N802
        """101: today's orders that are over."""
        self._messages.append(
            tws.CompletedOrder(
                order.permId,
                order.orderRef,
                state.status,
                state.completedStatus,
                None if order.filledQuantity is ABSENT else amount(order.filledQuantity),
            )
        )

    def position(self, account: str, contract: Any, position: float, avgCost: float) -> None:  # noqa: N803
        """61, when asked for and at each change."""
        self._messages.append(
            tws.PositionReported(
                named("a position's account", account, ACCOUNT_MAX, 0),
                contract.conId,
                named("a position's symbol", contract.symbol),
                named("a local symbol", contract.localSymbol, least=0),
                given("a position's quantity", position),
                given("a position's average cost", avgCost),
            )
        )

    def accountSummary(self, reqId: int, account: str, tag: str, value: str, currency: str) -> None:  # noqa: N802, N803
        """63; a value that TWS does not have is left out. All that is asked for are amounts."""
        found = amount(float(value)) if value else None
        if found is not None:
            self._messages.append(
                tws.AccountValue(
                    reqId,
                    named("an account", account, ACCOUNT_MAX),
                    tag,
                    found,
                    named("an account's currency", currency, CURRENCY_MAX, 0),
                )
            )

    def accountSummaryEnd(self, reqId: int) -> None:  # noqa: N802, N803
        """64."""
        self._messages.append(tws.AccountSummaryEnd(reqId))

    def positionEnd(self) -> None:  # noqa: N802
        """62."""
        self._messages.append(tws.PositionsEnd())

    def contractDetails(self, reqId: int, details: Any) -> None:  # noqa: N802, N803
        """10, one a contract that fits."""
        contract = details.contract
        valid = str(details.validExchanges).split(",")
        rules = [one for one in str(details.marketRuleIds).split(",") if one]
        self._messages.append(
            tws.ContractFound(
                reqId,
                contract.conId,
                contract.localSymbol,
                decimal(details.minTick),
                contract.symbol,
                contract.secType,
                contract.currency,
                tuple(dict.fromkeys(name for name in (contract.exchange, *valid) if name)),
                Decimal(contract.multiplier or 1),
                str(details.longName),
                dict(zip(valid, map(int, rules), strict=False)),
                details.tradingHours,
                details.liquidHours,
                details.timeZoneId,
                *_option(contract),
            )
        )

    def marketRule(self, marketRuleId: int, priceIncrements: Any) -> None:  # noqa: N802, N803
        """93, once per question."""
        steps = (PriceStep(decimal(one.lowEdge), decimal(one.increment)) for one in priceIncrements)
        self._messages.append(tws.MarketRule(int(marketRuleId), tuple(steps)))

    def openOrderEnd(self) -> None:  # noqa: N802
        """53."""
        self._messages.append(tws.OpenOrdersEnd())

    def execDetailsEnd(self, _reqId: int) -> None:  # noqa: N802, N803
        """55; may never come."""
        self._messages.append(tws.ExecutionsEnd())

    def completedOrdersEnd(self) -> None:  # noqa: N802
        """102."""
        self._messages.append(tws.CompletedOrdersEnd())
