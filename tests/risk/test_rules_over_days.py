"""The rules about a day's loss and profit, the drawdown and the consistency of days, against a
second reckoning of them: over random days of CME's calendar, with daylight saving that begins and
ends, holidays, early closes, weekends, positions that are held over night, and restarts.
"""

import random
from datetime import date, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from tapewire.common.calendars import library
from tapewire.common.clock import Now
from tapewire.common.config.settings import TradingDayConfig
from tests.risk.money import Account
from tests.risk.orders import entry
from tests.risk.reckoning import CHICAGO, SECOND, Reckoning, exact, trading_day

pytestmark = pytest.mark.skipif(
    bool(library.extras.missing(library.MODULE, "")), reason="needs tapewire[risk]"
)

START, LOSS, WON, FALL, PERCENT, PROFIT_MIN = 10_000, 120, 150, 200, 40, 100
NOW_AND_THEN = {"confirm_ms": 0, "confirm_marks": 0, "enforcement": "deny"}
DRAWDOWNS = [(end, stops) for end in (False, True) for stops in (False, True)]
ENTRIES = [
    entry("DailyRealizedLoss", limit=LOSS, **NOW_AND_THEN),
    entry("DailyRealizedLoss", limit=LOSS, unrealised=True, **NOW_AND_THEN),
    entry("DailyRealizedProfit", limit=WON, **NOW_AND_THEN),
    entry("ConsistencyRule", percent=PERCENT, profit_min=PROFIT_MIN, enforcement="deny"),
    *(
        entry(
            "TrailingDrawdown", limit=FALL, start=START, stops_at_start=stops,
            high="end_of_day" if end else "intraday", **NOW_AND_THEN,
        )
        for end, stops in DRAWDOWNS
    ),
]  # fmt: skip
"""`deny`, so that what is broken halts nothing and the days go on."""

TIMES = ("17:00:00", "17:00:01", "20:15:00", "01:30:00", "02:30:00", "03:00:00", "08:30:00",
         "11:59:59", "12:00:00", "12:15:00", "15:59:59", "16:30:00", "16:59:59")  # fmt: skip
"""In Chicago: around the edges of a day, of a half day, and of a change of daylight saving."""


@cache
def sessions() -> tuple[list[date], list[date]]:
    """The days of CME that have a session, and those near something special, by the library."""
    import exchange_calendars

    calendar = exchange_calendars.get_calendar("CMES", start="2017-06-01", end="2027-06-30")
    days = [one.date() for one in calendar.sessions]
    cut = {one.date() for one in calendar.early_closes}
    special = [
        day
        for day, following in pairwise(days)
        if day in cut or (following - day).days not in (1, 3) or _changes(day, following)
    ]
    return days, special


def _changes(day: date, following: date) -> bool:
    at = [datetime(d.year, d.month, d.day, 12, tzinfo=CHICAGO) for d in (day, following)]
    return at[0].utcoffset() != at[1].utcoffset()


@cache
def day_of() -> Any:
    return TradingDayConfig(calendar="CMES").every()


def span(chance: random.Random, length: int) -> list[date]:
    """Some days on end, holidays and weekends included."""
    days, special = sessions()
    first = chance.choice(special if chance.random() < 0.7 else days[:-40])
    first = min(first, days[-40]) - timedelta(days=chance.randrange(5))
    return [first + timedelta(days=number) for number in range(length)]


def moments(chance: random.Random, days: list[date]) -> list[int]:
    """Times in UTC, at least a minute apart."""
    found: list[int] = []
    for day in days:
        for text in sorted(chance.sample(TIMES, chance.randrange(2, 6))):
            local = datetime.fromisoformat(f"{day}T{text}").replace(tzinfo=CHICAGO)
            ts_ns = int(local.timestamp()) * SECOND
            if not found or ts_ns - found[-1] > 61 * SECOND:
                found.append(ts_ns)
    return found


class Both:
    """The rules and the second reckoning, which see the same."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.one = Account(*ENTRIES, day_of=day_of())
        held = {*sessions()[0]}
        self.other = Reckoning(exact(START), lambda day: day in held)
        self.price = 100.0

    def at(self, ts_ns: int) -> None:
        """Time goes on to a moment at which something happens."""
        before = self.one.now
        self.one.now = Now(ts_ns, before.mono_ns + max(ts_ns - before.wall_ns, 0))
        if before.wall_ns > ts_ns:  # the clock of the tests, before the first moment
            self.one.monitor.view._offset_ns = None
        self.other.moment(ts_ns)
        self.one.check()
        self.price = round(self.price + self.chance.choice((-7, -3, -1, 0, 1, 2, 4, 6)), 2)
        self.one.price(self.price)
        self.other.sees(exact(self.price))
        if self.chance.random() < 0.6:
            self._trade()
        self.one.check()

    def _trade(self) -> None:
        quantity = self.chance.choice((-20, -10, -5, 5, 10, 20))
        if self.chance.random() < 0.4 and self.other.quantity:
            quantity = -self.other.quantity
        fee = self.chance.choice((0, 0.25, 1.5))
        self.one.trade(quantity, self.price, fee)
        self.one.price(self.price)
        self.other.trades(quantity, exact(self.price), exact(fee))

    def restart(self) -> None:
        """Risk dies and starts again; prices come again after it."""
        self.one = self.one.restarted(*ENTRIES)
        self.one.price(self.price)

    def found(self) -> list[bool]:
        """What the rules find broken."""
        view = self.one.monitor.view.at(self.one.now)
        return [bool(list(rule.on_timer(view))) for rule in self.one.rules.rules]

    def reckoned(self) -> list[bool]:
        other = self.other
        return [
            other.has_lost(LOSS, unrealised=False),
            other.has_lost(LOSS, unrealised=True),
            other.has_won(WON),
            other.is_inconsistent(PERCENT, PROFIT_MIN),
            *(other.has_fallen(FALL, end_of_day=end, stops=stops) for end, stops in DRAWDOWNS),
        ]


def agree(seed: int, length: int = 20) -> list[int]:
    """How often each rule was broken in some days on end, on which both must agree."""
    chance = random.Random(seed)
    both, days = Both(chance), span(chance, length)
    counts = [0] * len(ENTRIES)
    for ts_ns in moments(chance, days):
        both.at(ts_ns)
        found, reckoned = both.found(), both.reckoned()
        at = datetime.fromtimestamp(ts_ns / SECOND, CHICAGO)
        assert found == reckoned, f"seed {seed}, {at:%Y-%m-%d %H:%M:%S %Z}"
        today = trading_day(ts_ns, both.other.is_session)
        assert both.one.monitor.view.trading_day("DU1") == today
        counts = [count + broken for count, broken in zip(counts, found, strict=True)]
        if chance.random() < 0.1:
            both.restart()
            assert both.found() == reckoned, f"seed {seed}, after a restart at {at}"
    return counts


def broken_over(seeds: range) -> None:
    """Each rule is broken in some of these days, or the comparison would say nothing."""
    counts = [sum(column) for column in zip(*map(agree, seeds), strict=True)]
    assert min(counts) >= len(seeds) // 4, counts


@pytest.mark.parametrize("part", range(4))
def test_the_rules_agree_with_a_second_reckoning_of_400_days(part: int):
    broken_over(range(part * 5, part * 5 + 5))


@pytest.mark.soak
@pytest.mark.parametrize("part", range(10))
def test_the_rules_agree_with_a_second_reckoning_of_10_000_days(part: int):
    broken_over(range(1000 + part * 50, 1000 + part * 50 + 50))
