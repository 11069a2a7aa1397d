"""When the simulated market opens and closes. By default it never does either.

It has its auctions all the same, so that orders for the open and the close can be tried without any
configuration: at the times of the US stock exchanges, unless its settings have others.
"""

from typing import Final

from tapewire.common.daily_time import DailyTime

DAY_NS = 86_400_000_000_000
DAYS = 7
OPENING: Final = ("09:30 America/New_York", "14:30")
CLOSING: Final = ("16:00 America/New_York", "21:00")
"""The auctions' times, and what they are in UTC in winter, for machines that know no time zones."""
Stretch = tuple[int, int]
"""From when until when it is open, in nanoseconds UTC."""


class Hours:
    """The market's hours; without a time there is no such moment, but for its auction.

    With both, orders that are not for outside regular hours trade between the open and the close
    only. With one of them, the market goes on all day, and its auction is at that time.
    """

    def __init__(self, opens: str = "", closes: str = "") -> None:
        self.opens = DailyTime.of(opens) if opens else None
        self.closes = DailyTime.of(closes) if closes else None
        self._opening = self.opens or _time_of(*OPENING)
        self._closing = self.closes or _time_of(*CLOSING)

    def opening_auction_ns(self, now_ns: int) -> int:
        """When the next opening auction is."""
        return self._opening.next_ns(now_ns)

    def closing_auction_ns(self, now_ns: int) -> int:
        """When the next closing auction is."""
        return self._closing.next_ns(now_ns)

    def open_ns(self, now_ns: int) -> int | None:
        """When the market opens next."""
        return self.opens.next_ns(now_ns) if self.opens else None

    def close_ns(self, now_ns: int) -> int | None:
        """When the market closes next."""
        return self.closes.next_ns(now_ns) if self.closes else None

    def is_open(self, now_ns: int) -> bool:
        """Whether it is between the open and the close."""
        opens, closes = self.open_ns(now_ns), self.close_ns(now_ns)
        return opens is None or closes is None or closes < opens

    def trading(self, now_ns: int) -> list[Stretch]:
        """When the market trades in the week that begins today: all the time."""
        first_ns = now_ns // DAY_NS * DAY_NS
        days = (first_ns + n * DAY_NS for n in range(DAYS))
        return [(day_ns, day_ns + DAY_NS) for day_ns in days]

    def regular_between(self, from_ns: int, to_ns: int) -> list[Stretch]:
        """The regular hours of a time, as far as they are within it."""
        if self.opens is None or self.closes is None:
            return [(from_ns, to_ns)]
        found, at_ns = [], from_ns - DAY_NS
        while (opens_ns := self.opens.next_ns(at_ns)) < to_ns:
            at_ns = self.closes.next_ns(opens_ns)
            if at_ns > from_ns:
                found.append((max(opens_ns, from_ns), min(at_ns, to_ns)))
        return found

    def regular(self, now_ns: int) -> list[Stretch]:
        """The regular hours of that week."""
        if self.opens is None or self.closes is None:
            return self.trading(now_ns)
        found, after_ns = [], now_ns // DAY_NS * DAY_NS - 1
        for _ in range(DAYS):
            opens_ns = self.opens.next_ns(after_ns)
            after_ns = self.closes.next_ns(opens_ns)
            found.append((opens_ns, after_ns))
        return found


def _time_of(text: str, in_utc: str) -> DailyTime:
    try:
        return DailyTime.of(text)
    except ValueError:
        return DailyTime.of(in_utc)
