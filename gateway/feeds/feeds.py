"""The gateway's feeds: lines opened and closed as they are needed, watched, and reported on.

What is read comes from `subscriptions`, what is silent from `liveness`, what the broker says of a
line from the adapter. This class puts the three together, twice per second, and makes events of
what a person has to know. None of them is state that a restart needs: a new process opens its lines
again, and looks at them again.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, Final, NamedTuple

import msgspec

from tapewire.common.clock import Now
from tapewire.common.events import (
    TEXT_MAX,
    Event,
    FeedDelayed,
    FeedReduced,
    FeedRefused,
    FeedResumed,
    FeedSilent,
    HaltKind,
    InstrumentHalted,
)
from tapewire.gateway.feeds.liveness import Described, Liveness
from tapewire.gateway.feeds.subscriptions import Subscriptions
from tapewire.gateway.market_feed import FeedNews, MarketFeed

EVERY_NS: Final = 500_000_000
ASKED_FOR_NS: Final = 60_000_000_000
"""How long a line is kept open that somebody needed once, such as for the greeks of an order."""
NS_PER_S: Final = 1_000_000_000


class FeedSettings(NamedTuple):
    """See `[gateway]` and `[risk]` in the configuration."""

    linger_s: float = 10
    silent_after_s: float = 0
    assume_open: bool = False
    delayed_prices: bool = False
    bars: tuple[str, ...] = ()
    depth_rows: int = 10
    depth_max_per_s: int = 10


class Feeds:
    """The market data of one login. `described` gives what the broker says of an instrument, `own`
    what the gateway needs itself, `beside` what has to be read with a symbol. `forget` is called
    when a line was closed."""

    def __init__(
        self,
        broker: MarketFeed,
        settings: FeedSettings,
        described: Described,
        own: Callable[[], Iterable[str]],
        beside: Callable[[str], str],
        forget: Callable[[str], None],
    ) -> None:
        self._broker = broker
        self._forget = forget
        self._subscriptions = Subscriptions(int(settings.linger_s * NS_PER_S), own, beside)
        self._liveness = Liveness(
            int(settings.silent_after_s * NS_PER_S), described, assume_open=settings.assume_open
        )
        self._refused: dict[str, str] = {}  # with the reason
        self._lacking: dict[str, str] = {}  # with what they lack
        self._delayed: set[str] = set()
        self._halts: dict[str, str] = {}  # with their kind
        self._seen_delays: dict[str, bool] = {}  # what the broker has said last, not reported yet
        self._seen_halts: dict[str, str] = {}
        self._next_ns = 0

    def __repr__(self) -> str:
        return f"<Feeds: {self._subscriptions!r}, {self._liveness!r}>"

    # ---- who reads what --------------------------------------------------------------------------

    def joined(self, symbol: str, topic: str, now: Now) -> bool:
        """One more reads a topic of `symbol`: open its line. False if it is not configured."""
        if not self._broker.want(symbol):
            return False
        self._subscriptions.joined(symbol, topic)
        self.look(now)
        return True

    def left(self, symbol: str, topic: str) -> None:
        """A reader has left; the line is closed a while after the last one."""
        self._subscriptions.left(symbol, topic)

    def ask(self, symbol: str, now: Now) -> bool:
        """Somebody needs the prices of `symbol` for a moment, or wants to see them soon. False if
        it is not configured."""
        if not self._broker.want(symbol):
            return False
        self._subscriptions.ask(symbol, now.mono_ns, ASKED_FOR_NS)
        self.look(now)
        return True

    def look(self, now: Now) -> None:
        """Open what is needed, and close what has not been needed for a while."""
        for symbol, is_needed in self._subscriptions.look(now.mono_ns):
            if is_needed:
                if self._broker.want(symbol):  # what is held need not be configured
                    self._liveness.opened(symbol, now.mono_ns)
            else:
                self._broker.unwant(symbol)
                self._forget(symbol)
                self._liveness.closed(symbol)
                self._refused.pop(symbol, None)
                self._lacking.pop(symbol, None)
                self._delayed.discard(symbol)
                self._halts.pop(symbol, None)

    # ---- what comes ------------------------------------------------------------------------------

    def ticked(self, symbols: Iterable[str], now: Now) -> None:
        """These have ticked since the last time."""
        self._liveness.ticked(symbols, now.mono_ns)

    def tick(self, now: Now, *, connected: bool) -> list[Event]:
        """Timed work, and what is to be reported."""
        news = self._broker.take_feed_news()
        events = list(self._events_of(news, now)) if news else []
        if now.mono_ns < self._next_ns:
            return events
        self._next_ns = now.mono_ns + EVERY_NS
        self.look(now)
        events += self._changes(now)
        found = self._liveness.tick(now, connected=connected)
        for symbol in found.ask if found is not None else ():
            self._broker.reopen(symbol)
        if found is not None and found.news:
            events.append(FeedSilent(now.wall_ns, tuple(found.news), found.reason))
        if back := self._liveness.take_back():
            for symbol in back:
                self._refused.pop(symbol, None)
            events.append(FeedResumed(now.wall_ns, tuple(back)))
        return events

    def _events_of(self, news: Iterable[FeedNews], now: Now) -> Iterator[Event]:
        """What the broker says of lines. A reason that is known is not news; whether ticks are
        delayed, and trading halted, is reported as it stands when the time for it has come."""
        for symbol, state, reason in news:
            if state == "doubtful":
                self._liveness.doubt(f"no tick after {reason}", now.mono_ns)
            elif state == "refused":
                self._liveness.refused(symbol)
                if self._refused.get(symbol) != reason:
                    self._refused[symbol] = reason
                    yield FeedRefused(now.wall_ns, symbol, reason[:TEXT_MAX])
            elif state == "reduced":
                if self._lacking.pop(symbol, "") != reason:
                    yield FeedReduced(now.wall_ns, symbol, reason[:TEXT_MAX])
                if reason:
                    self._lacking[symbol] = reason
            elif state == "halted":
                self._seen_halts[symbol] = reason
            else:
                self._seen_delays[symbol] = state == "delayed"

    def _changes(self, now: Now) -> Iterator[Event]:
        """Of what the broker has said since the last time, what differs from what was reported."""
        for symbol, delayed in self._seen_delays.items():
            if delayed != (symbol in self._delayed):
                self._delayed ^= {symbol}
                yield FeedDelayed(now.wall_ns, symbol, delayed)
        for symbol, kind in self._seen_halts.items():
            if kind != self._halts.get(symbol, ""):
                self._halts[symbol] = kind
                yield InstrumentHalted(now.wall_ns, symbol, msgspec.convert(kind, HaltKind))
        self._seen_delays.clear()
        self._seen_halts.clear()

    def __contains__(self, symbol: str) -> bool:
        """Whether the line of `symbol` is open, or wanted."""
        return symbol in self._subscriptions.open

    def status(self) -> dict[str, dict[str, Any]]:
        """Each line that is open or wanted, with how many read it and what is wrong with it."""
        silent = set(self._liveness.silent)
        return {
            symbol: {
                "readers": self._subscriptions.readers(symbol),
                "delayed": symbol in self._delayed,
                "halted": self._halts.get(symbol, ""),
                "problem": self._problem(symbol, silent),
            }
            for symbol in self._subscriptions.open
        }

    def _problem(self, symbol: str, silent: Collection[str]) -> str:
        if symbol in silent and symbol not in self._refused:
            return "silent"
        return self._refused.get(symbol, self._lacking.get(symbol, ""))
