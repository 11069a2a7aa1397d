"""Files of ticks for the examples of the docs, which name a time."""

from datetime import datetime


def made(start: str, seconds: float, rate_per_s: int) -> str:
    """A CSV of two symbols in waves that a strategy can trade, from `start` (ISO) on."""
    lines = ["ts_ns,symbol,bid,ask,bid_size,ask_size,last,last_size"]
    start_ns = int(datetime.fromisoformat(start).timestamp()) * 1_000_000_000
    for n in range(int(seconds * rate_per_s)):
        ts_ns = start_ns + n * 1_000_000_000 // rate_per_s
        price = 100 - (n % 100) / 50 + (n * 7919 % 13) / 100
        lines.append(
            f"{ts_ns},{'AAPL' if n % 2 else 'MSFT'},{price:.2f},{price + 0.01:.2f},500,500,,"
        )
    return "\n".join(lines) + "\n"


HALF_PAST_TWO = made("2024-01-08T14:30:00+00:00", seconds=3, rate_per_s=400)
