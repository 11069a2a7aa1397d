"""Whether TWS itself is connected to its server: what it says of that in its error codes.

TWS reports the loss of the server, and its return without or with the market data. That it is cut
off is a loss as well, but after it TWS may say no more than that its data farms are back: with that
the server is.
"""

from typing import Final, Literal

from tapewire.common.events import ErrorClass

Change = Literal["", "lost", "restored"]
LOST: Final[tuple[ErrorClass, ...]] = ("server_lost", "cut_off")
RESTORED: Final[tuple[ErrorClass, ...]] = ("server_restored", "data_lost")


class Connectivity:
    """What one connection's errors amount to."""

    def __init__(self) -> None:
        self._is_cut_off = False

    def change(self, error_class: ErrorClass) -> Change:
        """What an error says of TWS's server; nothing where it is about something else."""
        if error_class in LOST:
            self._is_cut_off = error_class == "cut_off"
            return "lost"
        if error_class in RESTORED or (self._is_cut_off and error_class == "farm_back"):
            self._is_cut_off = False
            return "restored"
        return ""

    def closed(self) -> None:
        """The connection with TWS is gone."""
        self._is_cut_off = False
