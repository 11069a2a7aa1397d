"""What costs the broker a subscription apart from ticks: books, on `depth.SYMBOL`, and the broker's
own bars of five seconds, on `bar5.SYMBOL`.

Readers are counted as those of ticks are, and a subscription ends a while after its last one. A
book is published whole and at most so many times per second. Changes alone would be of no use to
a reader that has lost one, or that joins late: it could not go on without asking for the book
again, which the broker allows only now and then. A whole one of ten levels is some 500 bytes.
"""

from collections.abc import Iterable, Iterator
from typing import Final, cast

from tapewire.common.bus.sequenced import Sequenced
from tapewire.common.clock import Now
from tapewire.common.events import TEXT_MAX, Bar, Depth
from tapewire.gateway.feeds.book import Book
from tapewire.gateway.feeds.subscriptions import Subscriptions
from tapewire.gateway.market_feed import BookChange, Extra, MarketFeed

KINDS: Final[tuple[Extra, ...]] = ("depth", "bar5")
LOOK_NS: Final = 500_000_000
AGAIN_NS: Final = 1_000_000_000
AGAIN_MAX_NS: Final = 60_000_000_000
"""How long a book that broke is left alone: twice as long each time, up to this."""


class Shown:
    """A book that is read: what is known of it, and what was published."""

    __slots__ = ("again_ns", "book", "changed_ns", "due_ns", "newest", "sound_ns", "wait_ns")

    def __init__(self) -> None:
        self.book = Book()
        self.newest: Depth | None = None
        self.changed_ns: int | None = None  # when it was read, if it is to be published
        self.due_ns = 0  # when the next one may be
        self.again_ns: int | None = None  # when to ask for it again
        self.wait_ns = AGAIN_NS
        self.sound_ns = 0  # if it breaks before this, it was asked for again just now

    def breaks(self, now_ns: int) -> None:
        """It makes no sense, and is asked for again after a while."""
        if now_ns >= self.sound_ns:
            self.wait_ns = AGAIN_NS
        self.again_ns = now_ns + self.wait_ns
        self.wait_ns = min(2 * self.wait_ns, AGAIN_MAX_NS)
        self.sound_ns = self.again_ns + 2 * AGAIN_MAX_NS


class Extras:
    """All of one gateway. Times are monotonic, but for those in events."""

    def __init__(
        self, broker: MarketFeed, topics: Sequenced, linger_ns: int, depth_max_per_s: int, rows: int
    ) -> None:
        self._broker = broker
        self._topics = topics
        self._subscriptions = Subscriptions(linger_ns)  # by topic
        self._every_ns = 1_000_000_000 // depth_max_per_s
        self._rows = rows
        self._books: dict[str, Shown] = {}  # by symbol
        self._broken: list[str] = []
        self._next_ns = 0

    def joined(self, topic: str, now: Now) -> bool:
        """One more reader of a topic; False if the broker has nothing of the kind."""
        extra, symbol = _parts(topic)
        if not self._broker.want_extra(symbol, extra):
            return False
        self._subscriptions.joined(topic, topic)
        if extra == "depth":
            self._books.setdefault(symbol, Shown())
        self._look(now)
        return True

    def left(self, topic: str) -> None:
        """A reader of a topic has left."""
        self._subscriptions.left(topic, topic)

    def last(self, topic: str) -> Iterator[list[bytes]]:
        """The frames of a book as it was published last, for a joiner. Of bars nothing is repeated,
        since whoever reads them may add them up."""
        extra, symbol = _parts(topic)
        shown = self._books.get(symbol)
        if extra == "depth" and shown is not None and shown.newest is not None:
            yield self._topics.again(topic, [shown.newest])

    def came(self, events: Iterable[Bar | BookChange], now: Now) -> Iterator[list[bytes]]:
        """Take in what has come; the frames of bars."""
        for event in events:
            if isinstance(event, Bar):
                yield self._topics.frames(f"bar5.{event.symbol}", [event])
            elif (shown := self._books.get(event.symbol)) is not None:
                self._change(shown, event, now)

    def _change(self, shown: Shown, change: BookChange, now: Now) -> None:
        was_broken = bool(shown.book.fault)
        shown.book.apply([change])
        shown.changed_ns = now.wall_ns
        if shown.book.fault and not was_broken:
            shown.breaks(now.mono_ns)
            self._broken.append(
                f"the book of {change.symbol} is asked for again: {shown.book.fault}"
            )

    def due(self, now: Now) -> Iterator[list[bytes]]:
        """The frames of books that are due; opens, closes and asks again."""
        for symbol, shown in self._books.items():
            if shown.changed_ns is not None and now.mono_ns >= shown.due_ns:
                yield self._publish(symbol, shown, shown.changed_ns, now)
            if shown.again_ns is not None and now.mono_ns >= shown.again_ns:
                shown.again_ns = None
                self._broker.reopen_extra(symbol, "depth")
        if now.mono_ns >= self._next_ns:
            self._next_ns = now.mono_ns + LOOK_NS
            self._look(now)

    def _publish(self, symbol: str, shown: Shown, changed_ns: int, now: Now) -> list[bytes]:
        book = shown.book
        shown.changed_ns, shown.due_ns = None, now.mono_ns + self._every_ns
        shown.newest = Depth(
            symbol, changed_ns, tuple(book.bids[: self._rows]), tuple(book.asks[: self._rows]),
            book.fault[:TEXT_MAX],
        )  # fmt: skip
        return self._topics.frames(f"depth.{symbol}", [shown.newest])

    def _look(self, now: Now) -> None:
        for topic, is_needed in self._subscriptions.look(now.mono_ns):
            extra, symbol = _parts(topic)
            if is_needed:
                self._broker.want_extra(symbol, extra)
                continue
            self._broker.unwant_extra(symbol, extra)
            if extra == "depth":
                self._books.pop(symbol, None)

    def take_complaints(self) -> list[str]:
        """Which books broke since the last call, in sentences."""
        taken, self._broken = self._broken, []
        return taken


def _parts(topic: str) -> tuple[Extra, str]:
    extra, _, symbol = topic.partition(".")
    return cast("Extra", extra), symbol
