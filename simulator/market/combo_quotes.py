"""Market data of combos: a net quote, made of what the legs are quoted at.

To buy a combo costs what its legs cost at the quotes that they would trade with, and it is shown
for as many units as every leg is shown for. So the price can be 0 or negative. A combo has no
trades and no market of its own. It is kept as long as somebody is subscribed to it.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from tapewire.common.amounts import text
from tapewire.common.events.base import OPPOSITE, Side
from tapewire.simulator.exchange.combo_contracts import combo_of, legs_of
from tapewire.simulator.exchange.combos import Shown, net
from tapewire.simulator.exchange.contracts import ContractQuery, Contracts
from tapewire.simulator.exchange.orders import Leg
from tapewire.simulator.market.lines import Topic
from tapewire.simulator.market.screen import price_of_side

EMPTY = ("-1", "0")
"""The price and the size of a side on which a leg shows nothing, as TWS writes them."""
_SIDES: dict[Side, int] = {"SELL": 0, "BUY": 1}
"""The place of the quote's side that an order trades with: a sale with the bid."""


class ComboTopic(Topic):
    """A combo that somebody is subscribed to. `on` are the topics of its legs, in their order."""

    def __init__(self, query: ContractQuery, legs: tuple[Leg, ...], on: list[Topic]) -> None:
        super().__init__(combo_of(query, legs))
        self.on = on
        self._legs = legs
        for side, (price, size) in self.quotes():
            self.price[side], self.size[side] = price, size

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols of its legs."""
        return tuple(leg.instrument.symbol for leg in self._legs)

    def quotes(self) -> Iterator[tuple[int, tuple[str, str]]]:
        """Each side of the quote with its price and size; none that never was anything."""
        for way, side in _SIDES.items():
            found = self._quote(way)
            if found is not None or self.price[side] is not None:
                yield side, found or EMPTY

    def _quote(self, way: Side) -> tuple[str, str] | None:
        """What an order on the whole would trade with; None where a leg shows nothing."""
        ways = [leg.side if way == "BUY" else OPPOSITE[leg.side] for leg in self._legs]
        offer = net(
            (own, leg.ratio, _shown(topic, _SIDES[own]))
            for own, leg, topic in zip(ways, self._legs, self.on, strict=True)
        )
        if offer is None or not offer[1]:
            return None
        price, units = offer
        return text(price if way == "BUY" else -price), text(units)


class ComboTopics:
    """The combos that anybody is subscribed to, by the symbols of their legs; `topics` are those of
    all symbols."""

    def __init__(self, contracts: Contracts, topics: Mapping[str, Topic]) -> None:
        self.of_leg: dict[str, list[ComboTopic]] = {}
        self._contracts = contracts
        self._topics = topics
        self._open: dict[tuple[Leg, ...], ComboTopic] = {}

    def topic(self, query: ContractQuery, req_id: int) -> ComboTopic:
        """The combo that a client describes; raises BadRequest where it describes none."""
        self.drop_unread()
        legs = legs_of(self._contracts, query, req_id)
        if legs not in self._open:
            on = [self._topics[leg.instrument.symbol] for leg in legs]
            one = self._open[legs] = ComboTopic(query, legs, on)
            for symbol in one.symbols:
                self.of_leg.setdefault(symbol, []).append(one)
        return self._open[legs]

    def all(self) -> list[ComboTopic]:
        """Every one of them."""
        return [*self._open.values()]

    def drop_unread(self) -> None:
        """Forget those to which nobody is subscribed any more."""
        unread = [(legs, one) for legs, one in self._open.items() if not one.lines]
        for legs, one in unread:
            del self._open[legs]
            for symbol in one.symbols:
                self.of_leg[symbol].remove(one)
                if not self.of_leg[symbol]:
                    del self.of_leg[symbol]


def _shown(topic: Topic, side: int) -> Shown:
    """What a leg is quoted at on one side."""
    price, size = topic.price[side], topic.size[side]
    if price is None or size is None or price_of_side(price, size) is None:
        return None
    return Decimal(price), Decimal(size)
