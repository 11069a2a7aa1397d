"""ibapi's callbacks about queries: bars and ticks of the past, options, contracts.

A number that no price or size can be, or words that nobody could read, cost their message, which is
then unreadable: the query ends with its time-out.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from tapewire.common.events.queries import HistoryBar, HistoryTick
from tapewire.gateway.tws import messages as tws
from tapewire.gateway.tws import query_messages as answers
from tapewire.gateway.tws.checked import moment_ns, price, size, words

DATE_LENGTH: Final = 8  # a date is YYYYMMDD; seconds since 1970 have more digits since 1973


class QueryCallbacks:
    """A part of the translator; `_messages` has what was read from one payload."""

    _messages: list[tws.TwsMessage]
    _bars: tuple[int, list[HistoryBar]] = (-1, [])

    def historicalData(self, reqId: int, bar: Any) -> None:  # noqa: N802, N803
        """17, once per bar of one message."""
        if self._bars[0] != reqId:
            self._bars = reqId, []
        self._bars[1].append(
            HistoryBar(
                _start_ns(str(bar.date)),
                price(bar.open),
                price(bar.high),
                price(bar.low),
                price(bar.close),
                size(bar.volume),
                _known(bar.average),
                _count(bar.barCount),
            )
        )

    def forget_bars(self) -> None:
        """Their message cannot be read to its end."""
        self._bars = -1, []

    def historicalDataEnd(self, reqId: int, _start: str, _end: str) -> None:  # noqa: N802, N803
        """17, behind its bars."""
        request_id, bars = self._bars
        self.forget_bars()
        found = tuple(bars) if request_id == reqId else ()
        self._messages.append(answers.BarsFound(reqId, found))

    def historicalTicks(self, reqId: int, ticks: Iterable[Any], done: bool) -> None:  # noqa: N802, N803
        """96: midpoints."""
        rows = (HistoryTick(moment_ns(t.time), price(t.price)) for t in ticks)
        self._messages.append(answers.TicksFound(reqId, tuple(rows), bool(done)))

    def historicalTicksLast(self, reqId: int, ticks: Iterable[Any], done: bool) -> None:  # noqa: N802, N803
        """98: trades."""
        rows = (HistoryTick(moment_ns(t.time), price(t.price), size(t.size)) for t in ticks)
        self._messages.append(answers.TicksFound(reqId, tuple(rows), bool(done)))

    def historicalTicksBidAsk(self, reqId: int, ticks: Iterable[Any], done: bool) -> None:  # noqa: N802, N803
        """97: quotes."""
        rows = (
            HistoryTick(
                moment_ns(t.time), None, None, price(t.priceBid), price(t.priceAsk),
                size(t.sizeBid), size(t.sizeAsk),
            )
            for t in ticks
        )  # fmt: skip
        self._messages.append(answers.TicksFound(reqId, tuple(rows), bool(done)))

    def securityDefinitionOptionParameter(  # noqa: N802
        self,
        reqId: int,  # noqa: N803
        exchange: str,
        _underlying: int,
        tradingClass: str,  # noqa: N803
        multiplier: str,
        expirations: Iterable[str],
        strikes: Iterable[float],
    ) -> None:
        """75, once per exchange and trading class."""
        prices = frozenset(map(price, strikes))
        found = answers.ChainFound(
            reqId, words(exchange), words(tradingClass), words(multiplier),
            frozenset(map(words, expirations)), prices,
        )  # fmt: skip
        self._messages.append(found)

    def securityDefinitionOptionParameterEnd(self, reqId: int) -> None:  # noqa: N802, N803
        """76, behind them."""
        self._messages.append(answers.ChainsEnd(reqId))

    def contractDetailsEnd(self, reqId: int) -> None:  # noqa: N802, N803
        """52, behind the contracts that fit."""
        self._messages.append(tws.ContractsEnd(reqId))


def _known(value: float) -> float | None:
    """An average: TWS writes -1 where there were no trades."""
    return None if value == -1 else price(value)


def _count(value: int) -> int | None:
    return None if value == -1 else int(value)


def _start_ns(date: str) -> int:
    """When a bar begins: TWS writes seconds since 1970, and a date for bars of a day and more."""
    if len(date) != DATE_LENGTH:
        return moment_ns(int(date))
    return moment_ns(int(datetime.strptime(date, "%Y%m%d").replace(tzinfo=UTC).timestamp()))
