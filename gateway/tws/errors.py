"""TWS's error codes: which of them end something and which only tell."""

from typing import Final

# Source: TWS API message codes; those on orders as observed (an order lives on after each).
ORDER_WARNINGS: Final = frozenset({399, 404, 2109, 10349, 10148, 10147, 161, 135, 104, 105, 329})
CONNECTIVITY_LOST: Final = frozenset({1100, 2110})
DATA_LOST: Final = 1101
CONNECTIVITY_RESTORED: Final = frozenset({1102, DATA_LOST})
CLIENT_ID_IN_USE: Final = 326


def is_warning(code: int) -> bool:
    """Whether an error that names an order leaves the order alive."""
    return code in ORDER_WARNINGS or 2100 <= code < 2200


def is_notice(code: int) -> bool:
    """Whether a code only reports the state of a data farm."""
    return 2100 <= code < 2200
