"""How the Gateway answers: whether it went well, and if not, why, by a number and a sentence."""

from typing import Any, Final

from tapewire.simulator.projectx.words import Json

ACCOUNT_NOT_FOUND: Final = 1
ORDER_REJECTED: Final = 2
INSUFFICIENT_FUNDS: Final = 3
CONTRACT_NOT_FOUND: Final = 8
ORDER_NOT_FOUND: Final = 2
CHANGE_REJECTED: Final = 3
POSITION_NOT_FOUND: Final = 2
CLOSING_CONTRACT_NOT_FOUND: Final = 3
CLOSING_REJECTED: Final = 5
INVALID_CLOSE_SIZE: Final = 5
PARTIAL_CLOSING_REJECTED: Final = 6
BAD_CREDENTIALS: Final = 3
BAD_HISTORY: Final = 4
"""Numbers of the Gateway's own error codes; each endpoint has its own list of them."""


class Refusal(Exception):
    """The answer is that something cannot be done."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def done(**found: Any) -> Json:
    """It went well, with what was found."""
    return {**found, "success": True, "errorCode": 0, "errorMessage": None}


def refused(refusal: Refusal) -> Json:
    """It did not."""
    return {"success": False, "errorCode": refusal.code, "errorMessage": str(refusal)}
