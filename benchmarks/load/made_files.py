"""Made files for the back-test's benchmark: ticks of two stocks, and bars of one."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from tapewire.common.ticks.rows import HEADER

START: Final = datetime(2015, 1, 5, 14, 30, tzinfo=UTC)
TICK_NS: Final = 10_000_000
DAYS: Final = 2_142
MINUTES: Final = 390
YEAR_DAYS: Final = 252


def ticks(path: Path, rows: int, seed: int = 1) -> Path:
    """Quotes and some trades, each 10 ms."""
    chosen, begins_ns = random.Random(seed), int(START.timestamp()) * 10**9
    cents = {"AAPL": 10_000, "MSFT": 20_000}
    with path.open("w") as out:
        out.write(f"{HEADER}\n")
        for number in range(rows):
            symbol = chosen.choice(("AAPL", "MSFT"))
            cents[symbol] = max(100, cents[symbol] + chosen.choice((-1, 0, 1)))
            bid, size = cents[symbol], chosen.randint(1, 900)
            last = f"{bid / 100:.2f},{size}" if number % 5 == 0 else ","
            quote = f"{bid / 100:.2f},{(bid + 1) / 100:.2f},{size},{size}"
            out.write(f"{begins_ns + number * TICK_NS},{symbol},{quote},{last}\n")
    return path


def bars(path: Path, *, minutes: bool, seed: int = 1) -> Path:
    """A year of minute bars, or 8.5 years of daily ones, at the times of their ends."""
    chosen, price, day, left = random.Random(seed), 100.0, START, YEAR_DAYS if minutes else DAYS
    with path.open("w") as out:
        out.write("date,open,high,low,close,volume\n")
        while left:
            if day.weekday() < 5:
                left -= 1
                for minute in range(MINUTES) if minutes else (MINUTES - 1,):
                    close = max(1.0, price + chosen.gauss(0, 0.02 if minutes else 1.0))
                    high, low = max(price, close) + 0.01, min(price, close) - 0.01
                    at = day + timedelta(minutes=minute + 1)
                    out.write(f"{at:%Y-%m-%dT%H:%M:%SZ},{price:.2f},{high:.2f},{low:.2f},")
                    out.write(f"{close:.2f},{chosen.randint(100, 9_999)}\n")
                    price = close
            day += timedelta(days=1)
    return path
