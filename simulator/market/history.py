"""The history of this TWS's market: any stretch of time, before it began and since.

Since it began, history is what clients were sent (`tape`). Before that it comes from where the
market comes from: the seed (`past`), or the rows of the file that precede those that are played.
"""

from collections.abc import Iterator
from typing import Final, Protocol, runtime_checkable

from tapewire.common.ticks.rows import Row
from tapewire.simulator.market.past import NS_PER_S, Past
from tapewire.simulator.market.replay_clock import ReplayClock
from tapewire.simulator.market.screen import Screen
from tapewire.simulator.market.summary import Bar, Summary, join
from tapewire.simulator.market.tape import LOOSE_MAX, PACK, Reel, Shown

LOOK_BACK_S: Final = (5, 300, 3_600)
"""How far before the market began a quote is looked for, one after the other."""


@runtime_checkable
class HasPast(Protocol):
    """A market that knows what was before its first row."""

    def past_of(self, symbol: str, began_ns: int, speed: float) -> Past | None:
        """A symbol's past, if its first row is of the moment `began_ns` on TWS's clock, and
        `speed` seconds of the market pass in one of TWS's."""


@runtime_checkable
class KeepsHistory(Protocol):
    """A market that has a history of its own."""

    def history_on(self, clock: ReplayClock) -> "History":
        """That history, for a market that `clock` plays."""


def history_of(market: object, clock: ReplayClock, speed: float) -> "History":
    """The history of a market."""
    return (
        market.history_on(clock)
        if isinstance(market, KeepsHistory)
        else History(market, clock, speed)
    )


class History:
    """The market of all symbols, by TWS's own clock. `take` takes down every row that is sent."""

    def __init__(self, market: object, clock: ReplayClock, speed: float) -> None:
        self._market = market if isinstance(market, HasPast) else None
        self._clock = clock
        self._speed = speed or 1.0
        self._reels: dict[str, Reel] = {}
        self._pasts: dict[str, Past | None] = {}
        self._listed_ns: dict[str, int] = {}

    def take(self, row: Row, now_ns: int) -> None:
        """Take down a row that is sent now."""
        reel = self._reels.get(row.symbol)
        if reel is None:
            reel = self._begin_reel(row.symbol)
        reel.take(row, now_ns)

    def add(self, symbol: str, now_ns: int) -> None:
        """Take note that a symbol is listed now: what was before is its past."""
        self._listed_ns[symbol] = now_ns

    def _begin_reel(self, symbol: str) -> Reel:
        reel = self._reels[symbol] = Reel()
        for one in self._reels.values():
            one.loose_max = max(2 * PACK, LOOSE_MAX // len(self._reels))
        return reel

    def begin(self, now_ns: int) -> None:
        """The market begins, if it has not: otherwise it would not be known what its past is."""
        self._clock.start(now_ns)

    def asked(self, now_ns: int) -> None:
        """Somebody asks about the past, which is known once the market has begun."""
        self.begin(now_ns)

    def head_ns(self, symbol: str) -> int | None:
        """The earliest moment of which anything is known."""
        if (past := self._past(symbol)) is not None:
            return past.first_s * NS_PER_S
        reel = self._reels.get(symbol)
        return None if reel is None else reel.first()

    def summary(self, symbol: str, from_ns: int, to_ns: int) -> Summary:
        """What the time from `from_ns` on and before `to_ns` comes to."""
        whole: Summary = {}
        past, end_ns = self._past(symbol), self._began_ns(symbol)
        if past is not None and from_ns < end_ns:
            until_s = -(-min(to_ns, end_ns) // NS_PER_S)
            join(whole, past.summary(from_ns // NS_PER_S, until_s))
        if (reel := self._reels.get(symbol)) is not None and to_ns > end_ns:
            first_ns = reel.first() or to_ns
            join(whole, reel.summary(max(from_ns, first_ns), to_ns))
        return whole

    def trades(self, symbol: str, from_ns: int, to_ns: int) -> Bar | None:
        """What the trades of a time come to; None without any. Unlike `summary` it costs nothing
        for a past that has no trades."""
        past = self._past(symbol)
        if past is not None and not past.has_trades:
            from_ns = max(from_ns, self._began_ns(symbol))
        return self.summary(symbol, from_ns, to_ns).get("TRADES") if from_ns < to_ns else None

    def rows(self, symbol: str, from_ns: int, to_ns: int) -> Iterator[Shown]:
        """The rows from `from_ns` on and before `to_ns`, oldest first."""
        past, end_ns = self._past(symbol), self._began_ns(symbol)
        if past is not None and from_ns < end_ns:
            yield from past.rows(from_ns // NS_PER_S, -(-min(to_ns, end_ns) // NS_PER_S))
        if (reel := self._reels.get(symbol)) is not None:
            yield from reel.rows(from_ns, to_ns)

    def screen(self, symbol: str, before_ns: int) -> Screen:
        """The quote just before a moment."""
        reel = self._reels.get(symbol)
        if reel is not None and (reel.first() or before_ns) < before_ns:
            return reel.screen(before_ns)
        screen = Screen()
        for seconds in LOOK_BACK_S:
            rows = self.rows(symbol, before_ns - seconds * NS_PER_S, before_ns)
            screen = Screen.after(row for _, row in reversed(list(rows)))
            if screen.is_complete:
                break
        return screen

    def _began_ns(self, symbol: str) -> int:
        """The end of the past: the whole second in which the market of a symbol began."""
        return self._first_ns(symbol) // NS_PER_S * NS_PER_S

    def _first_ns(self, symbol: str) -> int:
        return max(self._clock.started_ns, self._listed_ns.get(symbol, 0))

    def _past(self, symbol: str) -> Past | None:
        if self._market is None or not self._clock.is_started:
            return None
        if symbol not in self._pasts:
            began_ns = self._first_ns(symbol)
            self._pasts[symbol] = self._market.past_of(symbol, began_ns, self._speed)
        return self._pasts[symbol]
