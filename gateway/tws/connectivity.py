"""Whether TWS itself is connected to its server: what it says of that in its error codes.

TWS reports the loss of the server (1100), and its return without or with the market data. That it
is cut off (2110) is a loss as well, but TWS may never report that it is over. Then other signs are
taken for it: that a data farm is back, or that ticks come, a while after what was on its way when
it was cut off. They are not signs after a loss, whose end TWS does report: farms come back before
the server does.

If nothing ends it, TWS is asked: it reports to whoever connects how its server is. So after
`SILENT_NS` without another report the connection is made again. After a loss that is far longer,
since the report is only missing where something went wrong. A connection costs TWS little, and
without one the gateway would wait until a person starts it again, which is the same question.
"""

from collections.abc import Mapping
from typing import Final, Literal

from tapewire.common.events import ErrorClass

Change = Literal["", "lost", "restored"]
SECOND_NS: Final = 1_000_000_000
TICKS_COUNT_AFTER_NS: Final = 2 * SECOND_NS
SILENT_NS: Final[Mapping[ErrorClass, int]] = {
    "cut_off": 60 * SECOND_NS,
    "server_lost": 600 * SECOND_NS,
}
RESTORED: Final[tuple[ErrorClass, ...]] = ("server_restored", "data_lost")


class Connectivity:
    """What one connection's errors amount to."""

    def __init__(self) -> None:
        self._lost: ErrorClass | None = None  # the report of it, as long as it is not over
        self._since_ns: int | None = None  # monotonic; None until the next look at the time
        self._ticks = 0  # that had come before they counted

    def change(self, error_class: ErrorClass) -> Change:
        """What an error says of TWS's server; nothing where it is about something else."""
        if error_class in SILENT_NS:
            self._lost = "server_lost" if self._lost == "server_lost" else error_class
            self._since_ns = None
            return "lost"
        if error_class in RESTORED or (self._lost == "cut_off" and error_class == "farm_back"):
            self._lost = None
            return "restored"
        return ""

    def is_back(self, ticks: int, now_ns: int) -> bool:
        """Whether ticks show that a server that was cut off is back; `ticks` are all that have come
        so far."""
        if self._lost != "cut_off":
            return False
        if self._waited_ns(now_ns) < TICKS_COUNT_AFTER_NS:
            self._ticks = ticks
        if ticks == self._ticks:
            return False
        self._lost = None
        return True

    def overdue(self, now_ns: int) -> str:
        """Why to ask TWS again on a new connection; empty if there is nothing to ask."""
        if self._lost is None or self._waited_ns(now_ns) < SILENT_NS[self._lost]:
            return ""
        return (
            "TWS was cut off from its server, and has said nothing about it for"
            f" {SILENT_NS[self._lost] // SECOND_NS} s; it is asked again on a new connection"
        )

    def _waited_ns(self, now_ns: int) -> int:
        if self._since_ns is None:
            self._since_ns = now_ns
        return now_ns - self._since_ns

    def closed(self) -> None:
        """The connection with TWS is gone."""
        self._lost = None
