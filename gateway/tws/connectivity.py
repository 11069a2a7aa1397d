"""Whether TWS itself is connected to its server: what it says of that in its error codes.

1100 is the loss of the server, 1101 and 1102 its return, without and with the market data. 2110 is
a loss as well, but after it TWS may say no more than that its data farms are back: with that the
server is.
"""

from typing import Final, Literal

Change = Literal["", "lost", "restored", "restored without data"]
LOST: Final = 1100
CUT_OFF: Final = 2110
RESTORED: Final = 1102
DATA_LOST: Final = 1101
FARMS_ARE_BACK: Final = frozenset({2104, 2106})


class Connectivity:
    """What one connection's codes amount to."""

    def __init__(self) -> None:
        self._is_cut_off = False

    def change(self, code: int) -> Change:
        """What a code says of TWS's server; nothing where it is about something else."""
        if code in (LOST, CUT_OFF):
            self._is_cut_off = code == CUT_OFF
            return "lost"
        if code in (RESTORED, DATA_LOST) or (self._is_cut_off and code in FARMS_ARE_BACK):
            self._is_cut_off = False
            return "restored without data" if code == DATA_LOST else "restored"
        return ""

    def closed(self) -> None:
        """The connection with TWS is gone."""
        self._is_cut_off = False
