"""When each market row is due: market time, started by the first request for market data."""

from collections.abc import Iterator

from tapewire.common.ticks.rows import Row
from tapewire.simulator.settings import SimulatorSettings

NS_PER_S = 1_000_000_000


class ReplayClock:
    """Returns rows as they become due. At speed 0 all rows are due at once."""

    def __init__(self, settings: SimulatorSettings, market: Iterator[Row]) -> None:
        self._speed = settings.speed
        self._limit_ns = int(settings.seconds * NS_PER_S) or None
        self._market = market
        self._next: Row | None = next(market, None)  # a source that is unreadable fails here
        self.started_ns = 0
        self._first_ns = 0
        self.is_started = False

    def start(self, now_ns: int) -> None:
        """The first row is due now; later calls have no effect."""
        if self.is_started or self._next is None:
            return
        self.is_started = True
        self.started_ns = now_ns
        self._first_ns = self._next.ts_ns

    @property
    def began_ns(self) -> int | None:
        """When the first row was due; None before `start`."""
        return self.started_ns if self.is_started else None

    @property
    def is_over(self) -> bool:
        """Whether no row is left, or the market has run for its `seconds`."""
        return self._next is None

    def moved(self) -> None:
        """The market goes on at another of its rows: what was to be the next one is not."""
        self._next = next(self._market, None)

    def due_ns(self) -> int | None:
        """When the next row is due; None before the start and after the end."""
        if not self.is_started or self._next is None:
            return None
        if not self._speed:
            return self.started_ns
        passed_ns = self._next.ts_ns - self._first_ns
        return self.started_ns + (passed_ns if self._speed == 1 else int(passed_ns / self._speed))

    def take(self, now_ns: int, rows_max: int) -> list[Row]:
        """The rows that are due, at most `rows_max` of them."""
        rows: list[Row] = []
        if not self.is_started or self._next is None:
            return rows
        elapsed_ns = now_ns - self.started_ns
        if self._limit_ns is not None and elapsed_ns > self._limit_ns:
            self._next = None
            return rows
        passed_ns = elapsed_ns if self._speed == 1 else int(elapsed_ns * self._speed)
        until_ns = self._first_ns + passed_ns if self._speed else None
        row: Row | None = self._next
        while row is not None and len(rows) < rows_max:
            if until_ns is not None and row.ts_ns > until_ns:
                break
            rows.append(row)
            row = next(self._market, None)
        self._next = row
        return rows
