"""Liveness of market data: a line that is silent while its market is open is asked for again.

After a data farm was away (2103, 2104), or another session had the data (10197), everything looks
well and no tick ever comes. So silence is measured per symbol, and asking again is the only way to
tell a dead subscription from a quiet instrument: TWS answers a new one with the present values.

    no tick for `silent_after`  ->  asked again, and the next time after twice as long: up to five
                                    minutes if no answer comes, up to an hour if one does
    a tick that answers         ->  the line works; what it has shown of the market is unknown
    a tick by itself            ->  patience halves with each stretch of `silent_after` that has one

So a line of a busy instrument is asked for again soon, whenever it dies, and one of an option that
trades twice a day costs TWS a request per hour. A silence is reported once, with all that fall
silent at a time in one event; an instrument that is known to be quiet is not reported again. With
the opening of its market, and with each connection, all that is known of a line's pace is dropped:
what was quiet before may be busy now.

Hours are the broker's. Where it has given none, or only past ones, the market counts as closed
unless `assume_open` says otherwise: an alarm each night would be worse than none.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from tapewire.common.clock import Now
from tapewire.common.events import InstrumentDescribed, OpenHours

NS: Final = 1_000_000_000
CHECK_NS: Final = NS
ANSWER_NS: Final = 5_000_000_000
"""Ticks that come within this time of a request are its answer."""
DOUBT_NS: Final = 3_000_000_000
"""How long a line in doubt may be silent before it is asked for again."""
DOUBT_EVERY_NS: Final = 30_000_000_000
"""A farm that comes and goes puts every line in doubt once in this time."""
QUIET_MAX_NS: Final = 3_600_000_000_000
UNANSWERED_MAX_NS: Final = 300_000_000_000

Described = Callable[[str], InstrumentDescribed | None]
Session = tuple[bool, bool]
"""Whether an instrument trades now, and whether these are its regular hours."""


class Watch:
    """What is known of one line."""

    __slots__ = (
        "asked_ns", "heard_ns", "is_refused", "is_reported", "paced_ns", "patience_ns", "session",
    )  # fmt: skip

    def __init__(self, now_ns: int, patience_ns: int) -> None:
        self.session: Session | None = None
        self.is_refused = False
        self.begin(now_ns, patience_ns)

    def begin(self, now_ns: int, patience_ns: int) -> None:
        """Nothing is known of its pace; it was asked for now."""
        self.asked_ns = self.heard_ns = self.paced_ns = now_ns
        self.patience_ns = patience_ns
        self.is_reported = False

    @property
    def due_ns(self) -> int:
        """When it is to be asked for again, without a tick."""
        return max(self.asked_ns, self.heard_ns) + self.patience_ns

    def ask(self, now_ns: int) -> None:
        """It is asked for again."""
        most_ns = QUIET_MAX_NS if self.heard_ns > self.asked_ns else UNANSWERED_MAX_NS
        self.asked_ns, self.patience_ns = now_ns, min(2 * self.patience_ns, most_ns)


class Silence(NamedTuple):
    """Lines to ask for again; those of them that are news, and why."""

    ask: list[str]
    news: list[str]
    reason: str


class Liveness:
    """All lines of one login. `silent_after_ns` 0 watches none. Times are monotonic, but for the
    hours of a market."""

    def __init__(
        self, silent_after_ns: int, described: Described, *, assume_open: bool = False
    ) -> None:
        self._base_ns = silent_after_ns
        self._described = described
        self._assume_open = assume_open
        self._watches: dict[str, Watch] = {}
        self._next_ns = 0
        self._is_connected = False
        self._back: list[str] = []  # what ticks again, to be reported
        self._doubt = ""  # why every line may be dead
        self._doubt_ns: int | None = None
        self._next_doubt = ""  # one that came too soon after the last

    def __repr__(self) -> str:
        return f"<Liveness of {len(self._watches)} lines, silent: {', '.join(self.silent)}>"

    @property
    def silent(self) -> list[str]:
        """Symbols whose silence was reported and has not ended."""
        return [symbol for symbol, watch in self._watches.items() if watch.is_reported]

    def opened(self, symbol: str, now_ns: int) -> None:
        """The line of `symbol` was asked for."""
        self._watches[symbol] = Watch(now_ns, self._base_ns)

    def closed(self, symbol: str) -> None:
        """Nobody reads `symbol` any more."""
        self._watches.pop(symbol, None)

    def refused(self, symbol: str) -> None:
        """The broker gives no data of `symbol`: that is reported, and no silence beside it."""
        if symbol in self._watches:
            self._watches[symbol].is_refused = True

    def doubt(self, reason: str, now_ns: int) -> None:
        """Every line may be dead: each that does not tick soon is asked for again."""
        if self._doubt_ns is not None and now_ns - self._doubt_ns < DOUBT_EVERY_NS:
            self._next_doubt = reason
            return
        self._doubt, self._doubt_ns, self._next_doubt = reason, now_ns, ""
        for watch in self._watches.values():
            watch.asked_ns = watch.heard_ns = now_ns + DOUBT_NS - self._base_ns
            watch.patience_ns = self._base_ns

    def ticked(self, symbols: Iterable[str], now_ns: int) -> None:
        """These have had ticks since the last time."""
        for symbol in symbols:
            watch = self._watches.get(symbol)
            if watch is None:
                continue
            watch.heard_ns = max(watch.heard_ns, now_ns)
            if watch.is_reported or watch.is_refused:
                watch.is_reported = watch.is_refused = False
                self._back.append(symbol)
            is_answer = now_ns - watch.asked_ns < ANSWER_NS
            if not is_answer and now_ns - watch.paced_ns >= self._base_ns:
                watch.paced_ns = now_ns
                watch.patience_ns = max(self._base_ns, watch.patience_ns // 2)

    def take_back(self) -> list[str]:
        """What ticks again since the last call."""
        taken, self._back = self._back, []
        return taken

    def tick(self, now: Now, *, connected: bool) -> Silence | None:
        """What is silent now; None where it was not looked for."""
        if not self._base_ns or now.mono_ns < self._next_ns:
            return None
        self._next_ns = now.mono_ns + CHECK_NS
        begins, self._is_connected = connected and not self._is_connected, connected
        if begins:
            for watch in self._watches.values():
                watch.begin(now.mono_ns, self._base_ns)
        if not connected:
            return None
        if self._next_doubt:
            self.doubt(self._next_doubt, now.mono_ns)
        found = Silence([], [], self._reason(now.mono_ns))
        for symbol, watch in self._due(now):
            if not watch.is_refused and watch.patience_ns <= self._base_ns:
                watch.is_reported = True
                found.news.append(symbol)
            watch.ask(now.mono_ns)
            found.ask.append(symbol)
        return found

    def _reason(self, now_ns: int) -> str:
        if self._doubt_ns is not None and now_ns - self._doubt_ns <= DOUBT_NS + CHECK_NS:
            return self._doubt
        return f"no tick for {self._base_ns / NS:g} s"

    def _due(self, now: Now) -> Iterator[tuple[str, Watch]]:
        for symbol, watch in self._watches.items():
            session = self._session(symbol, now.wall_ns)
            if session != watch.session:
                is_first, watch.session = watch.session is None, session
                if not is_first:
                    watch.begin(now.mono_ns, self._base_ns)
            if session[0] and now.mono_ns >= watch.due_ns:
                yield symbol, watch

    def _session(self, symbol: str, wall_ns: int) -> Session:
        described = self._described(symbol)
        if described is None:
            return self._assume_open, False
        trading = described.trading_hours or described.liquid_hours
        if not trading or wall_ns >= max(one.closes_ns for one in trading):
            return self._assume_open, False
        return _is_in(trading, wall_ns), _is_in(described.liquid_hours, wall_ns)


def _is_in(hours: Iterable[OpenHours], wall_ns: int) -> bool:
    return any(one.opens_ns <= wall_ns < one.closes_ns for one in hours)
