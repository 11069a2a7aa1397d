"""Bars of the past, which ProjectX gives apart from its other answers, within a limit of their own.

It has bars of trades alone, at all hours, and nothing else that a query could ask for: everything
else is refused with a sentence.
"""

from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Final

from tapewire.common.clock import Now
from tapewire.common.events.queries import HistoryBar, HistoryQuery
from tapewire.common.history_words import duration_s, size_s
from tapewire.gateway.at_most import AtMost
from tapewire.gateway.broker import BrokerEvent
from tapewire.gateway.projectx.asked import Answer, Asked
from tapewire.gateway.projectx.words import Json
from tapewire.gateway.query_port import BrokerQuery, Found, OpenQueries, Refused

PATH: Final = "/History/retrieveBars"
NS: Final = 1_000_000_000
BARS_MAX: Final = 20_000
ASKED_MAX, WITHIN_S = 45, 30
"""Of the Gateway's 50 in 30 seconds: some are left for a gateway that starts again."""
UNITS: Final = {"s": 1, "mi": 2, "h": 3, "d": 4, "w": 5, "mo": 6}
"""The Gateway's number of a unit, by the first letters of TWS's word for it."""
BARS_ALONE: Final = "ProjectX answers queries about bars of the past, and no others"


class ProjectXQueries(OpenQueries):
    """The queries of one login. `send` puts a request in the outbox, behind all that trading needs;
    `contract_of` gives the Gateway's id of a symbol; `is_up` is whether there is a session."""

    def __init__(
        self,
        asked: Asked,
        send: Callable[[bytes], None],
        contract_of: Callable[[str], str],
        is_up: Callable[[], bool],
    ) -> None:
        super().__init__("ProjectX", is_up)
        self._asked, self._send, self._contract_of = asked, send, contract_of
        self._waiting: deque[tuple[int, HistoryQuery, str]] = deque()
        self._pace = AtMost(ASKED_MAX, WITHIN_S * NS)

    def ask(self, number: int, query: BrokerQuery) -> None:
        """See `QueryPort.ask`."""
        if not isinstance(query, HistoryQuery):
            raise ValueError(BARS_ALONE)
        if query.show != "TRADES" or query.regular_hours:
            raise ValueError("ProjectX has bars of trades alone, and at all hours")
        _unit_of(query.bars)
        _reach_s(query)
        self._waiting.append((number, query, self._contract_of(query.symbol)))
        self.opened(number)

    def release(self, now: Now) -> None:
        """Queue what may be asked now."""
        while self._waiting and self._pace.has_room(now.mono_ns):
            number, query, contract_id = self._waiting.popleft()
            if not self.is_open(number):
                continue
            self._pace.happened(now.mono_ns)
            body = bars_asked(query, contract_id, now.wall_ns)
            take = partial(self._take, number, query, contract_id)
            self._send(self._asked.line(PATH, body, take))

    def _take(
        self, number: int, query: HistoryQuery, contract_id: str, answer: Answer
    ) -> Iterator[BrokerEvent]:
        if answer.is_turned_away:
            self._waiting.append((number, query, contract_id))
        elif answer.found is None or answer.refusal:
            self.arrived(Refused(number, answer.code, answer.fault or answer.refusal))
        else:
            bars = [_bar(one) for one in answer.found.get("bars") or ()]
            bars.sort(key=lambda one: one.ts_ns)
            self.arrived(Found(number, (*bars,), last=True))
        yield from ()

    def closed(self) -> None:
        """The connection is gone, and all that was asked on it."""
        self._waiting.clear()
        super().closed()


def bars_asked(query: HistoryQuery, contract_id: str, now_ns: int) -> Json:
    """The body of a question about bars."""
    unit, count = _unit_of(query.bars)
    end_ns = query.end_ns or now_ns
    start_ns = query.start_ns or end_ns - _reach_s(query) * NS
    return {
        "contractId": contract_id,
        "live": False,
        "startTime": _stamp(start_ns),
        "endTime": _stamp(end_ns),
        "unit": unit,
        "unitNumber": count,
        "limit": BARS_MAX,
        "includePartialBar": True,
    }


def _unit_of(bars: str) -> tuple[int, int]:
    """The unit of a bar size, and how many of it; ValueError for what is none."""
    if size_s(bars) is None:
        raise ValueError(f"{bars!r} is not a size of bars; expected one such as 5 mins")
    count, word = bars.split()
    return next(unit for start, unit in UNITS.items() if word.startswith(start)), int(count)


def _reach_s(query: HistoryQuery) -> int:
    if (reach_s := duration_s(query.back)) is None:
        raise ValueError(f"{query.back!r} is not a duration; expected one such as 2 D")
    return reach_s


def _bar(found: Json) -> HistoryBar:
    begins_ns = int(datetime.fromisoformat(found["t"]).timestamp()) * NS
    begun, high, low, close = (float(found[name]) for name in "ohlc")
    return HistoryBar(begins_ns, begun, high, low, close, float(found["v"]))


def _stamp(moment_ns: int) -> str:
    """A moment, up to the next second: what is of the present one counts."""
    return datetime.fromtimestamp(-(-moment_ns // NS), UTC).isoformat()
