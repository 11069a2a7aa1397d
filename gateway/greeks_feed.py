"""The gateway's market stream of greeks: TWS's and those computed here, twice per second.

Ticks do not wait for it: an option's tick leaves at once, and what its greeks are by then follows.
"""

from collections.abc import Callable, Iterator
from typing import Final

from tapewire.common.bus.greeks import GreeksPublisher
from tapewire.common.clock import Now
from tapewire.common.events import Greeks, Tick
from tapewire.gateway.broker import Broker
from tapewire.gateway.greeks import OptionGreeks

EVERY_NS: Final = 500_000_000


class GreeksFeed:
    """What is to be published of the options of one login. `need` opens the lines that an option's
    greeks are made from."""

    def __init__(
        self,
        options: OptionGreeks | None,
        broker: Broker,
        publisher: GreeksPublisher,
        newest: Callable[[str], Tick | None],
        need: Callable[[str], object],
    ) -> None:
        self._options = options if options is not None else OptionGreeks(())
        self._broker = broker
        self._publisher = publisher
        self._newest = newest
        self._need = need
        self._moved: set[str] = set()  # symbols with ticks since the last time
        self._next_ns = 0
        self.has_options = bool(self._options)
        self.published: dict[str, int] = {}  # how many greeks, by their source
        self._complained = False

    def ticked(self, symbol: str) -> None:
        """A symbol has new prices."""
        self._moved.add(symbol)

    def due(self, now: Now) -> Iterator[list[bytes]]:
        """The frames of what TWS has sent, and of what is computed where it has not."""
        if now.mono_ns < self._next_ns:
            return
        self._next_ns = now.mono_ns + EVERY_NS
        sent = self._broker.take_greeks()
        self._options.sent(sent, now)
        moved, self._moved = self._moved, set()
        greeks = [*sent, *self._options.due(sorted(moved), self._newest, now)]
        for one in greeks:
            self.published[one.source] = self.published.get(one.source, 0) + 1
        yield from self._publisher.publish(greeks)

    def take_complaint(self) -> str:
        """Why greeks that are needed are missing; "" if nothing is new."""
        if self._complained or not self._options.complaint:
            return ""
        self._complained = True
        return self._options.complaint

    def last(self, symbol: str) -> Iterator[list[bytes]]:
        """The frames for a joiner; "" joins all of them."""
        return self._publisher.last(symbol)

    def newest(self, symbol: str) -> Greeks | None:
        """An option's newest greeks; of one that nobody has read yet they come soon after this."""
        found = self._publisher.newest(symbol)
        if found is None and self._options.underlying(symbol):
            self._need(symbol)
        return found

    def forget(self, symbol: str) -> None:
        """The line of an option is closed."""
        self._publisher.forget(symbol)
