"""Which attributes of an order are honoured: all others must be left at what means "not asked".

An attribute that is accepted and ignored would let a client believe in a protection that it does
not have. So whatever an order asks for beyond what is simulated rejects it, by the attribute's
name.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

HONOURED: Final = frozenset({
    "orderId", "contract", "action", "totalQuantity", "orderType", "lmtPrice", "auxPrice", "tif",
    "account", "orderRef", "transmit", "triggerMethod", "outsideRth", "goodAfterTime",
    "goodTillDate", "trailStopPrice", "trailingPercent", "whatIf", "lmtPriceOffset", "parentId",
    "ocaGroup", "ocaType", "comboLegs",
})  # fmt: skip
"""What is simulated."""

VACUOUS: Final = {
    "openClose": "only institutions say whether an order opens or closes",
    "overridePercentageConstraints": "no order is constrained by how far its price is away",
    "optOutSmartRouting": "there is one exchange, and nothing to be routed",
    "dontUseAutoPriceForHedge": "hedge orders are rejected",
    "usePriceMgmtAlgo": "no limit is capped",
    "eTradeOnly": "all quotes are electronic; ibapi 9.81.1 sets it in every order",
    "firmQuoteOnly": "all quotes are firm; ibapi 9.81.1 sets it in every order",
}
"""What is accepted whatever it says, since there is nothing here that it could change."""

_UNASKED: Final = frozenset({
    "", "0", "0.0", "false", "none", "1.7976931348623157e308", "2147483647", "9223372036854775807",
})  # fmt: skip
_ALSO: Final[Mapping[str, frozenset[str]]] = {
    "exemptCode": frozenset({"-1"}),
    "clearingIntent": frozenset({"IB"}),
}
"""What means "not asked" with some attributes only."""


def unsupported(found: Mapping[str, Any]) -> str:
    """The first attribute that asks for something that is not simulated; empty if there is none.

    The attributes that are not honoured are in `found` as text, or as what their reader made of
    them.
    """
    return next((name for name, value in found.items() if _is_asked(name, value)), "")


def _is_asked(name: str, value: Any) -> bool:
    if value in _UNASKED or name in HONOURED or name in VACUOUS or not value:
        return False
    if not isinstance(value, str):
        return True
    return value not in _ALSO.get(name, ()) and not _is_unset(value)


def _is_unset(value: str) -> bool:
    if value.lower().replace("+", "") in _UNASKED:
        return True
    try:
        return Decimal(value) == 0
    except InvalidOperation:
        return False
