"""Subscriptions: who reads which symbol, so that a line is open while it is needed.

Readers are counted by what XPUB reports: each subscription to a topic of a symbol, and the end of
each, be it that its process has died. What the gateway needs itself (prices of what is held, or may
come to be) counts as a reader too. A line that nobody needs stays open for a while: a strategy that
is restarted must find it open, with the newest values of its symbol.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator


class Subscriptions:
    """The symbols that somebody needs. `own` are those that the gateway needs itself; `beside` is
    what has to be read with a symbol, as what an option is on; "" if nothing. Times are monotonic.
    """

    def __init__(
        self,
        linger_ns: int,
        own: Callable[[], Iterable[str]] = tuple,
        beside: Callable[[str], str] = lambda _symbol: "",
    ) -> None:
        self._linger_ns = linger_ns
        self._own = own
        self._beside = beside
        self._topics: dict[str, Counter[str]] = {}  # by symbol: how many read each of its topics
        self._asked: dict[str, int] = {}  # until when somebody needs a symbol that asked once
        self._needed_ns: dict[str, int] = {}  # what is open: when it was needed last

    def __repr__(self) -> str:
        return f"<Subscriptions to {', '.join(self._needed_ns) or 'nothing'}>"

    def joined(self, symbol: str, topic: str) -> None:
        """One more reader of a topic of `symbol`."""
        self._topics.setdefault(symbol, Counter())[topic] += 1

    def left(self, symbol: str, topic: str) -> None:
        """A reader of a topic has left."""
        topics = self._topics.get(symbol)
        if topics is None:
            return
        topics[topic] -= 1
        if topics[topic] <= 0:
            del topics[topic]
        if not topics:
            del self._topics[symbol]

    def ask(self, symbol: str, now_ns: int, for_ns: int) -> None:
        """Somebody needs `symbol` for a while, without a subscription."""
        self._asked[symbol] = now_ns + for_ns

    def readers(self, symbol: str) -> int:
        """How many read a symbol: as many as read the topic that most of them read."""
        return max(self._topics.get(symbol, {}).values(), default=0)

    @property
    def open(self) -> Iterable[str]:
        """The symbols whose lines are open, or should be."""
        return self._needed_ns.keys()

    def look(self, now_ns: int) -> Iterator[tuple[str, bool]]:
        """Lines to open (True) or to close (False) now; what it yields counts as done."""
        needed = self._needed(now_ns)
        for symbol in needed:
            if symbol not in self._needed_ns:
                yield symbol, True
            self._needed_ns[symbol] = now_ns
        for symbol, last_ns in list(self._needed_ns.items()):
            if symbol not in needed and now_ns - last_ns >= self._linger_ns:
                del self._needed_ns[symbol]
                yield symbol, False

    def _needed(self, now_ns: int) -> list[str]:
        self._asked = {symbol: ns for symbol, ns in self._asked.items() if now_ns < ns}
        found = dict.fromkeys([*self._topics, *self._own(), *self._asked])
        beside = [self._beside(symbol) for symbol in found]
        return list(dict.fromkeys([*found, *filter(None, beside)]))
