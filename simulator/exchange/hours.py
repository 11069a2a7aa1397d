"""When the simulated market opens and closes. By default it never does either."""

from tapewire.common.daily_time import DailyTime

DAY_NS = 86_400_000_000_000
DAYS = 7
Stretch = tuple[int, int]
"""From when until when it is open, in nanoseconds UTC."""


class Hours:
    """The market's hours; without a time there is no such moment.

    With both, orders that are not for outside regular hours trade between the open and the close
    only. With one of them, the market goes on all day, and there is an auction at that time.
    """

    def __init__(self, opens: str = "", closes: str = "") -> None:
        self.opens = DailyTime.of(opens) if opens else None
        self.closes = DailyTime.of(closes) if closes else None

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
