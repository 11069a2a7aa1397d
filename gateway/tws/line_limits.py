"""How many streams of market data TWS grants to one client, and how often it may be asked.

A stream beyond a limit is not asked for: TWS would answer each attempt with an error (101, 309,
10190) and nothing else. It waits until another one closes. Where TWS says that it is full sooner
than is known here, since another program has lines of its own, it is asked again after a while.
"""

from typing import Final, NamedTuple

from tapewire.gateway.tws.streams import Share, Stream

SECOND_NS: Final = 1_000_000_000
FULL_FOR_NS: Final = 60 * SECOND_NS
"""How long TWS's word that it has no room is taken for granted."""


class LineLimits(NamedTuple):
    """TWS's limits for one client; 0 sets none. `tick_by_tick_every_s` is between two requests for
    the same instrument."""

    lines_max: int = 100
    tick_by_tick_max: int = 5
    tick_by_tick_every_s: float = 15
    depth_max: int = 3


class Room:
    """How many streams may be open. Times are monotonic."""

    def __init__(self, limits: LineLimits) -> None:
        self._limits = limits
        self._maxima: dict[Share, tuple[int, str]] = {  # with their keys
            "lines": (limits.lines_max, "tws.lines_max"),
            "tick_by_tick": (limits.tick_by_tick_max, "tws.tick_by_tick_max"),
            "depth": (limits.depth_max, "tws.depth_max"),
        }
        self._learned: dict[Share, tuple[int, int]] = {}  # how many TWS grants, and until when
        self._asked_ns: dict[str, int] = {}  # when ticks of a symbol were last asked for one by one

    def refusal(self, stream: Stream, is_open: int, now_ns: int) -> str:
        """Why there is no room for `stream` beside the `is_open` ones of its share; "" if there
        is."""
        share = stream.share
        most, key = self._maxima[share]
        if most and is_open >= most:
            return (
                f"{stream.symbol} has no {_called(share)}: {is_open} are open, and"
                f" {key} is {most}; it opens when one of them closes"
            )
        granted, until_ns = self._learned.get(share, (is_open + 1, 0))
        if is_open >= granted + (now_ns >= until_ns):
            return (
                f"{stream.symbol} has no {_called(share)}: TWS has no room for another one; it is"
                " asked again when one closes, and each minute"
            )
        return ""

    def full(self, share: Share, is_open: int, now_ns: int) -> None:
        """TWS says that it has no room beside the `is_open` ones."""
        self._learned[share] = is_open, now_ns + FULL_FOR_NS

    def full_until_ns(self, share: Share) -> int:
        """When TWS may be asked for one more than it granted; 0 where it has not refused any."""
        return self._learned.get(share, (0, 0))[1]

    def forget(self) -> None:
        """The connection is over, and what TWS had granted on it."""
        self._learned.clear()

    def early_ns(self, stream: Stream, now_ns: int) -> int:
        """When the instrument may be asked for, where that is not yet; else 0."""
        if stream.share != "tick_by_tick" or stream.symbol not in self._asked_ns:
            return 0
        every_ns = int(self._limits.tick_by_tick_every_s * SECOND_NS)
        due_ns = self._asked_ns[stream.symbol] + every_ns
        return due_ns if due_ns > now_ns else 0

    def asked(self, stream: Stream, is_open: int, now_ns: int) -> None:
        """`stream` was asked for beside the `is_open` ones: one more than TWS granted, perhaps."""
        if stream.share == "tick_by_tick":
            self._asked_ns[stream.symbol] = now_ns
        granted, _ = self._learned.get(stream.share, (0, 0))
        if stream.share in self._learned and is_open >= granted:
            self.full(stream.share, is_open + 1, now_ns)


def _called(share: Share) -> str:
    if share == "depth":
        return "market depth"
    return "market data line" if share == "lines" else "tick-by-tick stream"
