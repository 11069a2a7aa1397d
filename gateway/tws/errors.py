"""TWS's error codes: what one is about, what it means, and what follows from it.

One table says it all (`gateway.tws.codes`). TWS uses the same codes about orders, questions and
subscriptions; which of them a message is about is known from its request id alone.
"""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from tapewire.common.events import ErrorClass, ErrorSubject
from tapewire.gateway.broker import OrderError
from tapewire.gateway.effects import Effect
from tapewire.gateway.tws.codes.orders import ORDERS
from tapewire.gateway.tws.codes.others import CONNECTION, DATA, DEFAULTS, REQUESTS
from tapewire.gateway.tws.codes.row import Code

CODES: Final[Mapping[int, Code]] = {
    row.code: row for row in sorted((*CONNECTION, *DATA, *REQUESTS, *ORDERS), key=lambda r: r.code)
}
"""Every code that is known, by its number."""
CLIENT_ID_IN_USE: Final = 326
BAD_REQUEST: Final = frozenset({320, 321, 322})
"""TWS does not take a request as it is described."""


def meaning(code: int) -> Code:
    """What is known of a code: its row, or what its range falls to."""
    row = CODES.get(code)
    if row is not None:
        return row
    found = (row for low, high, row in DEFAULTS if low <= code <= high)
    return replace(next(found, DEFAULTS[-1][-1]), code=code)


def order_effect(code: int) -> Effect:
    """What an error on an order means for it. An unlisted one ends nothing."""
    return meaning(code).effect


def only_informs(code: int) -> bool:
    """Whether a code ends nothing, whatever it is about: it reports a state, or warns."""
    return order_effect(code) == "warning"


def order_error(order_id: str, code: int, text: str, effect: Effect, client_id: str) -> OrderError:
    """The report of an error that names an order of `client_id`, as a person reads it."""
    row = meaning(code)
    error_class = class_of(row, "order")
    return OrderError(order_id, code, text, effect, client_id, error_class, row.sentences)


def class_of(row: Code, about: ErrorSubject) -> ErrorClass:
    """The class of an error by what it is about: the same code refuses orders and questions."""
    if about == "order" and row.error_class in ("order", "request"):
        return "order"
    if row.error_class == "order":
        return "request"
    return row.error_class
