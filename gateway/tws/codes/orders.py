"""Error codes about orders: what ends one, what ends a cancel or a modify, what only warns.

Source: TWS API message codes; the effects as observed at a TWS. An order lives on after each
warning. A code that is not listed ends no order: TWS adds codes without notice, and some of them
only inform (10311 is about fees).
"""

from collections.abc import Iterator
from typing import Final

from tapewire.gateway.effects import Effect
from tapewire.gateway.tws.codes.row import Code


def _all(effect: Effect, *rows: tuple[int, str, str]) -> Iterator[Code]:
    for code, meaning, advice in rows:
        yield Code(code, "order", meaning, advice, effect)


def _refused(*rows: tuple[int, str, str]) -> Iterator[Code]:
    yield from _all("refused", *rows)


PRICE: Final = "correct the price; compare min_tick in [[instruments]] with the contract's"
SIZE: Final = "correct the quantity"
PERMIT: Final = "look at the account's trading permissions in IB's Client Portal"
PRESETS: Final = "look at the order presets in TWS's global configuration"
MODIFY: Final = "cancel the order and place another one"

ORDERS: Final[tuple[Code, ...]] = (
    Code(202, "ignore", "TWS confirms that the order is cancelled.", "", "cancelled"),
    *_all(
        "rejected",
        (201, "TWS or the exchange rejected the order.", "read the reason in the message"),
    ),
    *_all(
        "cancel_rejected",
        (161, "The order cannot be cancelled in its present state.", "look at it in TWS"),
        (10147, "TWS has no order of this client with that id to cancel.", "look at it in TWS"),
    ),
    *_all(
        "cancel_too_late",
        (10148, "The order is over, so there is nothing to cancel.", "look at its executions"),
    ),
    *_all(
        "modify_rejected",
        (104, "A filled order cannot be modified.", ""),
        (105, "The modify changes something that TWS does not allow to change.", MODIFY),
        (329, "The order cannot be changed to that order type.", MODIFY),
    ),
    *_all(
        "unknown_order",
        (135, "TWS has no order with that id.", "look in TWS whether the order is there"),
    ),
    Code(399, "warn", "TWS warns about an order, which lives.", "read the text", "warning"),
    Code(
        404, "warn", "The shares to sell short are being located; the order waits for them.",
        "wait, or cancel the order", "warning",
    ),
    Code(
        2109, "warn", "TWS ignores an attribute of the order, which lives.",
        "read the text", "warning",
    ),
    Code(
        10349, "warn", "A preset changed the order's time in force; it lives.", PRESETS, "warning"
    ),
    *_refused(
        (103, "The order id was used before.", "place it again"),
        (106, "TWS cannot transmit an order with that id.", "look at TWS"),
        (107, "The order is not complete.", "report it: the gateway sends whole orders"),
        (109, "The price is further from the market than TWS's presets allow.", PRESETS),
        (110, "The price is not on the contract's price step.", PRICE),
        (111, "Time in force and order type do not go together.", "choose another time in force"),
        (113, "An order for the close needs the time in force DAY.", "choose DAY"),
        (116, "The exchange takes no orders any more.", "correct exchange in [[instruments]]"),
        (132, "The order needs a clearing account.", PERMIT),
        (133, "TWS could not place the order.", "look at TWS, then place it again"),
        (134, "TWS could not modify the order.", "look at the order in TWS"),
        (140, "The quantity is not a whole number.", SIZE),
        (141, "The price is not a number that TWS can read.", "report it"),
        (144, "The quantity differs from the sum of the allocations.", SIZE),
        (160, "The quantity is 0.", SIZE),
        (163, "The price is further from the market than TWS's presets allow.", PRESETS),
        (203, "The account may not trade this security.", PERMIT),
        (355, "The market does not allow this quantity.", SIZE),
        (362, "The adjusted stop price is not valid.", PRICE),
        (383, "The quantity is above the limit in TWS's presets.", PRESETS),
        (387, "The exchange has no such order type for this security.", "choose another type"),
        (388, "The quantity is below the smallest that is allowed.", SIZE),
        (413, "A question about an order's margin must be sent with transmit.", "report it"),
        (434, "The quantity must not be 0.", SIZE),
        (435, "The order names no account.", "set an account in the strategy's section"),
        (436, "The order names no allocation.", "set an account in the strategy's section"),
        (10052, "The time in force is not valid.", "choose another time in force"),
        (10268, "The attribute eTradeOnly is not supported.", "report it"),
        (10269, "The attribute firmQuoteOnly is not supported.", "report it"),
        (10289, "The order needs an amount of cash for its quantity.", SIZE),
        (10318, "A part of a unit cannot be traded in this order.", "use whole quantities"),
    ),
)  # fmt: skip
