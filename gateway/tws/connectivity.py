"""Whether TWS itself is connected to its server: what it says of that in its error codes.

TWS reports the loss of the server, and its return without or with the market data. That it is cut
off (2110) is a loss as well, but TWS may never say in so many words that it is over. Then other
signs are taken for it: that a data farm is back, or that ticks come, a while after what was on its
way when it was cut off. If there is no sign at all, it is asked: whoever connects hears from TWS
how its server is. So after `SILENT_NS` without a word the connection is made again.
"""

from typing import Final, Literal

from tapewire.common.events import ErrorClass

Change = Literal["", "lost", "restored"]
LOST: Final[tuple[ErrorClass, ...]] = ("server_lost", "cut_off")
TICKS_COUNT_AFTER_NS: Final = 2_000_000_000
SILENT_NS: Final = 60_000_000_000
RESTORED: Final[tuple[ErrorClass, ...]] = ("server_restored", "data_lost")


class Connectivity:
    """What one connection's errors amount to."""

    def __init__(self) -> None:
        self._is_cut_off = False
        self._since_ns: int | None = None  # monotonic; None until the next look at the time
        self._ticks = 0  # that had come before they counted

    def change(self, error_class: ErrorClass) -> Change:
        """What an error says of TWS's server; nothing where it is about something else."""
        if error_class in LOST:
            self._is_cut_off, self._since_ns = error_class == "cut_off", None
            return "lost"
        if error_class in RESTORED or (self._is_cut_off and error_class == "farm_back"):
            self._is_cut_off = False
            return "restored"
        return ""

    def is_back(self, ticks: int, now_ns: int) -> bool:
        """Whether ticks show that a server that was cut off is back; `ticks` are all that have come
        so far."""
        if not self._is_cut_off:
            return False
        if self._waited_ns(now_ns) < TICKS_COUNT_AFTER_NS:
            self._ticks = ticks
        self._is_cut_off = ticks == self._ticks
        return not self._is_cut_off

    def overdue(self, now_ns: int) -> str:
        """Why to ask TWS again on a new connection; empty if there is nothing to ask."""
        if not self._is_cut_off or self._waited_ns(now_ns) < SILENT_NS:
            return ""
        return (
            "TWS was cut off from its server, and has said nothing about it for"
            f" {SILENT_NS // 1_000_000_000} s; it is asked again on a new connection"
        )

    def _waited_ns(self, now_ns: int) -> int:
        if self._since_ns is None:
            self._since_ns = now_ns
        return now_ns - self._since_ns

    def closed(self) -> None:
        """The connection with TWS is gone."""
        self._is_cut_off = False
