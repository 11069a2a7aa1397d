"""A stretch: ticks of a file handed to strategies one after the other, while they do nothing."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from tapewire.common import roles
from tapewire.common.clock import Now
from tapewire.strategy.runner import Runner
from tapewire.strategy.service import StrategyService
from tapewire.virtual.lane.flow import Flow, Places
from tapewire.virtual.network import HOP_NS
from tapewire.virtual.world import World

BLOCK_FIRST: Final = 256
BLOCK: Final = 4_096
"""Ticks that are made at once: few at first, as the strategy may soon do something."""
FLIGHT_NS: Final = 1_000_000
"""Longer than a row, or a heartbeat, is on its way to whoever takes it in last."""
ARRIVAL_NS: Final = 2 * HOP_NS
"""From the market to a strategy."""


class Given(NamedTuple):
    """How far strategies were given ticks: up to the one at place `ticks`, not included. At
    `cause_ns` came the row that made one of them act, or something of one is due; None: neither.
    `acted`: the one that did something though no tick had come, and has a turn for it then."""

    cause_ns: int | None
    ticks: int
    acted: StrategyService | None = None


class Stop(NamedTuple):
    """Where a stretch ends: at the tick at which a strategy did something, or before one because
    something else is due then, or because `acted` did something."""

    place: int
    due_ns: int | None
    acted: StrategyService | None = None


class Reader:
    """A strategy, and the places of its ticks. `last` is how far it was given them."""

    def __init__(self, flow: Flow, service: StrategyService) -> None:
        self.service = service
        self.runner: Runner = service.runner
        self._flow = flow
        wanted = np.array([name in service.readers for name in flow.symbols])
        is_all = bool(wanted.all())
        ticks = flow.ticks.symbol
        self.places = np.arange(len(ticks)) if is_all else np.flatnonzero(wanted[ticks])
        self._heard = {(True, True): self.places}  # by the kinds of ticks that it does not ignore

    def between(self, start: int, stop: int) -> Places:
        """Its ticks at these places."""
        return _between(self.places, start, stop)

    def heard(self, start: int, stop: int) -> Places:
        """Those of them that the strategy has a callback for."""
        wants = self.runner.wants
        places = self._heard.get(wants)
        if places is None:
            is_trade = self._flow.ticks.is_trade[self.places]
            places = self._heard[wants] = self.places[np.where(is_trade, wants[1], wants[0])]
        return _between(places, start, stop)

    def count(self) -> tuple[int, int]:
        """What changes when the strategy does something, or raises."""
        return self.runner.context.acts, self.runner.failures


def _blocks(start: int, stop: int) -> Iterator[tuple[int, int]]:
    size = BLOCK_FIRST
    while start < stop:
        end = min(start + size, stop)
        yield start, end
        start, size = end, min(2 * size, BLOCK)


def _between(places: Places, start: int, stop: int) -> Places:
    first, last = np.searchsorted(places, (start, stop))
    return places[first:last]


class Stretch:
    """The strategies of a world, on a flow."""

    def __init__(self, flow: Flow, world: World) -> None:
        self._flow = flow
        services = (world.service(name) for name in world.strategies)
        self._strategies = [one for one in services if isinstance(one, StrategyService)]
        self._readers = [Reader(flow, one) for one in self._strategies]
        self._epoch = world.nodes[roles.GATEWAY].epoch
        self._by_symbol = {
            symbol: [one.runner for one in self._strategies if symbol in one.readers]
            for symbol in flow.symbols
        }

    def deliver(self, start: int, stop: int, end_ns: int, look: Callable[[int], None]) -> Given:
        """Give the ticks of the rows from `start` on and before `stop`, until a strategy does
        something, and then the rest of its turn; or until something of one is due that takes a
        turn. The row at `stop` comes no earlier than `FLIGHT_NS` before `end_ns`."""
        first, last = (int(self._flow.first_tick[row]) for row in (start, stop))
        give = self._alone if len(self._readers) == 1 else self._together
        at = give(first, last, look) or self._pass_time(last, end_ns - FLIGHT_NS)
        if at is None:
            return Given(self._due_ns(Now(end_ns, end_ns)), last)
        if at.due_ns is not None:
            return Given(at.due_ns, self._given_before(at.due_ns, at.place), at.acted)
        times = self._flow.table.ts_ns
        row_ns = int(times[self._flow.ticks.row[at.place]])
        end = int(self._flow.first_tick[np.searchsorted(times, row_ns, side="right")])
        for reader in self._readers:
            self._give(reader, reader.between(at.place + 1, end))
        return Given(row_ns, end)

    def _given_before(self, due_ns: int, place: int) -> int:
        """How far strategies were given ticks when something is due that comes before the one at
        `place`. The ticks between the two are those that a strategy has no callback for."""
        row = np.searchsorted(self._flow.table.ts_ns, due_ns - ARRIVAL_NS)
        return min(place, int(self._flow.first_tick[row]))

    def hold(self, first: int, given: int) -> None:
        """The rows of the ticks from place `first` on go through the world: those before `given`
        are not to reach the strategies again."""
        for reader in self._readers:
            reader.runner.ahead = len(reader.between(first, given))

    def _alone(self, first: int, last: int, look: Callable[[int], None]) -> Stop | None:
        """One strategy; where it did something, or something is due before a tick."""
        reader = self._readers[0]
        places, before = reader.heard(first, last), reader.count()
        for begin, end in _blocks(0, len(places)):
            block = places[begin:end]
            look(int(self._flow.ticks.row[block[0]]))
            ticks, moments = self._flow.made(block), self._moments(block)
            given = reader.runner.deliver(ticks, moments, self._namer(block))
            while reader.count() == before and given < len(block):
                place = self._first_of_moment(int(block[given]))
                if (stop := self._pass_time(place, moments[given].mono_ns)) is not None:
                    return stop
                if (due_ns := reader.runner.due_ns(moments[given])) == moments[given].mono_ns:
                    return Stop(place, due_ns)
                rest = slice(given, None)
                namer = self._namer(block[rest])
                given += reader.runner.deliver(ticks[rest], moments[rest], namer)
            if reader.count() != before:
                return Stop(int(block[given - 1]), None)
        return None

    def _first_of_moment(self, place: int) -> int:
        """The first tick at the time of the one at `place`: where that is not given yet, none of
        them is, heard or not."""
        times = self._flow.table.ts_ns
        row = np.searchsorted(times, times[self._flow.ticks.row[place]])
        return int(self._flow.first_tick[row])

    def _together(self, first: int, last: int, look: Callable[[int], None]) -> Stop | None:
        """Several strategies, tick by tick: none of them may be further than the others."""
        before = [reader.count() for reader in self._readers]
        for begin, end in _blocks(first, last):
            block = np.arange(begin, end)
            look(int(self._flow.ticks.row[begin]))
            ticks, moments = self._flow.made(block), self._moments(block)
            for place, tick, moment in zip(block.tolist(), ticks, moments, strict=True):
                if self._due_ns(moment) is not None:
                    if (stop := self._pass_time(place, moment.mono_ns)) is not None:
                        return stop
                    if self._due_ns(moment) is not None:  # with the tick
                        return Stop(place, moment.mono_ns)
                for runner in self._by_symbol.get(tick.symbol, ()):
                    runner.deliver([tick], (moment,), self._namer([place]))
                if [reader.count() for reader in self._readers] != before:
                    return Stop(place, None)
        return None

    def _pass_time(self, place: int, end_ns: int) -> Stop | None:
        """Have strategies do what is due before `end_ns`, each thing at its time, until one does
        something that others have to act on. What several have to do at one time takes turns."""
        while (due_ns := self._due_ns(Now(end_ns - 1, end_ns - 1))) is not None:
            now = Now(due_ns, due_ns)
            due = [one for one in self._readers if one.runner.due_ns(now) == due_ns]
            if len(due) != 1:
                return Stop(place, due_ns)
            before = due[0].count()
            due[0].runner.tick(now)
            if due[0].count() != before:
                return Stop(place, due_ns, due[0].service)
        return None

    def _due_ns(self, moment: Now) -> int | None:
        """What is due at this moment or before, of the strategies."""
        due = (reader.runner.due_ns(moment) for reader in self._readers)
        first = min((one for one in due if one is not None), default=None)
        return first if first is not None and first <= moment.mono_ns else None

    def _namer(self, places: Sequence[int] | Places) -> Callable[[int], str]:
        """Gives the name of the tick at one of the places, as its message would."""

        def name(index: int) -> str:
            symbol, number, place = self._flow.message(int(places[index]))
            return f"{roles.GATEWAY}/{self._epoch}/tick.{symbol}/{number}/{place}"

        return name

    def _give(self, reader: Reader, places: Places) -> None:
        """The rest of a turn, whatever the strategy does meanwhile."""
        for place in places.tolist():
            block = np.array([place])
            ticks, moments = self._flow.made(block), self._moments(block)
            reader.runner.deliver(ticks, moments, self._namer([place]))

    def _moments(self, places: Places) -> list[Now]:
        times = (self._flow.table.ts_ns[self._flow.ticks.row[places]] + ARRIVAL_NS).tolist()
        return list(map(Now, times, times))
