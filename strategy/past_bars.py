"""The past of a series of bars: what is asked of the broker, and how it is joined to the trades.

A series that begins with history has to have each trade once. The trades that arrive while the
question is under way are held. The answer says, by when the gateway took it, up to where history
knows the market: what was read before is in it, what was read later is not. So of the trades that
are held, those from that moment on follow the bars of history, in the bar that history leaves open.

A long past is asked for in parts, whose end is the moment of the question. What passed since is
then asked for once more, in a short question.

History comes in bars that are finer than those of the series, of which any size of it can be made.
Those of half an hour and less begin at whole multiples of their size in every time zone.
"""

from typing import Final

from tapewire.common.events import Bar, Trade
from tapewire.common.events.queries import HistoryBar, HistoryQuery
from tapewire.common.history_words import duration_of, duration_s
from tapewire.strategy.asking import Answer, checked

NS_PER_S: Final = 1_000_000_000
SIZES: Final = {
    1: "1 secs", 5: "5 secs", 10: "10 secs", 15: "15 secs", 30: "30 secs", 60: "1 min",
    120: "2 mins", 180: "3 mins", 300: "5 mins", 600: "10 mins", 900: "15 mins", 1_200: "20 mins",
    1_800: "30 mins",
}  # fmt: skip
"""TWS's words for bars of so many seconds."""
TIMEOUT_MS: Final = 600_000
"""The gateway may have to wait for a connection, and for the broker's limits on history."""
HELD_MAX: Final = 500_000
AGAIN_MAX: Final = 3


class PastBars:
    """The past of bars of `width_ns`, `back` long in TWS's words. Raises ValueError where TWS has
    no bars of which they can be made."""

    def __init__(self, symbol: str, width_ns: int, back: str, now_ns: int) -> None:
        fitting = [one for one in SIZES if not width_ns % (one * NS_PER_S)]
        if not fitting:
            raise ValueError(
                f"bars of {width_ns / NS_PER_S:g} s have no history, for that is made of bars of"
                " whole seconds; leave history out, or ask for bars of whole seconds"
            )
        if duration_s(back) is None:
            raise ValueError(f"history is {back!r:.40}, must be such as 3600 S, 2 D or 1 W")
        self.held: list[Trade] = []
        self._symbol, self._width_ns, self._back = symbol, width_ns, back
        self._base_s = max(fitting)
        self._rows: dict[int, HistoryBar] = {}
        self._begun_ns = self._asked_ns = now_ns
        self._questions = 0
        checked(self._query(back), "-")

    def hold(self, trade: Trade) -> bool:
        """Keep a trade for later, unless it is older than any question; whether there was room."""
        if trade.ts_ns > self._begun_ns:
            self.held.append(trade)
        return len(self.held) <= HELD_MAX

    def question(self, now_ns: int) -> HistoryQuery:
        """What is to be asked now: all of it, or what has passed since it was asked."""
        self._questions += 1
        if self._questions == 1:
            self._asked_ns = now_ns
            return self._query(self._back)
        passed_s = (now_ns - self._asked_ns) // NS_PER_S
        return self._query(duration_of(passed_s + 2 * self._base_s))

    def take(self, answer: Answer) -> bool:
        """Take an answer; whether all is known now."""
        self._rows |= {row.ts_ns: row for row in answer.rows}
        return not answer.in_parts or self._questions > AGAIN_MAX

    def bars(self) -> list[Bar]:
        """The fine bars, oldest first, without those of a bar whose beginning is cut off."""
        rows = [self._bar(self._rows[ts_ns]) for ts_ns in sorted(self._rows)]
        if not rows:
            return rows
        whole_ns = rows[0].start_ns
        if self._is_cut(whole_ns):
            whole_ns += -whole_ns % self._width_ns
        return [row for row in rows if row.start_ns >= whole_ns]

    def _query(self, back: str) -> HistoryQuery:
        return HistoryQuery("-", self._symbol, SIZES[self._base_s], back, timeout_ms=TIMEOUT_MS)

    def _is_cut(self, first_ns: int) -> bool:
        """Whether history begins there because no more was asked for: otherwise it is where the
        market opened, or where all that is known begins."""
        seconds = duration_s(self._back) or 0
        return abs(self._asked_ns - seconds * NS_PER_S - first_ns) <= self._base_s * NS_PER_S

    def _bar(self, row: HistoryBar) -> Bar:
        end_ns = row.ts_ns + self._base_s * NS_PER_S
        return Bar(
            self._symbol, end_ns, row.ts_ns, row.open, row.high, row.low, row.close,
            row.volume or 0.0, row.count or 0, row.average,
        )  # fmt: skip
